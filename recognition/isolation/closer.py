"""A closer look at a picture of several products: squares of it, each as an encoder would see a photo of one product.

A foreground head is taught with one product a view, and an encoder sees the middle of a picture. Of products that lie
far apart it sees some not at all and the others small, beside and into each other. In squares of the right size each of
them is seen as the head was taught; what the squares say is joined again, and what touches is told apart.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from recognition.isolation.masks import PRODUCT
from recognition.isolation.necks import divided
from recognition.isolation.protocol import Box, Floats, Isolated
from recognition.isolation.things import thing_boxes

Look: TypeAlias = Callable[[Sequence[Image.Image]], Sequence[Isolated]]
"""How an encoder isolates on pictures."""

LEAST = 0.004
"""Share of a picture that a product covers: smaller ones are crumbs, or too few pixels to tell apart."""

SEEN = 0.87
"""Share of the shorter side of a picture that any encoder sees."""

PAPER = (255, 255, 255)
"""What lies outside of a picture: catalogue photos are white there."""

_NEAR = 0.2  # share of the first look: a product that large is seen as well as it can be
_NOTHING = 0.03  # the same: less than that may be clutter, and all products may lie outside
_ANOTHER = 0.1  # of the largest product: what is that large beside it may be one too
_SIDE = 0.62  # of a square, as a share of the picture's shorter side
_STEP = 0.75  # from one square to the next, as a share of its side
_MOST = 15  # squares: a panorama is not looked at closely
_FINE = 240  # cells along the longer side of what the squares say together
_EDGE = 0.02  # least weight of a cell: what a square cuts off it sees badly
_ROUND = np.ones((3, 3))


def asks_for_closer_look(isolated: Isolated) -> bool:
    """Whether the first look hints at several products, none of which fills the view, or sees none at all."""
    labels, count = ndimage.label(isolated.mask >= PRODUCT, _ROUND)
    if not count:
        return True
    parts = divided(labels, LEAST * labels.size)
    largest, second = np.sort(np.append(np.bincount(parts.ravel())[1:], [0, 0]))[:-3:-1] / parts.size
    return bool(largest < _NOTHING or (largest < _NEAR and second >= _ANOTHER * largest))


def closer_boxes(picture: Image.Image, look: Look) -> tuple[Box, ...]:
    """The box of each product on an RGB picture, the largest first, from a look at each of its squares."""
    squares = squares_of(picture.width, picture.height)
    if len(squares) > _MOST:
        return ()
    views = [_view(picture, square) for square in squares]
    seen = [
        (_moved(isolated.frame, left, top), isolated.mask)
        for (_, left, top), isolated in zip(views, look([view for view, _, _ in views]), strict=True)
    ]
    return thing_boxes(_joined(seen, picture.size) >= PRODUCT, picture, LEAST)


def squares_of(width: int, height: int) -> list[Box]:
    """Squares that cover a picture and overlap."""
    side = _SIDE * min(width, height)
    return [Box(left, top, left + side, top + side) for top in _starts(height, side) for left in _starts(width, side)]


def _starts(length: int, side: float) -> list[float]:
    count = math.ceil((length - side) / (_STEP * side)) + 1
    return [float(start) for start in np.linspace(0, length - side, count)]


def _view(picture: Image.Image, square: Box) -> tuple[Image.Image, int, int]:
    """A square with so much around it that an encoder sees all of it, white outside; and where it starts."""
    side = round(square.width / SEEN)
    left, top = (round(start - (side - square.width) / 2) for start in (square.left, square.top))
    view = Image.new("RGB", (side, side), PAPER)
    view.paste(picture.crop((max(left, 0), max(top, 0), left + side, top + side)), (max(-left, 0), max(-top, 0)))
    return view, left, top


def _moved(frame: Box, left: float, top: float) -> Box:
    return Box(frame.left + left, frame.top + top, frame.right + left, frame.bottom + top)


def _joined(seen: Sequence[tuple[Box, Floats]], size: tuple[int, int]) -> Floats:
    """[h, w] how much of each cell of a picture is product, 0 to 1: the mean of all that see it, best in the middle."""
    cell = max(size) / _FINE
    shape = (max(round(size[1] / cell), 1), max(round(size[0] / cell), 1))
    product, weight = np.zeros(shape), np.full(shape, 1e-6)
    for frame, mask in seen:
        down = _places(shape[0], cell, frame.top, frame.height, len(mask))
        across = _places(shape[1], cell, frame.left, frame.width, len(mask))
        inside = np.ix_(*((places >= 0) & (places <= len(mask)) for places in (down, across)))
        rows, columns = down[inside[0].ravel()], across[inside[1].ravel()]
        middles = np.meshgrid(rows - 0.5, columns - 0.5, indexing="ij")
        trust = np.outer(_trust(rows, len(mask)), _trust(columns, len(mask)))
        product[inside] += trust * ndimage.map_coordinates(mask, middles, order=1, mode="nearest")
        weight[inside] += trust
    return np.asarray(product / weight, dtype=np.float32)


def _places(count: int, cell: float, start: float, length: float, cells: int) -> NDArray[np.float64]:
    """[count] where the middles of a picture's cells lie on a mask of `cells` over start..start + length."""
    return np.asarray(((np.arange(count) + 0.5) * cell - start) / length * cells, dtype=np.float64)


def _trust(places: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    return np.clip(2 * np.minimum(places, cells - places) / cells, _EDGE, 1)
