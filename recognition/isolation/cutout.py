"""Cutting a product out of a catalogue photo with a plain background: masks that nobody has to draw.

What a shop shows on white or grey is background wherever the border's colour can be reached without crossing another
one. The rest is product, except holes that show the very colour of the background, such as that of a ring.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from recognition.pictures.colour import lab_of

Mask: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float32]

_LONGEST_SIDE = 448  # pixels: twice an encoder's view is all that composites ever show
_BORDER = 0.015  # share of the shorter side
_PLAIN_SHARE = 0.7  # of the border must have the background's colour; a product may touch two edges
_NEAR, _FAR = 4.0, 10.0  # CIELAB distances from the background: still background, and at most so on a noisy one
_NOISES = 3.0  # median distances of the border itself that are still background, where that is more
_LEAK = 3  # pixels: a gap in the product's edge narrower than twice this lets no background in
_HOLE_EVEN, _HOLE_EDGE = 0.6, 6.0  # times the distance of background: of a hole's middle, and of the halo at its edge
_HOLE_SHARE = 0.25  # of a hole is middle; less is a label
_PALE, _PALE_SHARE = 25.0, 0.5  # CIELAB distance, and the share of a product that is nearer, of white on white
_PALE_GAP = 0.06  # share of the photo's side: what the light ate of a pale product
_SPECK, _FAINT_SPECK = 0.002, 0.05  # share of the product: smaller islands, and smaller faint ones, are artefacts
_FAINT = 0.35  # share of the product's own distance from the background
_LEAST, _MOST = 0.003, 0.92  # share of the photo that a product covers
_FRINGE, _RINGING = (0.4, 3), (0.08, 8)  # share of the distance beside it, and pixels: what a JPEG smears
_RIM = 3.0  # pixels: colours this close to the edge may be mixed with the background's
_DISC = ndimage.generate_binary_structure(2, 1)


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A product without its background: RGBA, cropped to the product, colours at the edge freed of the background's."""

    product: Image.Image

    @property
    def alpha(self) -> Floats:
        """[height, width] share of product in each pixel, 0 to 1."""
        return np.asarray(self.product.getchannel("A"), dtype=np.float32) / np.float32(255)


def cut_out(picture: Image.Image) -> CutOut | None:
    """Cut the product out of a catalogue photo of any size; large ones come back smaller.

    Returns:
        None where the border is not of one colour, or where what is left covers implausibly little or much.
    """
    small = picture.convert("RGB")
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(small)
    lab = np.stack(lab_of(pixels.reshape(-1, 3)), axis=-1).reshape(pixels.shape)
    background = _background_colour(lab)
    if background is None:
        return None
    colour, near = background
    product = _product(np.linalg.norm(lab - colour, axis=-1), near)
    if not _LEAST <= product.mean() <= _MOST:
        return None
    return _cropped(_clean_colours(pixels, product), _soft(product))


def _background_colour(lab: Floats) -> tuple[Floats, float] | None:
    """Median colour of the border and how far from it background may be, or None where the border is not plain."""
    width = max(round(min(lab.shape[:2]) * _BORDER), 1)
    inner = np.zeros(lab.shape[:2], dtype=bool)
    inner[width:-width, width:-width] = True
    border = lab[~inner]
    colour = np.median(border, axis=0)
    away = np.linalg.norm(border - colour, axis=-1)
    near = float(np.clip(_NOISES * np.median(away), _NEAR, _FAR))
    return (colour, near) if (away < near).mean() >= _PLAIN_SHARE else None


def product_mask(away: Floats, near: float) -> Mask:
    """All pixels but those of the background's colour that the border reaches or that are holes.

    Args:
        away: [height, width] CIELAB distance of each pixel from the background's colour.
        near: up to which it is background.
    """
    outside = _outside(away < near)
    background = _with_halo(outside | _holes(~outside, away, near), away)
    return _without_specks(~background, away)


def _product(away: Floats, near: float) -> Mask:
    """The mask of one product, closed where the light ate of a pale one."""
    product = product_mask(away, near)
    if product.any() and (away[product] < _PALE).mean() > _PALE_SHARE:
        return _closed(product, round(_PALE_GAP * max(away.shape)))
    return product


