"""Leaves, flowers and trees for labels. Each function returns a square RGBA tile of SIDE pixels."""

import numpy as np
from PIL import Image, ImageDraw

from skuloop.demo.paint import Colour, clear, ellipse_mask, lit, mix, polygon_mask, rgb, stamp

SIDE = 480
BOX = (SIDE, SIDE)
LEAF_GREEN = rgb("#4f8f3a")
STALK = rgb("#6b4a2b")


def leaf(colour: Colour) -> Image.Image:
    """A leaf that points to the upper right."""
    along = np.linspace(0, 1, 40)
    belly = 0.2 * np.sin(np.pi * along**0.8)
    axis = 0.12 + 0.76 * along
    upper = np.column_stack([axis - belly * 0.7, 1 - axis - belly * 0.7])
    lower = np.column_stack([axis + belly * 0.7, 1 - axis + belly * 0.7])[::-1]
    tile = lit(polygon_mask(BOX, np.vstack([upper, lower])), colour, light=(0.45, 0.4), depth=0.3)
    pen, vein = ImageDraw.Draw(tile), mix(colour, (255, 255, 255), 0.45)
    pen.line((0.12 * SIDE, 0.88 * SIDE, 0.84 * SIDE, 0.16 * SIDE), fill=vein, width=SIDE // 60)
    for share in (0.3, 0.45, 0.6):
        x, y = (0.12 + 0.76 * share) * SIDE, (0.88 - 0.76 * share) * SIDE
        pen.line((x, y, x + 0.02 * SIDE, y - 0.13 * SIDE), fill=vein, width=SIDE // 110)
        pen.line((x, y, x + 0.13 * SIDE, y - 0.02 * SIDE), fill=vein, width=SIDE // 110)
    return tile


def sprig(colour: Colour) -> Image.Image:
    """Three leaves on one stalk: tea, mint, basil."""
    tile, blade = clear(SIDE), leaf(colour)
    ImageDraw.Draw(tile).line(
        (SIDE * 0.5, SIDE * 0.95, SIDE * 0.5, SIDE * 0.5), fill=mix(colour, (0, 0, 0), 0.25), width=12
    )
    stamp(tile, blade, (SIDE * 0.3, SIDE * 0.58), width=SIDE * 0.5, angle=78)
    stamp(tile, blade, (SIDE * 0.7, SIDE * 0.58), width=SIDE * 0.5, angle=12)
    stamp(tile, blade, (SIDE * 0.5, SIDE * 0.3), width=SIDE * 0.52, angle=45)
    return tile


def daisy(colour: Colour) -> Image.Image:
    """A chamomile flower with a heart of `colour`."""
    tile = clear(SIDE)
    for petal in range(13):
        blade = lit(ellipse_mask(BOX, (0.43, 0.03, 0.57, 0.46)), (252, 251, 244), light=(0.5, 0.1), depth=0.16)
        tile.alpha_composite(blade.rotate(petal * 360 / 13, Image.Resampling.BILINEAR))
    tile.alpha_composite(lit(ellipse_mask(BOX, (0.33, 0.33, 0.67, 0.67)), colour))
    return tile


def lavender(colour: Colour) -> Image.Image:
    """Three stalks of lavender."""
    tile = clear(SIDE)
    stalk = clear(SIDE)
    ImageDraw.Draw(stalk).line((SIDE * 0.5, SIDE * 0.98, SIDE * 0.5, SIDE * 0.3), fill=LEAF_GREEN, width=SIDE // 50)
    for step in range(7):
        y, side = 0.07 + 0.062 * step, 0.034 + 0.004 * step
        for x in (0.5 - side, 0.5 + side):
            box = (x - 0.05, y - 0.04, x + 0.05, y + 0.06)
            stalk.alpha_composite(lit(ellipse_mask(BOX, box), mix(colour, (255, 255, 255), 0.05 * (step % 3))))
    for angle in (27, -27, 0):
        tile.alpha_composite(stalk.rotate(angle, Image.Resampling.BICUBIC, center=(SIDE / 2, SIDE * 0.98)))
    return tile


def pine(colour: Colour) -> Image.Image:
    """A conifer."""
    tile = clear(SIDE)
    ImageDraw.Draw(tile).rectangle((SIDE * 0.46, SIDE * 0.8, SIDE * 0.54, SIDE * 0.97), fill=STALK)
    for top, bottom, half in ((0.5, 0.86, 0.36), (0.28, 0.66, 0.29), (0.04, 0.44, 0.21)):
        tier = np.array([[0.5, top], [0.5 + half, bottom], [0.5, bottom - 0.05], [0.5 - half, bottom]])
        tile.alpha_composite(lit(polygon_mask(BOX, tier), colour, depth=0.5))
    return tile
