"""Fruit and vegetables for labels. Each public function returns a square RGBA tile of SIDE pixels."""

import numpy as np
from PIL import Image, ImageDraw

from skuloop.demo.paint import Colour, clear, ellipse_mask, fill_through, lit, mix, polygon_mask, rgb, stamp
from skuloop.demo.plants import BOX, LEAF_GREEN, SIDE, STALK, leaf


def citrus(colour: Colour) -> Image.Image:
    """A cut lemon, orange or lime."""
    tile = lit(ellipse_mask(BOX, (0.04, 0.04, 0.96, 0.96)), colour, depth=0.25)
    fill_through(tile, ellipse_mask(BOX, (0.09, 0.09, 0.91, 0.91)), mix(colour, (255, 255, 255), 0.86))
    pulp, wedges = mix(colour, (255, 255, 255), 0.12), 9
    for wedge in range(wedges):
        turn = 2 * np.pi * (wedge + np.array([0.07, 0.25, 0.5, 0.75, 0.93])) / wedges
        rim = np.column_stack([0.5 + 0.365 * np.cos(turn), 0.5 + 0.365 * np.sin(turn)])
        middle = 2 * np.pi * (wedge + 0.5) / wedges
        core = np.array([[0.5 + 0.07 * np.cos(middle), 0.5 + 0.07 * np.sin(middle)]])
        mask = polygon_mask(BOX, np.vstack([core, rim]))
        fill_through(tile, mask, mix(pulp, (255, 255, 255), 0.16 if wedge % 2 else 0.0))
    return tile


def apple(colour: Colour) -> Image.Image:
    """A whole apple."""
    body = ellipse_mask(
        BOX, (0.08, 0.24, 0.6, 0.84), (0.4, 0.24, 0.92, 0.84), (0.13, 0.34, 0.66, 0.96), (0.34, 0.34, 0.87, 0.96)
    )
    return _with_stalk(lit(body, colour), dip=0.32)


def pear(colour: Colour) -> Image.Image:
    """A whole pear."""
    turn = np.linspace(0, 2 * np.pi, 90)
    up = (1 - np.cos(turn)) / 2
    half = 0.36 * np.sin(turn) * (1 - 0.6 / (1 + np.exp(-11 * (up - 0.56)))) * (1 + 0.35 * up**3)
    return _with_stalk(lit(polygon_mask(BOX, np.column_stack([0.5 + half, 0.95 - 0.74 * up])), colour), dip=0.22)


def _with_stalk(tile: Image.Image, dip: float) -> Image.Image:
    ImageDraw.Draw(tile).line((SIDE * 0.5, SIDE * dip, SIDE * 0.54, SIDE * (dip - 0.16)), fill=STALK, width=SIDE // 32)
    stamp(tile, leaf(LEAF_GREEN), (SIDE * 0.69, SIDE * (dip - 0.1)), width=SIDE * 0.32, angle=-18)
    return tile


def cherries(colour: Colour) -> Image.Image:
    """Two cherries on one stalk."""
    tile = clear(SIDE)
    pen = ImageDraw.Draw(tile)
    for x, y in ((0.28, 0.62), (0.7, 0.7)):
        pen.line((SIDE * x, SIDE * y, SIDE * 0.54, SIDE * 0.1), fill=rgb("#5d7a35"), width=SIDE // 38)
    for box in ((0.06, 0.46, 0.5, 0.9), (0.48, 0.52, 0.92, 0.96)):
        tile.alpha_composite(lit(ellipse_mask(BOX, box), colour))
    stamp(tile, leaf(LEAF_GREEN), (SIDE * 0.72, SIDE * 0.18), width=SIDE * 0.36, angle=-30)
    return tile


def berries(colour: Colour) -> Image.Image:
    """A handful of round berries, some blue."""
    tile, blue = clear(SIDE), rgb("#39457f")
    spots = (
        (0.1, 0.34, blue),
        (0.5, 0.3, colour),
        (0.3, 0.12, colour),
        (0.04, 0.58, colour),
        (0.34, 0.54, blue),
        (0.62, 0.58, colour),
    )
    for x, y, tint in spots:
        tile.alpha_composite(lit(ellipse_mask(BOX, (x, y, x + 0.36, y + 0.36)), tint))
    return tile


def tomato(colour: Colour) -> Image.Image:
    """A ripe tomato with its green star."""
    tile = lit(ellipse_mask(BOX, (0.05, 0.2, 0.64, 0.93), (0.36, 0.2, 0.95, 0.93), (0.14, 0.18, 0.86, 0.95)), colour)
    turn = np.linspace(0, 2 * np.pi, 21)
    reach = np.where(np.arange(21) % 2, 0.06, 0.24)
    star = np.column_stack([0.5 + reach * np.cos(turn), 0.25 + reach * 0.62 * np.sin(turn)])
    tile.alpha_composite(lit(polygon_mask(BOX, star), LEAF_GREEN, depth=0.3))
    return tile


def chilli(colour: Colour) -> Image.Image:
    """A curved chilli."""
    along = np.linspace(0, 1, 40)
    x, y = 0.2 + 0.66 * along, 0.3 + 0.52 * along**1.8
    half = 0.14 * (1 - along) ** 0.7 * np.clip(along * 8, 0.55, 1)
    tile = lit(polygon_mask(BOX, np.column_stack([np.r_[x, x[::-1]], np.r_[y - half, (y + half)[::-1]]])), colour)
    tile.alpha_composite(lit(ellipse_mask(BOX, (0.1, 0.19, 0.28, 0.41)), LEAF_GREEN))
    ImageDraw.Draw(tile).line((SIDE * 0.16, SIDE * 0.27, SIDE * 0.08, SIDE * 0.13), fill=LEAF_GREEN, width=SIDE // 22)
    return tile


def olives(colour: Colour) -> Image.Image:
    """Two olives and a leaf."""
    tile = clear(SIDE)
    stamp(tile, leaf(rgb("#7d9455")), (SIDE * 0.6, SIDE * 0.3), width=SIDE * 0.62, angle=-20)
    for x, y in ((0.05, 0.36), (0.44, 0.5)):
        tile.alpha_composite(lit(ellipse_mask(BOX, (x, y, x + 0.44, y + 0.38)), colour))
        tile.alpha_composite(lit(ellipse_mask(BOX, (x + 0.3, y + 0.13, x + 0.38, y + 0.23)), rgb("#b8342a"), depth=0.2))
    return tile