def _outside(plain: Mask) -> Mask:
    """What the border reaches through gaps that are no leaks, and what lies just behind it."""
    rim = 2 * _LEAK
    framed = np.pad(plain, rim, constant_values=True)  # a product that fills the photo has a background all round
    wide = ndimage.binary_opening(framed, _DISC, iterations=_LEAK)
    outside = ndimage.binary_dilation(_touching_border(wide), _DISC, iterations=2 * _LEAK, mask=framed)
    found: Mask = outside[rim:-rim, rim:-rim]
    return found


def _closed(product: Mask, radius: int) -> Mask:
    """Bridge gaps up to twice the radius and fill what they enclose."""
    framed = np.pad(product, radius + 1)
    near = ndimage.distance_transform_edt(~framed) <= radius
    closed = ndimage.binary_fill_holes(ndimage.distance_transform_edt(near) > radius) | framed
    found: Mask = closed[radius + 1 : -radius - 1, radius + 1 : -radius - 1]
    return found


def _touching_border(mask: Mask) -> Mask:
    parts, _ = ndimage.label(mask)
    edges = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    found: Mask = np.isin(parts, edges[edges > 0])
    return found


def _holes(enclosed: Mask, away: Floats, near: float) -> Mask:
    """Pale areas of the very colour of the background; a white label is rarely that even."""
    parts, _ = ndimage.label(enclosed & (away < _HOLE_EDGE * near))
    sizes = np.bincount(parts.ravel())
    even = np.bincount(parts.ravel(), away.ravel() < _HOLE_EVEN * near)
    same = np.flatnonzero(even >= _HOLE_SHARE * sizes)
    found: Mask = np.isin(parts, same[same > 0]) & (away < near)
    return found


def _with_halo(background: Mask, away: Floats) -> Mask:
    """Add what a JPEG makes of background beside a product: a fringe of the product's tint, and faint ringing."""
    for share, width in (_FRINGE, _RINGING):
        beside = ndimage.maximum_filter(away, size=2 * width + 1)
        pale = background | (away < share * beside)
        background = ndimage.binary_dilation(background, _DISC, iterations=width, mask=pale)
    return background


def _without_specks(product: Mask, away: Floats) -> Mask:
    """Leave out islands that are tiny, or small and faint, as the noise of a JPEG around a product is."""
    parts, count = ndimage.label(product, np.ones((3, 3), dtype=bool))
    if not count:
        return product
    sizes = np.bincount(parts.ravel())
    strength = np.append(0, ndimage.maximum(away, parts, np.arange(1, count + 1)))
    faint = strength < _FAINT * np.percentile(away[product], 90)
    kept = sizes >= np.where(faint, _FAINT_SPECK, _SPECK) * product.sum()
    found: Mask = product & kept[parts]
    return found


def _clean_colours(pixels: NDArray[np.uint8], product: Mask) -> NDArray[np.uint8]:
    """Give pixels outside and at the rim the colour of the nearest pixel well inside, where there is one."""
    inside = ndimage.binary_erosion(product, np.ones((3, 3), dtype=bool))
    if not inside.any():
        return pixels
    gaps, (rows, columns) = ndimage.distance_transform_edt(~inside, return_indices=True)
    mixed = (gaps > 0) & (gaps <= _RIM)
    return np.where(mixed[..., None], pixels[rows, columns], pixels)


def _soft(product: Mask) -> Image.Image:
    """8-bit mask whose edge is one pixel wide and lies where the product's does, or just inside."""
    hard = Image.fromarray(product.astype(np.uint8) * 255)
    return hard.filter(ImageFilter.GaussianBlur(0.7)).point([max(0, min(255, (v - 96) * 2)) for v in range(256)])


def _cropped(pixels: NDArray[np.uint8], alpha: Image.Image) -> CutOut | None:
    product = Image.fromarray(pixels)
    product.putalpha(alpha)
    box = alpha.getbbox()
    return CutOut(product.crop(box)) if box else None
