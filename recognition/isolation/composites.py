"""Cut-outs laid on clutter: camera-like views of a product that come with their mask.

They teach a foreground head what is product and what is not, and stand in for camera photos of a product that has none.
The background is another product's photo, away from its middle, or a drawing of our own: the method works without a
single camera photo. Colours are moved no further than a shop's light moves them, because colour decides between SKUs.

Source: Dwibedi, Misra, Hebert, "Cut, Paste and Learn", ICCV 2017: varied blending matters more than realism.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from recognition.errors import NotEnoughDataError
from recognition.isolation.clutter import drawn_clutter, occluder_shape, photo_corner
from recognition.isolation.cutout import CutOut

Floats: TypeAlias = NDArray[np.float32]

_BLURRED_SHARE, _NOISY_SHARE, _JPEG_SHARE = 0.4, 0.5, 0.5  # of the views
_LEAST_VISIBLE = 0.4  # of the product: an occluder that leaves less is left out
_MIDDLE = 128.0  # grey level about which contrast turns


@dataclass(frozen=True, slots=True)
class CompositePolicy:
    """How far views differ.

    Attributes:
        side: pixels of a view, which is square: what the encoder sees.
        least_scale: longer side of the product as a share of the view, at least.
        most_scale: the same at most.
        rotation: degrees, standard deviation.
        flips: whether a product may be mirrored; text and left-hand parts forbid it.
        skew: corners move by up to this share of the product, which turns it in perspective.
        shift: of the product's middle, as a share of the view, standard deviation.
        exposure: standard deviation of the logarithm of brightness.
        white_balance: the same of each channel on its own.
        contrast: the same of contrast.
        blur: pixels, standard deviation of the widest blur.
        noise: grey levels, standard deviation of the strongest noise.
        least_quality: of JPEG, 1 to 95.
        occluded: share of the views in which something stands in front of the product.
        drawn: share of the views on a drawn background where there are photos too.
    """

    side: int = 224
    least_scale: float = 0.45
    most_scale: float = 0.95
    rotation: float = 18.0
    flips: bool = False
    skew: float = 0.08
    shift: float = 0.05
    exposure: float = 0.15
    white_balance: float = 0.04
    contrast: float = 0.08
    blur: float = 1.5
    noise: float = 8.0
    least_quality: int = 55
    occluded: float = 0.35
    drawn: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """A view and its mask.

    Attributes:
        picture: RGB, square.
        mask: [side, side] share of each pixel that shows the product, 0 to 1, before blur; nothing that an occluder
            hides counts.
    """

    picture: Image.Image
    mask: Floats


def composite_views(
    cutouts: Sequence[CutOut],
    backgrounds: Sequence[Image.Image],
    count: int,
    seed: int,
    policy: CompositePolicy = CompositePolicy(),
    *,
    skus: Sequence[str] | None = None,
    background_skus: Sequence[str] | None = None,
) -> Iterator[Composite]:
    """Give `count` views; view i shows cutouts[i % n] and depends on nothing but its own inputs, the seed and i.

    Args:
        cutouts: [n] at least one.
        backgrounds: [m] photos of other products, or none at all.
        count: how many views.
        seed: same seed, same pixels.
        policy: how far views differ.
        skus: [n] product of each cut-out; with `background_skus`, no product is laid on a photo of itself.
        background_skus: [m] product on each photo.

    Raises:
        NotEnoughDataError: there is no cut-out.
    """
    if not cutouts:
        raise NotEnoughDataError("No product could be cut out: give catalogue photos on a plain background.")
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        at = number % len(cutouts)
        choices = list(range(len(backgrounds)))
        if skus is not None and background_skus is not None:
            choices = [row for row in choices if background_skus[row] != skus[at]]
        photo = backgrounds[choices[int(rng.integers(len(choices)))]] if choices else None
        yield composite(cutouts[at], photo, rng, policy)


def composite(
    cutout: CutOut, background: Image.Image | None, rng: np.random.Generator, policy: CompositePolicy
) -> Composite:
    """Lay a cut-out on a corner of a photo, or on drawn clutter, put something in front now and then, and expose."""
    behind = _background(background, rng, policy)
    front = _background(background, rng, policy)
    layer = _placed(cutout.product, rng, policy)
    shown = layer.getchannel("A")
    view = Image.composite(layer.convert("RGB"), behind, shown)
    occluder = occluder_shape(shown.getbbox(), policy.side, rng)
    if rng.random() < policy.occluded:
        left = ImageChops.multiply(shown, ImageChops.invert(occluder))
        if _mass(left) >= _LEAST_VISIBLE * _mass(shown):
            shown = left
            view.paste(front, (0, 0), occluder)
    return Composite(_exposed(view, rng, policy), np.asarray(shown, dtype=np.float32) / np.float32(255))


def patch_mask(alpha: NDArray[np.floating], grid: int) -> Floats:
    """Share of product in each patch of the encoder's square view.

    Args:
        alpha: [side, side] of a view, rows from the top, as in `Composite.mask`.
        grid: patches along one side.

    Returns:
        [grid, grid] exact means, 0 to 1; row-major as an encoder orders its patch tokens.
    """
    down, across = (_overlaps(grid, pixels) for pixels in alpha.shape)
    return np.asarray((down @ alpha @ across.T).clip(0, 1), dtype=np.float32)


@cache
def _overlaps(grid: int, pixels: int) -> NDArray[np.float64]:
    """[grid, pixels] the share that each pixel has in each patch along one side; Pillow's box filter only rounds it."""
    edges = np.arange(grid + 1)[:, None] * pixels / grid
    starts = np.arange(pixels)[None, :]
    overlap = np.minimum(edges[1:], starts + 1) - np.maximum(edges[:-1], starts)
    return np.asarray(overlap.clip(0) * grid / pixels)


