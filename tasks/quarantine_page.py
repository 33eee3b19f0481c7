"""What changed at a source that is in quarantine: a page, and a small plot of the nights before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from recognition.audit.sources import Judged
from recognition.vocabulary import SourceFigure, SourceReason

_INK, _ODD, _PALE = "#1f4e79", "#c0392b", "#9aa5b1"
_MOST_PANELS = 6


@dataclass(frozen=True, slots=True)
class KeptOut:
    """How much of a feed waits outside: rows that are sound by themselves, and damaged ones."""

    rows: int
    damaged: int


def quarantine_page(
    source: str,
    crawl_id: str,
    reasons: Sequence[SourceReason],
    judged: Sequence[Judged],
    plot: str,
    kept_out: KeptOut,
) -> str:
    """Markdown: why it is held, what to do, and every figure beside what was expected."""
    odd_first = sorted(judged, key=lambda figure: not figure.odd)
    lines = [
        f"# {source} is in quarantine",
        "",
        f"The crawl `{crawl_id}` is not like those before it: {', '.join(f'`{reason}`' for reason in reasons)}.",
        "Nothing of it was let in: no product, price, picture or label.",
        f"{kept_out.rows} rows of its feed are kept out, {kept_out.damaged} more are damaged.",
        "",
        f"- Is this how the shop is now? `skuloop source release {source}` lets it in, and that is usual from then on.",
        "- Otherwise wait: the next crawl that is normal takes its place by itself.",
        "",
        f"![The figures that changed]({plot})",
        "",
        "| figure | now | usual | may differ by | |",
        "|---|---|---|---|---|",
        *(_row(figure) for figure in odd_first),
    ]
    return "\n".join(lines) + "\n"


def draw_quarantine(source: str, judged: Sequence[Judged], before: Mapping[SourceFigure, Sequence[float]]) -> bytes:
    """PNG: for each figure that is odd, the nights before, the range that was usual, and this crawl."""
    from matplotlib.figure import Figure

    odd = [figure for figure in judged if figure.odd][:_MOST_PANELS]
    paper = Figure(figsize=(7.0, 1.5 * len(odd) + 0.6), layout="constrained")
    paper.suptitle(f"{source}: what changed", x=0.01, ha="left", parse_math=False)
    for axes, figure in zip(paper.subplots(len(odd), squeeze=False)[:, 0], odd, strict=True):
        nights = [*before.get(figure.figure, ()), figure.value]
        if figure.expected is not None and figure.tolerance is not None:
            low, high = figure.expected - figure.tolerance, figure.expected + figure.tolerance
            axes.axhspan(low, high, color=_PALE, alpha=0.25, linewidth=0)
        axes.plot(range(len(nights)), nights, "o-", color=_INK, markersize=4, linewidth=1)
        axes.plot(len(nights) - 1, figure.value, "o", color=_ODD)
        axes.set_ylabel(figure.figure.replace("_", "\n"), rotation=0, ha="right", va="center", fontsize=9)
        axes.set_xticks(range(len(nights)), [*[""] * (len(nights) - 1), "now"])
        axes.spines[["top", "right"]].set_visible(False)
    stream = BytesIO()
    paper.savefig(stream, format="png", dpi=100, metadata={"Software": None})
    return stream.getvalue()


def _row(figure: Judged) -> str:
    mark = f"**{figure.reason}**" if figure.odd else ""
    return (
        f"| {figure.figure} | {figure.value:.3g} | {_number(figure.expected)} | {_number(figure.tolerance)} | {mark} |"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
