"""Packs in three dimensions: turned ones (can, jar, bottle), folded ones (box, carton, bar) and filled bags.

Every function paints on a square transparent canvas; boxes and points are pixels of that canvas.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from skuloop.demo.paint import Colour, Point

Floats = NDArray[np.float64]
Box = tuple[int, int, int, int]
Profile = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Gloss:
    """How a turned surface answers the light: strength of the two highlight stripes, and darkness towards the rim."""

    stripe: float = 0.3
    rim: float = 0.42


def straight(heights: Floats) -> Floats:
    """A profile without shoulders: half width 1 at every height (0 is the top)."""
    return np.ones_like(heights)


def shoulders(top: float, neck: float, foot: float = 0.02, foot_width: float = 0.93) -> Profile:
    """Return a profile that widens from `neck` to 1 within `top` of the height and rounds off towards the foot."""

    def profile(heights: Floats) -> Floats:
        rise = np.clip(heights / top, 0, 1)
        fall = np.clip((1 - heights) / foot, 0, 1)
        upper = neck + (1 - neck) * np.sin(rise * np.pi / 2) ** 0.9
        return np.asarray(upper * (foot_width + (1 - foot_width) * np.sin(fall * np.pi / 2)), np.float64)

    return profile


def turn(
    canvas: Image.Image, art: Image.Image, box: Box, *, bend: int, profile: Profile = straight, gloss: Gloss = Gloss()
) -> None:
    """Wrap flat `art` around a round body seen slightly from above and paint it into `box`.

    `bend` is how many pixels a horizontal line sags in the middle; the art spans the half that faces the eye.
    """
    left, top, right, bottom = box
    rows, columns = np.arange(bottom - top + bend, dtype=np.float64), np.arange(right - left, dtype=np.float64)
    across = (columns + 0.5) / (right - left) * 2 - 1
    half = profile(np.clip(rows / (bottom - top), 0, 1))
    around = across[None, :] / half[:, None]
    inside = np.abs(around) < 1
    facing = np.sqrt(np.clip(1 - around**2, 0, 1))
    height = (rows[:, None] - bend * facing) / (bottom - top)
    inside &= (height >= 0) & (height < 1)
    pixels = np.asarray(art.convert("RGB"))
    u = ((0.5 + np.arcsin(np.clip(around, -1, 1)) / np.pi) * (art.width - 1)).astype(np.intp)
    v = (np.clip(height, 0, 1) * (art.height - 1)).astype(np.intp)
    colours = pixels[v, u].astype(np.float32)
    light = 1.04 - gloss.rim * np.abs(around + 0.12) ** 2.6 + 0.06 * np.exp(-(((around + 0.3) / 0.4) ** 2))
    stripe = np.exp(-(((around + 0.58) / 0.075) ** 2)) + 0.5 * np.exp(-(((around - 0.74) / 0.05) ** 2))
    shaded = colours * light[..., None].astype(np.float32)
    shaded += (255 - shaded) * (gloss.stripe * stripe)[..., None].astype(np.float32)
    lay(canvas, np.dstack([np.clip(shaded, 0, 255), inside * 255]), (left, top))


def lay(canvas: Image.Image, pixels: NDArray[np.floating], corner: tuple[int, int]) -> None:
    """Paint an RGBA array [h, w, 4] of 0..255 on the canvas."""
    canvas.alpha_composite(Image.fromarray(pixels.astype(np.uint8), "RGBA"), corner)


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a folded pack is seen from: angles in degrees, distance in pack heights."""

    yaw: float = 24.0
    pitch: float = 9.0
    distance: float = 5.0

    def project(self, points: Floats) -> Floats:
        """Return picture coordinates [n, 2] (y down) of points [n, 3] (x right, y up, z towards the eye)."""
        yaw, pitch = np.radians([-self.yaw, self.pitch])
        x = points[:, 0] * np.cos(yaw) + points[:, 2] * np.sin(yaw)
        z = -points[:, 0] * np.sin(yaw) + points[:, 2] * np.cos(yaw)
        y, z = points[:, 1] * np.cos(pitch) - z * np.sin(pitch), points[:, 1] * np.sin(pitch) + z * np.cos(pitch)
        return np.column_stack([x, -y]) * np.asarray(self.distance / (self.distance - z), np.float64)[:, None]


@dataclass(frozen=True, slots=True)
class Face:
    """One flat side: corners [4, 3] clockwise from the upper left, what is printed on it, how much light it gets."""

    corners: Floats
    art: Image.Image
    light: float


def fold(canvas: Image.Image, faces: Sequence[Face], camera: Camera, *, room: float = 0.92) -> None:
    """Paint a folded pack, given its visible faces from back to front; it is fitted into `room` of the canvas."""
    flat = camera.project(np.vstack([face.corners for face in faces]))
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = room * canvas.width / float((high - low).max())
    placed = (flat - (low + high) / 2) * scale + canvas.width / 2
    for face, quad in zip(faces, placed.reshape(-1, 4, 2), strict=True):
        canvas.alpha_composite(_shown(face, quad, canvas.size))


