"""Where each product stands on the map of the catalogue, and in which colour: shared by the picture and the page."""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.class_map import umap_positions
from recognition.heads.samples import Rows
from recognition.heads.scoring import Heads
from recognition.heads.superclasses import FEWEST_CLASSES
from recognition.vocabulary import Tier

MOST_MATCHED = 2_500  # above, matching classes and cells at their best costs more than UMAP
ASPECT = 13 / 9  # width to height
_ROOM = 1.5  # cells per class; the spare ones let groups stand apart
_EVENLY = np.array([0.7548776662466927, 0.5698402909980532])  # Roberts, quasirandom sequence R2, 2018
_GOLDEN = 0.618034
_LIGHTNESS = (0.50, 0.64, 0.40)
_SATURATION = (0.62, 0.72, 0.50)


@dataclass(frozen=True)
class CataloguePlaces:
    """The products of a release on a plane.

    Attributes:
        classes: SKU of each of c classes.
        tiers: tier of each.
        superclass_of: [c] superclass row of each.
        names: of the superclasses, by row.
        cells: [c, 2] across and up, whole numbers, all different; neighbours look alike to the recogniser, distances
            are not to scale.
    """

    classes: tuple[str, ...]
    tiers: tuple[Tier, ...]
    superclass_of: Rows
    names: Mapping[int, str]
    cells: NDArray[np.float64]

    @property
    def colours(self) -> NDArray[np.float64]:
        """[s, 3] red, green and blue of each superclass row, 0 to 1, to be seen on light and on dark ground."""
        return np.array([_colour(row) for row in range(len(self.names))], dtype=np.float64)

    @property
    def sizes(self) -> Rows:
        """[s] number of products in each superclass row."""
        return np.bincount(self.superclass_of, minlength=len(self.names)).astype(np.int64)

    @property
    def by_size(self) -> list[int]:
        """Superclass rows, the largest first."""
        return sorted(self.names, key=lambda row: (-int(self.sizes[row]), row))


def place_catalogue(heads: Heads, names: Mapping[int, str], seed: int = 0) -> CataloguePlaces:
    """Put every product into a cell of a grid, near to where a UMAP of the prototypes has it."""
    positions = _positions(heads, seed)
    cells = _nearest_free_cells(positions) if len(positions) <= MOST_MATCHED else _halved_cells(positions)
    return CataloguePlaces(heads.classes, heads.tiers, heads.superclass_of, names, cells)


def _positions(heads: Heads, seed: int) -> NDArray[np.float64]:
    if len(heads.classes) >= FEWEST_CLASSES:
        return umap_positions(heads.prototypes, dimensions=2, seed=seed).astype(np.float64)
    return np.stack([np.arange(len(heads.classes)), np.zeros(len(heads.classes))], axis=1)


def _nearest_free_cells(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """[c, 2] cell of each class on a grid, all different, moving the classes as little as possible in all."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    columns, rows = _grid_shape(len(positions))
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(np.float64)
    span = np.ptp(positions, axis=0)
    scaled = (positions - positions.min(axis=0)) / np.where(span > 0, span, 1) * [columns - 1, rows - 1]
    _, cell = linear_sum_assignment(cdist(scaled, grid, "sqeuclidean"))
    return np.asarray(grid[cell], dtype=np.float64)


def _halved_cells(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """[c, 2] cell of each class on a grid, all different: the grid and the classes are halved in turn, which is quick.

    Spare cells are halved with the classes as if they were points strewn evenly over the map, so that gaps stay gaps.
    """
    columns, rows = _grid_shape(len(positions))
    low, span = positions.min(axis=0), np.ptp(positions, axis=0)
    spare = np.arange(1, columns * rows - len(positions) + 1)[:, None] * _EVENLY % 1.0 * span + low
    points = np.concatenate([positions, spare])
    cells = np.zeros_like(points)

    def fill(who: NDArray[np.int64], corner: tuple[int, int], shape: tuple[int, int]) -> None:
        if len(who) == 1:
            cells[who] = corner
            return
        axis = int(shape[1] > shape[0])
        half = list(shape)
        half[axis] //= 2
        beyond = list(corner)
        beyond[axis] += half[axis]
        rest = list(shape)
        rest[axis] -= half[axis]
        order = who[points[who, axis].argsort(kind="stable")]
        count = half[0] * half[1]
        fill(order[:count], corner, (half[0], half[1]))
        fill(order[count:], (beyond[0], beyond[1]), (rest[0], rest[1]))

    fill(np.arange(len(points)), (0, 0), (columns, rows))
    return np.asarray(cells[: len(positions)], dtype=np.float64)


def _grid_shape(count: int) -> tuple[int, int]:
    """Columns and rows of a grid with room for so many classes."""
    columns = int(np.ceil(np.sqrt(count * _ROOM * ASPECT)))
    return columns, int(np.ceil(count * _ROOM / columns))


def _colour(row: int) -> tuple[float, float, float]:
    """Hues a golden section apart, so that any first few are far apart; every seventh row is lighter or darker."""
    shade = row // 7 % len(_LIGHTNESS)
    return colorsys.hls_to_rgb(row * _GOLDEN % 1.0, _LIGHTNESS[shade], _SATURATION[shade])
