"""Motifs by name: the small pictures that labels carry. Each function returns a square RGBA tile of SIDE pixels."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skuloop.demo.fruits import apple, berries, cherries, chilli, citrus, olives, pear, tomato
from skuloop.demo.paint import Colour, clear, ellipse_mask, lit, mix, polygon_mask
from skuloop.demo.plants import BOX, SIDE, daisy, lavender, leaf, pine, sprig


def honey(colour: Colour) -> Image.Image:
    """A piece of honeycomb."""
    tile = clear(SIDE)
    turn = np.arange(6) * np.pi / 3 + np.pi / 6
    for x, y in ((0.34, 0.28), (0.66, 0.28), (0.18, 0.55), (0.5, 0.55), (0.82, 0.55), (0.34, 0.82), (0.66, 0.82)):
        for reach, tint in ((0.18, mix(colour, (90, 40, 0), 0.35)), (0.15, mix(colour, (255, 255, 255), 0.15))):
            cell = np.column_stack([x + reach * np.cos(turn), y + reach * np.sin(turn)])
            tile.alpha_composite(lit(polygon_mask(BOX, cell), tint, depth=0.3))
    return tile


def squares(colour: Colour) -> Image.Image:
    """Four squares of chocolate."""
    tile = clear(SIDE)
    for x in (0.08, 0.51):
        for y in (0.08, 0.51):
            for inset, light in ((0.0, 0.0), (0.07, 0.14)):
                box = np.array([[x, y], [x + 0.41, y], [x + 0.41, y + 0.41], [x, y + 0.41]])
                box += np.array([[inset, inset], [-inset, inset], [-inset, -inset], [inset, -inset]])
                tile.alpha_composite(lit(polygon_mask(BOX, box), mix(colour, (255, 255, 255), light), depth=0.5))
    return tile


def hazelnuts(colour: Colour) -> Image.Image:
    """Two hazelnuts."""
    tile = clear(SIDE)
    for x, y in ((0.06, 0.2), (0.42, 0.4)):
        tile.alpha_composite(lit(ellipse_mask(BOX, (x, y, x + 0.5, y + 0.52)), colour))
        tile.alpha_composite(
            lit(ellipse_mask(BOX, (x + 0.08, y + 0.34, x + 0.42, y + 0.53)), mix(colour, (255, 240, 210), 0.55))
        )
    return tile


def drop(colour: Colour) -> Image.Image:
    """A drop of milk, vinegar or sea water."""
    turn = np.linspace(0, 2 * np.pi, 90)
    points = np.column_stack([0.5 + 0.36 * np.sin(turn) * np.sin(turn / 2) ** 1.3, 0.52 - 0.44 * np.cos(turn)])
    return lit(polygon_mask(BOX, points), colour, light=(0.4, 0.62))


def crisp(colour: Colour) -> Image.Image:
    """One wavy potato crisp."""
    turn = np.linspace(0, 2 * np.pi, 80)
    reach = 1 + 0.06 * np.sin(5 * turn) + 0.04 * np.sin(9 * turn + 1)
    points = np.column_stack([0.5 + 0.45 * reach * np.cos(turn), 0.5 + 0.33 * reach * np.sin(turn)])
    mask = polygon_mask(BOX, points)
    ridges = 1 + 0.1 * np.sin(np.linspace(0, 9 * 2 * np.pi, SIDE))
    return _ribbed(lit(mask, colour, depth=0.34), ridges)


def _ribbed(tile: Image.Image, ridges: NDArray[np.float64]) -> Image.Image:
    pixels = np.asarray(tile).astype(np.float64)
    pixels[..., :3] = np.clip(pixels[..., :3] * ridges[None, :, None], 0, 255)
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")


_MOTIFS: dict[str, Callable[[Colour], Image.Image]] = {
    **{function.__name__: function for function in (leaf, sprig, daisy, lavender, pine)},
    **{function.__name__: function for function in (apple, berries, cherries, chilli, citrus, olives, pear, tomato)},
    **{function.__name__: function for function in (crisp, drop, hazelnuts, honey, squares)},
}


@cache
def motif(name: str, colour: Colour) -> Image.Image:
    """Return the motif of that name in `colour`; raises KeyError for a name that no function here has."""
    return _MOTIFS[name](colour)
