"""Where camera photos are taken: tables, counters, a belt, a shelf. All are RGB and `side` pixels square."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from skuloop.demo.paint import Colour, gradient, mix, rgb

_TEXTURE = 640
_ROUGH = 3.2  # how much wider than the picture a texture is drawn, so that every photo shows another part of it
Noise = NDArray[np.float64]


def _clouds(rng: np.random.Generator, cells: tuple[int, int]) -> Noise:
    """Return smooth noise of mean 0 and deviation 1 [_TEXTURE, _TEXTURE] with that many cells down and across."""
    coarse = Image.fromarray(rng.normal(0, 1, cells).astype(np.float32), "F")
    return np.asarray(coarse.resize((_TEXTURE, _TEXTURE), Image.Resampling.BICUBIC), np.float64)


def _tinted(colour: Colour, noise: Noise) -> Image.Image:
    return Image.fromarray(np.clip(np.asarray(colour) + noise[..., None], 0, 255).astype(np.uint8), "RGB")


def _wood(rng: np.random.Generator, colour: Colour, planks: int) -> Image.Image:
    grain = 9 * _clouds(rng, (90, 5)) + 5 * _clouds(rng, (200, 12)) + 5 * _clouds(rng, (6, 4))
    tones = np.repeat(rng.normal(0, 9, planks), _TEXTURE // planks + 1)[:_TEXTURE]
    picture = _tinted(colour, grain + tones[:, None])
    pen = ImageDraw.Draw(picture)
    for plank in range(1, planks):
        y = plank * (_TEXTURE // planks + 1)
        pen.line((0, y, _TEXTURE, y), fill=mix(colour, (0, 0, 0), 0.5), width=3)
    return picture


def _marble(rng: np.random.Generator, colour: Colour) -> Image.Image:
    veins = np.exp(-np.abs(_clouds(rng, (5, 5)) + 0.5 * _clouds(rng, (14, 14))) * 14)
    return _tinted(colour, 5 * _clouds(rng, (8, 8)) - 46 * veins + 2 * _clouds(rng, (160, 160)))


def _speckled(rng: np.random.Generator, colour: Colour) -> Image.Image:
    return _tinted(colour, 11 * rng.normal(0, 1, (_TEXTURE, _TEXTURE)) + 5 * _clouds(rng, (7, 7)))


def _cloth(rng: np.random.Generator, colour: Colour, stripe: Colour) -> Image.Image:
    picture = _tinted(colour, 4 * rng.normal(0, 1, (_TEXTURE, _TEXTURE)) + 6 * _clouds(rng, (6, 6)))
    pen = ImageDraw.Draw(picture, "RGBA")
    for start in range(0, _TEXTURE, 80):
        pen.rectangle((start, 0, start + 26, _TEXTURE), fill=(*stripe, 120))
        pen.rectangle((0, start, _TEXTURE, start + 26), fill=(*stripe, 90))
    return picture


def _tiles(rng: np.random.Generator, colour: Colour) -> Image.Image:
    picture = _tinted(colour, 5 * _clouds(rng, (9, 9)) + 2 * rng.normal(0, 1, (_TEXTURE, _TEXTURE)))
    pen = ImageDraw.Draw(picture)
    for row, y in enumerate(range(0, _TEXTURE, 90)):
        pen.line((0, y, _TEXTURE, y), fill=mix(colour, (90, 90, 90), 0.5), width=5)
        for x in range((row % 2) * 90, _TEXTURE, 180):
            pen.line((x, y, x, y + 90), fill=mix(colour, (90, 90, 90), 0.5), width=5)
    return picture


_GROUNDS: tuple[Callable[[np.random.Generator], Image.Image], ...] = (
    lambda rng: _wood(rng, rgb("#b98a58"), 5),
    lambda rng: _wood(rng, rgb("#6d4a33"), 4),
    lambda rng: _wood(rng, rgb("#d9c4a3"), 6),
    lambda rng: _marble(rng, rgb("#e9e6e1")),
    lambda rng: _speckled(rng, rgb("#8d8f92")),
    lambda rng: _speckled(rng, rgb("#33363b")),
    lambda rng: _cloth(rng, rgb("#e8e2d4"), rgb("#8aa1b5")),
    lambda rng: _cloth(rng, rgb("#c9d6c4"), rgb("#b65b4c")),
)
_WALLS: tuple[Callable[[np.random.Generator], Image.Image], ...] = (
    lambda rng: _tiles(rng, rgb("#dfe6e6")),
    lambda rng: _tiles(rng, rgb("#9db3ad")),
    lambda rng: _tinted(rgb("#cfc6b8"), 6 * _clouds(rng, (4, 4))),
    lambda rng: _tinted(rgb("#7f8fa0"), 8 * _clouds(rng, (4, 4))),
    lambda rng: _tinted(rgb("#d8d9da"), 5 * _clouds(rng, (3, 3))),
)


@cache
def _texture(family: str, number: int) -> Image.Image:
    rng = np.random.default_rng([number, len(family)])
    return {"ground": _GROUNDS, "wall": _WALLS}[family][number](rng)


def _patch(family: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a random part of a random texture, sometimes mirrored."""
    texture = _texture(family, int(rng.integers(len({"ground": _GROUNDS, "wall": _WALLS}[family]))))
    reach = rng.uniform(0.45, 0.95) * _TEXTURE
    left, top = rng.uniform(0, _TEXTURE - reach, 2)
    high = reach * size[1] / max(size)
    part = texture.resize(size, Image.Resampling.BILINEAR, (left, top, left + reach * size[0] / max(size), top + high))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part


