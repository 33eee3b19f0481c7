"""The plots of a run's report, each a PNG; None where there is nothing to draw yet."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Sequence[tuple[Any, ...]]

_SURE, _UNSURE, _UNSEEN, _INK, _PALE = "#2f7d4f", "#d69a2d", "#a33b3b", "#1f4e79", "#9aa5b1"
_MOST_TICKS = 12


def draw_shares(rows: Rows) -> bytes | None:
    """Rows: began_at, night, judged, sure, unsure, unseen, asked, manual_share."""
    rows = [row for row in rows if row[2]]
    if not rows:
        return None

    from matplotlib.ticker import MaxNLocator

    def draw(axes: "Axes") -> None:
        bottom = [0] * len(rows)
        for place, name, colour in ((3, "sure", _SURE), (4, "unsure", _UNSURE), (5, "unseen", _UNSEEN)):
            heights = [row[place] for row in rows]
            axes.bar(range(len(rows)), heights, bottom=bottom, label=name, color=colour, width=0.6)
            bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
        axes.set_ylabel("photos")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        share = axes.twinx()
        share.plot(range(len(rows)), [row[7] for row in rows], "o-", color=_INK, label="manual share")
        share.set_ylim(0, 1.05)
        share.set_ylabel("manual share")
        share.spines["top"].set_visible(False)
        _ticks(axes, [str(row[1]) for row in rows])
        lines, names = axes.get_legend_handles_labels()
        more, named = share.get_legend_handles_labels()
        axes.legend(
            lines + more, names + named, ncols=4, fontsize=8, loc="upper left", bbox_to_anchor=(0, 1.16), frameon=False
        )

    return _drawn(draw)


def draw_tiers(rows: Rows) -> bytes | None:
    """Rows: decided_at, trained, gallery, quarantined."""
    if not rows:
        return None

    from matplotlib.ticker import MaxNLocator

    def draw(axes: "Axes") -> None:
        for place, name, colour in ((1, "trained", _SURE), (2, "gallery", _UNSURE), (3, "quarantined", _UNSEEN)):
            axes.plot(range(len(rows)), [row[place] for row in rows], "o-", label=name, color=colour, markersize=4)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("classes")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        _ticks(axes, [f"{row[0]:%m-%d %H:%M}" for row in rows])
        axes.legend(ncols=3, fontsize=8, loc="upper left", bbox_to_anchor=(0, 1.16), frameon=False)

    return _drawn(draw)


def draw_promise(rows: Rows) -> bytes | None:
    """Rows: night, promised, realised, low, high, checked."""
    if not rows:
        return None

    def draw(axes: "Axes") -> None:
        for place, (_, promised, realised, low, high, checked) in enumerate(rows):
            axes.plot([place, place], [low, high], color=_PALE, linewidth=3)
            axes.plot(place, realised, "o", color=_INK)
            axes.annotate(f"of {checked}", (place, high), ha="center", va="bottom", fontsize=7, color=_INK)
            if promised is not None:
                axes.plot(
                    [place - 0.3, place + 0.3], [promised, promised], color=_UNSEEN, label="" if place else "promised"
                )
        axes.set_ylim(0, 1.12)
        axes.set_ylabel("right among the sure")
        _ticks(axes, [str(row[0]) for row in rows])
        axes.legend(fontsize=8, loc="lower left", frameon=False)

    return _drawn(draw)


def draw_drift(rows: Rows) -> bytes | None:
    """Rows: night, figure, photos, median, reference_median, psi, psi_by_chance."""
    nights = list(dict.fromkeys(str(row[0]) for row in rows))
    if len(nights) < 2:
        return None

    def draw(axes: "Axes") -> None:
        for figure in sorted({str(row[1]) for row in rows}):
            points = [(nights.index(str(row[0])), row[5]) for row in rows if row[1] == figure]
            axes.plot(*zip(*points, strict=True), "o-", label=figure, markersize=4)
        chance = {str(row[0]): row[6] for row in rows}
        axes.plot(range(len(nights)), [chance[night] for night in nights], ":", color=_PALE, label="by chance")
        axes.axhline(0.25, color=_UNSEEN, linewidth=1)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("PSI")
        _ticks(axes, nights)
        axes.legend(ncols=5, fontsize=8, loc="upper left", bbox_to_anchor=(0, 1.16), frameon=False)

    return _drawn(draw)


def draw_stages(rows: Rows) -> bytes | None:
    """Rows: stage, seconds, summary."""
    if not rows:
        return None

    def draw(axes: "Axes") -> None:
        names, seconds = [str(row[0]) for row in rows], [float(row[1]) for row in rows]
        axes.barh(range(len(rows)), seconds, color=_INK, height=0.6)
        axes.set_yticks(range(len(rows)), names, fontsize=8, parse_math=False)
        axes.invert_yaxis()
        axes.set_xlabel("seconds")
        for place, value in enumerate(seconds):
            axes.annotate(f" {value:.1f}", (value, place), va="center", fontsize=7)

    return _drawn(draw)


def _drawn(draw: Any) -> bytes:
    from matplotlib.figure import Figure

    paper = Figure(figsize=(9.0, 2.9), layout="constrained")
    axes = paper.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    axes.margins(x=0.08)
    stream = BytesIO()
    paper.savefig(stream, format="png", dpi=100, metadata={"Software": None})
    return stream.getvalue()


def _ticks(axes: "Axes", names: Sequence[str]) -> None:
    """At most a dozen names: more cannot be read."""
    step = -(-len(names) // _MOST_TICKS)
    axes.set_xticks(range(0, len(names), step), names[::step], fontsize=8, parse_math=False)
