"""The picture of the catalogue: every class at its place on a UMAP of the prototypes, by superclass and tier."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.release.catalogue_places import ASPECT, CataloguePlaces
from recognition.vocabulary import Tier

if TYPE_CHECKING:  # drawing is lazy: only the cycle draws
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

MOST_PICTURES = 400  # above, pictures would be too small to see: dots
_HEIGHT = 9.0  # inches
_LABELS = 40  # superclasses, the largest first, whose names are written among the dots
_LEGEND = 24
_Dashes = tuple[float, tuple[float, ...]]
_TIER_STYLE: Mapping[Tier, tuple[_Dashes, float]] = {Tier.TRAINED: ((0, ()), 2.4), Tier.GALLERY: ((0, (1, 2)), 1.6)}


def draw_catalogue_map(catalogue: CataloguePlaces, thumbnails: Mapping[str, Image.Image], title: str) -> bytes:
    """A PNG of the map: pictures of up to `MOST_PICTURES` products, or dots with the names of the larger superclasses.

    Args:
        catalogue: what stands where.
        thumbnails: one picture for as many SKUs as there are.
        title: above the map.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_HEIGHT * ASPECT, _HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=15)
    axes.set_axis_off()
    axes.set_aspect("equal")
    if len(catalogue.classes) <= MOST_PICTURES:
        _draw_pictures(axes, catalogue, thumbnails)
    else:
        _draw_dots(axes, catalogue)
    _draw_legend(axes, catalogue)
    if len(catalogue.classes) > MOST_PICTURES:
        _write_names(figure, axes, catalogue)
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=100, bbox_inches="tight")
    return stream.getvalue()


def _draw_pictures(axes: "Axes", catalogue: CataloguePlaces, thumbnails: Mapping[str, Image.Image]) -> None:
    from matplotlib.patches import Rectangle

    cells = catalogue.cells
    for row, sku in enumerate(catalogue.classes):
        left, bottom = cells[row] - 0.44
        if sku in thumbnails:
            picture = np.asarray(square(thumbnails[sku], 96))
            axes.imshow(
                picture, extent=(left, left + 0.88, bottom, bottom + 0.88), zorder=2, interpolation="antialiased"
            )
        style, width = _TIER_STYLE[catalogue.tiers[row]]
        frame = Rectangle((left, bottom), 0.88, 0.88, fill=False, zorder=3)
        frame.set(edgecolor=tuple(catalogue.colours[catalogue.superclass_of[row]]), linestyle=style, linewidth=width)
        axes.add_patch(frame)
    axes.set_xlim(cells[:, 0].min() - 0.6, cells[:, 0].max() + 0.6)
    axes.set_ylim(cells[:, 1].min() - 0.6, cells[:, 1].max() + 0.6)


def square(picture: Image.Image, side: int) -> Image.Image:
    """The whole picture on a white square of `side` pixels."""
    small = picture.convert("RGB")
    small.thumbnail((side, side))
    paper = Image.new("RGB", (side, side), "white")
    paper.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return paper


def _draw_dots(axes: "Axes", catalogue: CataloguePlaces) -> None:
    """Full dots for trained classes, rings for the others."""
    across, up = catalogue.cells.T
    colours = catalogue.colours[catalogue.superclass_of]
    trained = np.array([tier is Tier.TRAINED for tier in catalogue.tiers])
    size = float(np.clip(120_000 / len(catalogue.classes), 5.0, 60.0))
    axes.scatter(across[trained], up[trained], s=size, c=colours[trained], linewidths=0)
    ring = {"facecolors": "none", "edgecolors": colours[~trained], "linewidths": np.sqrt(size) / 7}
    axes.scatter(across[~trained], up[~trained], s=size * 0.7, **ring)


def _write_names(figure: "Figure", axes: "Axes", catalogue: CataloguePlaces) -> None:
    """Names at the middle of their superclass, the largest first, none over another."""
    from matplotlib.patheffects import withStroke

    figure.draw_without_rendering()  # the layout must stand before it can be told what would cover what
    taken: list[Text] = []
    for row in catalogue.by_size[:_LABELS]:
        across, up = _middle(catalogue.cells[catalogue.superclass_of == row])
        text = axes.text(across, up, catalogue.names[row], fontsize=8, ha="center", va="center", weight="bold")
        text.set(color=tuple(0.55 * catalogue.colours[row]), path_effects=[withStroke(linewidth=3, foreground="white")])
        box = text.get_window_extent()
        if any(box.overlaps(other.get_window_extent()) for other in taken):
            text.remove()
        else:
            taken.append(text)


def _middle(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """[2] the cell of those given that is nearest to their median: always in the midst of some of them."""
    return np.asarray(cells[np.abs(cells - np.median(cells, axis=0)).sum(axis=1).argmin()])


def _draw_legend(axes: "Axes", catalogue: CataloguePlaces) -> None:
    """Superclasses by colour, largest first; tiers by the style of the frame."""
    from matplotlib.lines import Line2D

    handles = []
    for row in catalogue.by_size[:_LEGEND]:
        label = f"{catalogue.names[row]} ({catalogue.sizes[row]})"
        colour = tuple(catalogue.colours[row])
        handles.append(Line2D([], [], marker="s", linestyle="", markersize=10, color=colour, label=label))
    if len(catalogue.names) > _LEGEND:
        handles.append(Line2D([], [], linestyle="", label=f"and {len(catalogue.names) - _LEGEND} smaller ones"))
    handles += [_tier_handle(tier, catalogue) for tier in _TIER_STYLE]
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, title="superclass (products)"
    )


def _tier_handle(tier: Tier, catalogue: CataloguePlaces) -> "Line2D":
    """How the tier is shown: a frame around pictures, a full or a hollow dot."""
    from matplotlib.lines import Line2D

    label = f"{tier.value} ({catalogue.tiers.count(tier)})"
    if len(catalogue.classes) <= MOST_PICTURES:
        style, width = _TIER_STYLE[tier]
        return Line2D([], [], color="black", linestyle=style, linewidth=width, label=label)
    fill = "black" if tier is Tier.TRAINED else "none"
    return Line2D([], [], color="black", marker="o", linestyle="", markerfacecolor=fill, label=label)