def from_above(side: int, rng: np.random.Generator) -> Image.Image:
    """A table or belt that fills the picture, with a few things on it."""
    scene = _patch("ground", (side, side), rng)
    for _ in range(int(rng.integers(1, 4))):
        _drop_thing(scene, rng)
    return scene


def table(side: int, rng: np.random.Generator) -> Image.Image:
    """A table top before a wall that is out of focus."""
    horizon = round(side * rng.uniform(0.3, 0.62))
    scene = _patch("wall", (side, side), rng)
    for _ in range(int(rng.integers(1, 4))):
        _drop_thing(scene, rng)
    scene = scene.filter(ImageFilter.BoxBlur(rng.uniform(1.5, 3.5)))
    top = _patch("ground", (side, side - horizon), rng)
    scene.paste(top, (0, horizon))
    scene.paste(gradient((side, 5), (70, 62, 56), (120, 110, 100)), (0, horizon), Image.new("L", (side, 5), 90))
    return scene


def shelf(side: int, rng: np.random.Generator, floor: float) -> Image.Image:
    """A shop shelf: a back panel, a board at `floor` (share of the height), and a rail with price tags."""
    tone = int(rng.integers(150, 240))
    grey = mix((tone, tone, tone), (tone, int(tone * 0.94), int(tone * 0.84)), rng.uniform(0, 1))
    back = gradient((side, side), mix(grey, (0, 0, 0), 0.45), grey)
    board = round(side * min(floor, 0.97))
    rail = (rgb("#d9dcdf"), rgb("#c2282d"), rgb("#2c5aa0"), rgb("#f0c419"), rgb("#4a4d52"))[int(rng.integers(5))]
    pen = ImageDraw.Draw(back)
    for x in range(int(rng.integers(4, 14)), side, 15):
        pen.ellipse((x, 6, x + 3, 9), fill=mix(grey, (0, 0, 0), 0.6))
    pen.rectangle((0, board - 8, side, board + 4), fill=mix(grey, (255, 255, 255), 0.4))
    pen.rectangle((0, board + 4, side, board + 24), fill=rail)
    for x in range(int(rng.integers(-20, 10)), side, int(rng.integers(52, 80))):
        pen.rectangle((x, board + 6, x + 34, board + 22), fill=(248, 248, 244))
        pen.rectangle((x + 4, board + 9, x + 18, board + 12), fill=(70, 70, 70))
        pen.rectangle((x + 20, board + 14, x + 31, board + 19), fill=(30, 30, 30))
    if board + 24 < side:
        pen.rectangle((0, board + 24, side, side), fill=mix(grey, (0, 0, 0), 0.62))
    return back


def _any_colour(rng: np.random.Generator) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(25, 240, 3))
    return red, green, blue


def _drop_thing(scene: Image.Image, rng: np.random.Generator) -> None:
    """Paint a plate, a notebook, a cable or a crumpled receipt somewhere, mostly near the rim of the picture."""
    side, pen = scene.width, ImageDraw.Draw(scene, "RGBA")
    turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.6) * side
    x, y, size = (
        side / 2 + reach * np.cos(turn),
        scene.height / 2 + reach * np.sin(turn),
        rng.uniform(0.12, 0.34) * side,
    )
    red, green, blue = mix(_any_colour(rng), (150, 145, 140), rng.uniform(0.1, 0.7))
    kind = int(rng.integers(3))
    if kind == 0:
        pen.ellipse((x - size * 0.9, y - size * 0.8, x + size * 1.05, y + size * 1.1), fill=(0, 0, 0, 60))
        pen.ellipse((x - size, y - size, x + size, y + size), fill=(red, green, blue, 255))
        pen.ellipse(
            (x - size * 0.7, y - size * 0.7, x + size * 0.7, y + size * 0.7),
            fill=(*mix((red, green, blue), (255, 255, 255), 0.35), 255),
        )
    elif kind == 1:
        lean = rng.uniform(0, np.pi)
        corner = np.array([[-1, -0.7], [1, -0.7], [1, 0.7], [-1, 0.7]]) * size
        spin = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
        for shift, ink in ((4, (0, 0, 0, 70)), (0, (red, green, blue, 255))):
            pen.polygon([(float(a) + x + shift, float(b) + y + shift) for a, b in corner @ spin], fill=ink)
    else:
        bend = np.linspace(0, 1, 24)
        points = [(float(x + size * 3 * (t - 0.5)), float(y + size * np.sin(5 * t + turn))) for t in bend]
        pen.line(points, fill=(red // 3, green // 3, blue // 3, 255), width=int(rng.integers(2, 6)), joint="curve")