def _background(photo: Image.Image | None, rng: np.random.Generator, policy: CompositePolicy) -> Image.Image:
    if photo is None or rng.random() < policy.drawn:
        return drawn_clutter(policy.side, rng)
    return photo_corner(photo, policy.side, rng)


def _placed(product: Image.Image, rng: np.random.Generator, policy: CompositePolicy) -> Image.Image:
    """[side, side] RGBA: the product scaled, turned, skewed and moved, with nothing around it."""
    if policy.flips and rng.random() < 0.5:
        product = product.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    longest = policy.side * rng.uniform(policy.least_scale, policy.most_scale)
    shrunk = product
    if longest < max(product.size):  # resampling by the homography alone would alias
        shrunk = product.copy()
        shrunk.thumbnail((max(round(longest), 1),) * 2, Image.Resampling.BILINEAR)
    corners = _target_corners(product.width, product.height, longest, rng, policy)
    coefficients = _homography(corners, shrunk.width, shrunk.height)
    size = (policy.side, policy.side)
    return shrunk.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)


def _target_corners(
    width: int, height: int, longest: float, rng: np.random.Generator, policy: CompositePolicy
) -> NDArray[np.float64]:
    """[4, 2] where the product's corners come to lie in the view, clockwise from the upper left, in pixels."""
    half = np.array([width, height]) * longest / max(width, height) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    corners = corners + rng.uniform(-policy.skew, policy.skew, (4, 2)) * half
    angle = np.radians(rng.normal(0, policy.rotation)) if policy.rotation else 0.0
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = policy.side / 2 + rng.normal(0, policy.shift, 2) * policy.side
    return np.asarray(corners @ turn + middle)


def _homography(corners: NDArray[np.float64], width: int, height: int) -> tuple[float, ...]:
    """Coefficients (a..h) by which Pillow finds the source of each pixel, from where the source's corners go."""
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    rows = []
    for (x, y), (u, v) in zip(corners, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    return tuple(np.linalg.solve(np.array(rows), source.ravel()).tolist())


def _mass(mask: Image.Image) -> int:
    return sum(level * many for level, many in enumerate(mask.histogram()))


def _exposed(view: Image.Image, rng: np.random.Generator, policy: CompositePolicy) -> Image.Image:
    """Light, contrast and white balance; then blur, noise and JPEG, each in some views only."""
    view = view.point(_tone_curves(rng, policy))
    if rng.random() < _BLURRED_SHARE and policy.blur:
        view = view.filter(ImageFilter.GaussianBlur(rng.uniform(0, policy.blur)))
    if rng.random() < _NOISY_SHARE and policy.noise:
        view = _noisy(view, rng.uniform(0, policy.noise), rng)
    if rng.random() < _JPEG_SHARE and policy.least_quality < 95:
        view = _through_jpeg(view, int(rng.integers(policy.least_quality, 96)))
    return view


def _tone_curves(rng: np.random.Generator, policy: CompositePolicy) -> list[int]:
    """One table of 256 levels for each of red, green and blue."""
    gains = np.exp(rng.normal(0, policy.exposure) + rng.normal(0, policy.white_balance, 3))
    contrast = np.exp(rng.normal(0, policy.contrast))
    levels = (np.arange(256) - _MIDDLE) * contrast + _MIDDLE
    curves: list[int] = (gains[:, None] * levels).clip(0, 255).round().astype(int).ravel().tolist()
    return curves


def _noisy(view: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(view)
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(strength)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def _through_jpeg(view: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    view.save(file, "JPEG", quality=quality)
    return Image.open(file, formats=["JPEG"]).convert("RGB")