def _shown(face: Face, quad: Floats, size: tuple[int, int]) -> Image.Image:
    """Return the face as it stands in the picture, with a fall of light from its upper edge to its lower one."""
    shade = np.linspace(1.05, 0.93, face.art.height)[:, None, None] * face.light
    art = Image.fromarray(np.clip(np.asarray(face.art.convert("RGB")) * shade, 0, 255).astype(np.uint8), "RGB")
    right, bottom = art.width - 2.0, art.height - 2.0  # beyond the edge Pillow mixes in black
    source = [(2.0, 2.0), (right, 2.0), (right, bottom), (2.0, bottom)]
    matrix = perspective(source, [(float(x), float(y)) for x, y in quad])
    shown = art.transform(size, Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BILINEAR)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in quad], fill=255)
    shown.putalpha(mask)
    return shown


def perspective(source: Sequence[Point], target: Sequence[Point]) -> tuple[float, ...]:
    """Return the eight numbers with which Image.transform carries four `source` corners onto four `target` corners."""
    rows, wanted = [], []
    for (u, v), (x, y) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return tuple(float(value) for value in np.linalg.solve(np.array(rows), np.array(wanted)))


def fill_bag(canvas: Image.Image, art: Image.Image, box: Box, *, seam: float, creases: int) -> None:
    """Paint a filled bag: flat seams above and below, a belly, and creases between.

    `seam` is a seam's share of the height; `creases` seeds where the foil folds.
    """
    left, top, right, bottom = box
    high, wide = bottom - top, right - left
    y = (np.arange(high) / high)[:, None]
    x = ((np.arange(wide) + 0.5) / wide * 2 - 1)[None, :]
    belly = np.sin(np.pi * np.clip((y - seam) / (1 - 2 * seam), 0, 1)) ** 0.6
    half = 1 - 0.055 * belly + 0.006 * np.sin(y * 21 + 1.3)
    across = x / half
    teeth = 0.006 * np.abs(((np.arange(wide) / wide * 46) % 1)[None, :] * 2 - 1)
    inside = (np.abs(across) < 1) & (y > teeth) & (y < 1 - teeth)
    art_pixels = np.asarray(art.resize((wide, high)).convert("RGB"))
    u = ((np.clip(across, -1, 1) * 0.5 + 0.5) * (wide - 1)).astype(np.intp)
    colours = art_pixels[np.broadcast_to(np.arange(high)[:, None], u.shape), u].astype(np.float32)
    light = _bag_light((wide, high), seam, creases)
    shaded = colours * np.clip(light, 0, 1.08)[..., None] + 190 * np.clip(light - 1.08, 0, 1)[..., None]
    lay(canvas, np.dstack([np.clip(shaded, 0, 255), inside * 255]), (left, top))


def _bag_light(size: tuple[int, int], seam: float, creases: int) -> Floats:
    """Return the light on a bag [high, wide], worked out on a coarse grid: it is smooth."""
    y, across = (np.arange(size[1] // 4) / (size[1] // 4))[:, None], np.linspace(-1, 1, size[0] // 4)[None, :]
    belly = np.sin(np.pi * np.clip((y - seam) / (1 - 2 * seam), 0, 1)) ** 0.6
    light = 1.05 - 0.4 * belly * np.abs(across + 0.1) ** 3.5 + 0.34 * belly * np.exp(-(((across + 0.66) / 0.12) ** 2))
    light = light + 0.12 * belly * np.exp(-(((across - 0.72) / 0.08) ** 2)) - 0.16 * np.clip(y - 0.62, 0, 1)
    rng = np.random.default_rng(creases)
    for edge, inward in ((seam, 1.0), (1 - seam, -1.0)):
        depth = np.clip((y - edge) * inward, 0, 1)
        for _ in range(9):
            start, lean, width, strength = (
                rng.uniform(-0.9, 0.9),
                rng.uniform(-0.5, 0.5),
                rng.uniform(0.02, 0.05),
                rng.uniform(0.05, 0.14),
            )
            ridge = (across - start - lean * depth * 2) / (width + depth * 0.25)
            light = light + strength * np.exp(-depth / 0.09) * ridge * np.exp(-(ridge**2)) * 2.2
    in_seam = (y < seam) | (y > 1 - seam)
    light = np.where(in_seam, 0.93 + 0.09 * np.sin(y / seam * 2 * np.pi * 4), light)
    return np.asarray(
        Image.fromarray(light.astype(np.float32), "F").resize(size, Image.Resampling.BILINEAR), np.float64
    )


def sheen(size: tuple[int, int], colour: Colour) -> Image.Image:
    """Return brushed metal: fine vertical streaks around `colour`."""
    streaks = np.random.default_rng(1).normal(0, 7, size[0])
    metal = np.asarray(colour)[None, None, :] + streaks[None, :, None] + np.zeros((size[1], 1, 1))
    return Image.fromarray(np.clip(metal, 0, 255).astype(np.uint8), "RGB")
