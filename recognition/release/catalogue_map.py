"""The picture of the catalogue: every class at its place on a UMAP of the prototypes, coloured by superclass."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.heads.scoring import Heads
from recognition.heads.superclasses import FEWEST_CLASSES, umap_positions
from recognition.vocabulary import Tier

if TYPE_CHECKING:  # drawing is lazy: only the cycle draws
    from matplotlib.axes import Axes

_MOST_THUMBNAILS = 150
_SIDE_INCHES = 12.0


def draw_catalogue_map(
    heads: Heads, superclass_names: Mapping[int, str], thumbnails: Mapping[str, Image.Image], title: str, seed: int = 0
) -> bytes:
    """A PNG of the map.

    Args:
        heads: whose prototypes are placed.
        superclass_names: by superclass row.
        thumbnails: one picture for as many SKUs as there are; the rest are dots.
        title: above the map.
        seed: for UMAP.
    """
    from matplotlib.figure import Figure

    positions = _positions(heads, seed)
    figure = Figure(figsize=(_SIDE_INCHES, _SIDE_INCHES * 0.8), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=14)
    axes.set_axis_off()
    axes.margins(0.08)
    colours = _colours(len(superclass_names))
    for tier, marker in ((Tier.TRAINED, "o"), (Tier.GALLERY, "^")):
        of_tier = np.array([found is tier for found in heads.tiers])
        across, up = positions[of_tier].T
        colour = colours[heads.superclass_of[of_tier]]
        axes.scatter(across, up, marker=marker, s=60, c=colour, label=tier.value, zorder=1)
    _draw_thumbnails(axes, heads, positions, colours, thumbnails)
    for row, name in superclass_names.items():
        centre = positions[heads.superclass_of == row].mean(axis=0)
        axes.annotate(
            name,
            centre,
            xytext=(0, 34),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            bbox={"boxstyle": "round,pad=0.3", "fc": "white", "ec": tuple(colours[row]), "alpha": 0.85},
            zorder=4,
        )
    axes.legend(loc="lower right", title="tier", frameon=False)
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()


def _positions(heads: Heads, seed: int) -> NDArray[np.float32]:
    if len(heads.classes) >= FEWEST_CLASSES:
        return umap_positions(heads.prototypes, dimensions=2, seed=seed)
    angles = np.linspace(0, 2 * np.pi, len(heads.classes), endpoint=False)  # too few for a map: a ring
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def _colours(count: int) -> NDArray[np.float64]:
    from matplotlib import colormaps

    return np.asarray(colormaps["tab20"](np.arange(max(count, 1)) % 20), dtype=np.float64)


def _draw_thumbnails(
    axes: "Axes",
    heads: Heads,
    positions: NDArray[np.float32],
    colours: NDArray[np.float64],
    thumbnails: Mapping[str, Image.Image],
) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    size = 44 if len(heads.classes) <= 60 else 26
    shown = [row for row, sku in enumerate(heads.classes) if sku in thumbnails][:_MOST_THUMBNAILS]
    for row in shown:
        picture = thumbnails[heads.classes[row]].convert("RGB").resize((size, size))
        frame = {"edgecolor": tuple(colours[heads.superclass_of[row]]), "linewidth": 2, "boxstyle": "square,pad=0.1"}
        box = AnnotationBbox(
            OffsetImage(np.asarray(picture), zoom=1.0), positions[row], bboxprops=frame, pad=0.1, zorder=3
        )
        axes.add_artist(box)
