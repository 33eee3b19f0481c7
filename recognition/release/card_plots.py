"""The plots of a release's card: what confidence is worth, and which classes it fails."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from recognition.release.report import Report

if TYPE_CHECKING:  # drawing is lazy: only the cycle draws
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RISK_COVERAGE = "risk-coverage.png"
RELIABILITY = "reliability.png"
CLASSES = "classes.png"
_INCHES = (7.0, 4.5)
_INK, _ACCENT, _PALE = "#1f4e79", "#c0392b", "#9aa5b1"
_MOST_NAMED = 12


def draw_card_plots(report: Report, promised: float) -> Mapping[str, bytes]:
    """PNG files by name.

    Args:
        report: what was measured.
        promised: precision that sure answers promise.
    """
    return {
        RISK_COVERAGE: _png(_risk_coverage(report, promised)),
        RELIABILITY: _png(_reliability(report)),
        CLASSES: _png(_classes(report)),
    }


def _risk_coverage(report: Report, promised: float) -> "Figure":
    figure, axes = _paper("How many answers are wrong, the most confident first?")
    curve, overall = report.curve, report.overall
    axes.step(curve.coverage, curve.risk, where="post", color=_INK)
    axes.axhline(1 - promised, color=_PALE, linestyle="--", label=f"promised: {1 - promised:.1%} wrong at most")
    if overall.sure_precision is not None:
        risk = 1 - overall.sure_precision
        label = f"sure: {overall.coverage:.0%} answered, {risk:.1%} of them wrong"
        axes.plot([overall.coverage], [risk], "o", color=_ACCENT, label=label, clip_on=False)
    axes.legend(loc="upper left", frameon=False)
    axes.set(xlabel="share of holdout photos answered", ylabel="share of the answers that is wrong", xlim=(0, 1))
    axes.set_ylim(0, max(float(curve.risk.max()), 1 - promised) * 1.3 + 0.01)
    return figure


def _reliability(report: Report) -> "Figure":
    figure, axes = _paper("Is confidence what comes true?")
    found = report.reliability
    axes.plot([0, 1], [0, 1], color=_PALE, linestyle="--")
    spread = 1.96 * np.sqrt(np.maximum(found.came * (1 - found.came), 0.25 / found.photos) / found.photos)
    low, high = np.minimum(spread, found.came), np.minimum(spread, 1 - found.came)
    axes.errorbar(found.said, found.came, yerr=[low, high], fmt="o-", color=_INK, ecolor=_PALE, capsize=2)
    axes.annotate(
        f"mean distance {found.error:.3f}\n{len(found.said)} bins of {int(found.photos.mean())} photos",
        (0.03, 0.97),
        xycoords="axes fraction",
        va="top",
    )
    axes.set(xlabel="confidence", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1.02))
    return figure


def _classes(report: Report) -> "Figure":
    """A histogram of the accuracy of the classes, and the worst of them by name."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = _paper("How many products are recognised how well?")
    accuracies = np.array([of.top1 for of in report.classes])
    axes.hist(accuracies, bins=np.linspace(0, 1, 11).tolist(), color=_INK, edgecolor="white")
    axes.set(xlabel="share of the product's holdout photos that is right", ylabel="products", xlim=(0, 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    worst = [of for of in report.classes if of.top1 < 1][:_MOST_NAMED]
    if worst:
        lines = [f"{_short(of.sku)}  {round(of.top1 * of.photos)} of {of.photos}" for of in worst]
        axes.text(
            1.03,
            1.0,
            "\n".join(["the worst:", *lines]),
            transform=axes.transAxes,
            va="top",
            fontsize=8,
            parse_math=False,
        )
    return figure


def _short(sku: str) -> str:
    return sku if len(sku) <= 28 else f"{sku[:13]}…{sku[-14:]}"


def _paper(title: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: "Figure") -> bytes:
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=100, metadata={"Software": None})
    return stream.getvalue()
