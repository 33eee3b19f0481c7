"""Brushes: colours, gradients, lit volumes and lettering on Pillow pictures. Lengths are pixels unless said."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def rgb(name: str) -> Colour:
    """Return the colour of a `#rrggbb` name."""
    red, green, blue = ImageColor.getrgb(name)[:3]
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return `first` moved towards `second`; `share` 0 is `first`, 1 is `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """Return an RGB picture that fades from `top` to `bottom`."""
    steps = np.linspace(0.0, 1.0, size[1])[:, None]
    column = np.asarray(top) * (1 - steps) + np.asarray(bottom) * steps
    return Image.fromarray(np.rint(column).astype(np.uint8)[:, None, :], "RGB").resize(size, Image.Resampling.NEAREST)


def clear(side: int) -> Image.Image:
    """Return a square transparent picture."""
    return Image.new("RGBA", (side, side))


def fill_through(picture: Image.Image, mask: Image.Image, colour: Colour) -> None:
    """Lay `colour` on `picture` where `mask` is white."""
    picture.paste(Image.new(picture.mode, picture.size, colour), mask=mask)


def lit(mask: Image.Image, colour: Colour, *, light: Point = (0.36, 0.3), depth: float = 0.42) -> Image.Image:
    """Return the mask's form as a volume: bright towards `light` (in shares of its box), dark at the rim."""
    left, top, right, bottom = mask.getbbox() or (0, 0, 1, 1)
    x = (np.arange(mask.width) - left) / max(1, right - left) - light[0]
    y = (np.arange(mask.height) - top) / max(1, bottom - top) - light[1]
    distance = np.sqrt(x[None, :] ** 2 + y[:, None] ** 2)
    shade = np.clip(1.16 - depth * distance**1.5 * 1.6, 0.35, 1.16)[..., None]
    glow = np.clip(1 - distance * 3.4, 0, 1)[..., None] ** 2 * 110
    body = np.clip(np.asarray(colour) * shade + glow, 0, 255)
    return Image.fromarray(np.dstack([body, np.asarray(mask)]).astype(np.uint8), "RGBA")


def ellipse_mask(size: tuple[int, int], *boxes: tuple[float, float, float, float]) -> Image.Image:
    """Return a mask of the union of ellipses; boxes are shares of the picture (left, top, right, bottom)."""
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    for left, top, right, bottom in boxes:
        pen.ellipse((left * size[0], top * size[1], right * size[0], bottom * size[1]), fill=255)
    return mask


def polygon_mask(size: tuple[int, int], points: NDArray[np.float64]) -> Image.Image:
    """Return a mask of one polygon; `points` [n, 2] are shares of the picture."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([(x * size[0], y * size[1]) for x, y in points], fill=255)
    return mask


def stamp(picture: Image.Image, tile: Image.Image, centre: Point, *, width: float, angle: float = 0.0) -> None:
    """Lay an RGBA tile on an RGB or RGBA picture, `width` pixels wide and turned by `angle` degrees."""
    scale = width / tile.width
    small = tile.resize((max(1, round(width)), max(1, round(tile.height * scale))), Image.Resampling.BILINEAR)
    if angle:
        small = small.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    corner = (round(centre[0] - small.width / 2), round(centre[1] - small.height / 2))
    picture.paste(small.convert(picture.mode), corner, small.getchannel("A"))


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's bundled typeface at `size` pixels."""
    face = ImageFont.load_default(size)
    if not isinstance(face, ImageFont.FreeTypeFont):  # Pillow was built without FreeType
        msg = "Pillow on this machine has no scalable font: install a Pillow wheel from the package index"
        raise TypeError(msg)
    return face


def word_tile(words: str, height: int, colour: Colour, *, weight: float = 0.0, tracking: float = 0.0) -> Image.Image:
    """Return a line of lettering, cut to its ink, on a transparent ground.

    Args:
        words: what to write.
        height: font size in pixels.
        colour: ink.
        weight: extra boldness as a share of the font size (the bundled typeface has one weight).
        tracking: extra room between letters as a share of the font size.
    """
    face, stroke = font(height), round(weight * height)
    advances = [face.getlength(letter) + tracking * height for letter in words]
    tile = Image.new("RGBA", (round(sum(advances)) + height, height * 2), (*colour, 0))
    pen, x = ImageDraw.Draw(tile), height / 2
    for letter, advance in zip(words, advances, strict=True):
        pen.text((x, height * 0.3), letter, fill=colour, font=face, stroke_width=stroke)
        x += advance
    return tile.crop(tile.getchannel("A").getbbox() or (0, 0, 1, 1))


def slanted(tile: Image.Image, slope: float = 0.22) -> Image.Image:
    """Return a tile leaning to the right, as italics do."""
    extra = round(tile.height * slope)
    size = (tile.width + extra, tile.height)
    return tile.transform(size, Image.Transform.AFFINE, (1, slope, -extra, 0, 1, 0), Image.Resampling.BICUBIC)
