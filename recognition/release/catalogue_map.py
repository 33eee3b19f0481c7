"""The picture of the catalogue: every class at its place on a UMAP of the prototypes, framed by superclass and tier."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.heads.class_map import umap_positions
from recognition.heads.scoring import Heads
from recognition.heads.superclasses import FEWEST_CLASSES
from recognition.vocabulary import Tier

if TYPE_CHECKING:  # drawing is lazy: only the cycle draws
    from matplotlib.axes import Axes

MOST_PICTURES = 400  # above, pictures would be too small to see: dots at their true places
_INCHES = (13.0, 9.0)
_ROOM = 1.5  # cells per class; the spare ones let groups stand apart
_Dashes = tuple[float, tuple[float, ...]]
_TIER_STYLE: Mapping[Tier, tuple[_Dashes, float]] = {Tier.TRAINED: ((0, ()), 2.4), Tier.GALLERY: ((0, (1, 2)), 1.6)}


def draw_catalogue_map(
    heads: Heads, superclass_names: Mapping[int, str], thumbnails: Mapping[str, Image.Image], title: str, seed: int = 0
) -> bytes:
    """A PNG of the map.

    Neighbours on the picture are neighbours for the recogniser; distances are not to scale where pictures are shown,
    because each class is moved to the nearest free cell of a grid.

    Args:
        heads: whose prototypes are placed.
        superclass_names: by superclass row.
        thumbnails: one picture for as many SKUs as there are.
        title: above the map.
        seed: for UMAP.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=15)
    axes.set_axis_off()
    positions, colours = _positions(heads, seed), _colours(len(superclass_names))
    if len(heads.classes) <= MOST_PICTURES:
        cells = _nearest_free_cells(positions)
        _draw_pictures(axes, heads, cells, colours, thumbnails)
    else:
        across, up = positions.T
        axes.scatter(across, up, s=6, c=colours[heads.superclass_of])
    _draw_legend(axes, heads, superclass_names, colours)
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=100, bbox_inches="tight")
    return stream.getvalue()


def _positions(heads: Heads, seed: int) -> NDArray[np.float32]:
    if len(heads.classes) >= FEWEST_CLASSES:
        return umap_positions(heads.prototypes, dimensions=2, seed=seed)
    return np.stack([np.arange(len(heads.classes)), np.zeros(len(heads.classes))], axis=1).astype(np.float32)


def _nearest_free_cells(positions: NDArray[np.float32]) -> NDArray[np.float64]:
    """[c, 2] cell of each class on a grid, all different, moving the classes as little as possible in all."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    columns = int(np.ceil(np.sqrt(len(positions) * _ROOM * _INCHES[0] / _INCHES[1])))
    rows = int(np.ceil(len(positions) * _ROOM / columns))
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(np.float64)
    span = np.ptp(positions, axis=0)
    scaled = (positions - positions.min(axis=0)) / np.where(span > 0, span, 1) * [columns - 1, rows - 1]
    _, cell = linear_sum_assignment(cdist(scaled, grid, "sqeuclidean"))
    return np.asarray(grid[cell], dtype=np.float64)


def _colours(count: int) -> NDArray[np.float64]:
    """[count, 4] RGBA colours as far apart as a qualitative map gives."""
    from matplotlib import colormaps

    return np.asarray(colormaps["tab20"](np.arange(max(count, 1)) % 20), dtype=np.float64)


def _draw_pictures(
    axes: "Axes",
    heads: Heads,
    cells: NDArray[np.float64],
    colours: NDArray[np.float64],
    thumbnails: Mapping[str, Image.Image],
) -> None:
    from matplotlib.patches import Rectangle

    for row, sku in enumerate(heads.classes):
        left, bottom = cells[row] - 0.44
        if sku in thumbnails:
            picture = _square(thumbnails[sku])
            axes.imshow(
                picture, extent=(left, left + 0.88, bottom, bottom + 0.88), zorder=2, interpolation="antialiased"
            )
        style, width = _TIER_STYLE[heads.tiers[row]]
        frame = Rectangle((left, bottom), 0.88, 0.88, fill=False, zorder=3)
        frame.set(edgecolor=tuple(colours[heads.superclass_of[row]]), linestyle=style, linewidth=width)
        axes.add_patch(frame)
    axes.set_xlim(cells[:, 0].min() - 0.6, cells[:, 0].max() + 0.6)
    axes.set_ylim(cells[:, 1].min() - 0.6, cells[:, 1].max() + 0.6)
    axes.set_aspect("equal")


def _square(picture: Image.Image, side: int = 96) -> NDArray[np.uint8]:
    """The whole picture on a white square."""
    small = picture.convert("RGB")
    small.thumbnail((side, side))
    paper = Image.new("RGB", (side, side), "white")
    paper.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return np.asarray(paper)


def _draw_legend(axes: "Axes", heads: Heads, superclass_names: Mapping[int, str], colours: NDArray[np.float64]) -> None:
    """Superclasses by colour, largest first; tiers by the style of the frame."""
    from matplotlib.lines import Line2D

    sizes = np.bincount(heads.superclass_of, minlength=len(superclass_names))
    largest = sorted(superclass_names, key=lambda row: (-sizes[row], row))[:24]
    handles = [Line2D([], [], marker="s", linestyle="", markersize=10, color=tuple(colours[row])) for row in largest]
    for handle, row in zip(handles, largest, strict=True):
        handle.set_label(f"{superclass_names[row]} ({sizes[row]})")
    handles += [
        Line2D(
            [], [], color="black", linestyle=style, linewidth=width, label=f"{tier.value} ({heads.tiers.count(tier)})"
        )
        for tier, (style, width) in _TIER_STYLE.items()
    ]
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, title="superclass (products)"
    )
