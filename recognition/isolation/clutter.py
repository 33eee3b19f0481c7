"""What stands behind a product and in front of it: corners of other photos, and drawings of our own."""

from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Box: TypeAlias = tuple[int, int, int, int]
Colour: TypeAlias = tuple[int, int, int]

_CORNER = (0.3, 0.5)  # share of a photo's shorter side: a square that ends before the middle
_PLAIN_SHARE, _GRADIENT_SHARE = 0.3, 0.2  # of the drawings; the others are crowded
_MOST_SHAPES = 16
_MOST_BLUR = 4.0  # pixels of 224


def photo_corner(photo: Image.Image, side: int, rng: np.random.Generator) -> Image.Image:
    """A square at one of a photo's corners, where its own product is not, at [side, side]."""
    shorter = min(photo.size)
    length = max(round(shorter * rng.uniform(*_CORNER)), 1)
    left, top = (int(rng.integers(2)) * (extent - length) for extent in photo.size)
    square = photo.convert("RGB").crop((left, top, left + length, top + length))
    return square.resize((side, side), Image.Resampling.BILINEAR)


def drawn_clutter(side: int, rng: np.random.Generator) -> Image.Image:
    """A plain field, a gradient, or rectangles and ellipses in any colour, sharp or blurred, at [side, side]."""
    kind = rng.random()
    if kind < _PLAIN_SHARE:
        return Image.new("RGB", (side, side), _quiet_colour(rng))
    if kind < _PLAIN_SHARE + _GRADIENT_SHARE:
        return _gradient(side, rng)
    field = Image.new("RGB", (side, side), _any_colour(rng))
    pen = ImageDraw.Draw(field)
    for _ in range(int(rng.integers(3, _MOST_SHAPES))):
        draw = pen.rectangle if rng.random() < 0.6 else pen.ellipse
        draw(_any_box(side, rng), fill=_any_colour(rng))
    return field.filter(ImageFilter.GaussianBlur(rng.uniform(0, _MOST_BLUR) * side / 224))


def occluder_shape(product: Box | None, side: int, rng: np.random.Generator) -> Image.Image:
    """8-bit mask of something that covers an edge of the product, as a hand or a neighbour on a shelf does."""
    shape = Image.new("L", (side, side))
    left, top, right, bottom = product or (0, 0, side, side)
    angle = rng.uniform(0, 2 * np.pi)
    x = (left + right) / 2 + np.cos(angle) * (right - left) / 2
    y = (top + bottom) / 2 + np.sin(angle) * (bottom - top) / 2
    width, height = rng.uniform(0.08, 0.3, 2) * side
    pen = ImageDraw.Draw(shape)
    draw = pen.rectangle if rng.random() < 0.4 else pen.ellipse
    draw((x - width / 2, y - height / 2, x + width / 2, y + height / 2), fill=255)
    return shape


def _gradient(side: int, rng: np.random.Generator) -> Image.Image:
    """Four corner colours shaded into each other."""
    corners = Image.new("RGB", (2, 2))
    corners.putdata([_any_colour(rng) for _ in range(4)])
    return corners.resize((side, side), Image.Resampling.BICUBIC)


def _any_box(side: int, rng: np.random.Generator) -> tuple[float, float, float, float]:
    x, y = rng.uniform(-0.15, 1, 2) * side
    width, height = rng.uniform(0.05, 0.5, 2) * side
    return x, y, x + width, y + height


def _any_colour(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _quiet_colour(rng: np.random.Generator) -> Colour:
    """Tables, walls and paper: near grey."""
    red, green, blue = (rng.integers(40, 250) + rng.normal(0, 10, 3)).clip(0, 255).astype(int).tolist()
    return red, green, blue
