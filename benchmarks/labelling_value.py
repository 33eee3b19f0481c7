"""What choosing questions is worth: accuracy against answers, for our queue and its peers. Behind docs/benchmarks.md.

    python -m benchmarks.labelling_value [--datasets parts grocery] [--draws 1] [--errors 0 0.05 0.1] [--fresh]

A shop's catalogue photos teach the first release; camera photos wait without a label, some of them of products that the
shop does not list. Night after night each queue has the same number of answers by simulated people, then a release is
trained and asked about the test photos. Queue, training and verdicts are those of the loop; the encoder is a frozen
supervised ViT-Tiny, its vectors cut to 192 axes, heads are class means. The queue was tuned on draws 0 and 1 with the
development photos alone; these are other draws, and the test photos. Who makes no mistake says of a mixed group that it
is not one product, which costs an answer. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.labelling_course import Course, Point, Queue, run_course
from benchmarks.labelling_pool import Pool, grocery_pool, parts_pool
from benchmarks.machine import this_machine
from skuloop.output import console, print_table
from tasks.settings import shared_data

_OUT = Path(__file__).resolve().parent / "out" / "labelling"
_FIRST_DRAW = 10  # the others were tuned on
_NIGHTS = 8


@dataclass(frozen=True)
class Setting:
    """A dataset, and how many answers a night has."""

    pool: Callable[[int], Pool]
    budget: int


@dataclass(frozen=True)
class Curve:
    """One course.

    Attributes:
        points: its course.
        about_new: answers about new products.
        new_labelled: photos of new products that have a label.
    """

    dataset: str
    queue: Queue
    error_rate: float
    draw: int
    points: tuple[Point, ...]
    about_new: int
    new_labelled: int

    def answers_to(self, accuracy: float) -> float | None:
        """Answers until the accuracy is reached first, between two nights in proportion; None where it never is."""
        above = [place for place, point in enumerate(self.points) if point.accuracy >= accuracy]
        if not above:
            return None
        if above[0] == 0:
            return 0.0
        before, after = self.points[above[0] - 1], self.points[above[0]]
        share = (accuracy - before.accuracy) / (after.accuracy - before.accuracy)
        return before.answers + share * (after.answers - before.answers)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["parts", "grocery"], choices=["parts", "even", "grocery"])
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--errors", type=float, nargs="+", default=[0.0, 0.05, 0.1])
    parser.add_argument("--fresh", action="store_true", help="run courses again that were run before")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 150
    for dataset in chosen.datasets:
        curves = [
            _course(dataset, queue, error, draw, fresh=chosen.fresh)
            for error in chosen.errors
            for draw in range(_FIRST_DRAW, _FIRST_DRAW + chosen.draws)
            for queue in Queue
        ]
        _show(dataset, curves)
        _draw(dataset, curves)
    return 0


def _settings() -> dict[str, Setting]:
    shared = shared_data()
    return {
        "parts": Setting(lambda draw: parts_pool(shared, draw, test=True), 150),
        "even": Setting(lambda draw: parts_pool(shared, draw, test=True, long_tail=False), 150),
        "grocery": Setting(lambda draw: grocery_pool(shared, draw, test=True), 75),
    }


def _course(dataset: str, queue: Queue, error: float, draw: int, *, fresh: bool) -> Curve:
    """The course, run unless it was run before."""
    path = _OUT / f"{dataset}-{queue.name.lower()}-{error:.2f}-{draw}.json"
    if fresh or not path.exists():
        setting = _settings()[dataset]
        course = run_course(setting.pool(draw), queue, error, draw, _NIGHTS, setting.budget)
        _keep(path, course)
        print(f"{path.stem}: {course.points[-1].accuracy:.3f}", file=sys.stderr, flush=True)
    kept = json.loads(path.read_text(encoding="utf-8"))
    points = tuple(Point(**point) for point in kept["points"])
    return Curve(dataset, queue, error, draw, points, kept["about_new"], kept["new_labelled"])


def _keep(path: Path, course: Course) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "points": [asdict(point) for point in course.points],
        "about_new": course.answers_about_new,
        "new_labelled": len(course.new_labelled),
    }
    path.write_text(json.dumps(found), encoding="utf-8")


_COLUMNS = (
    *("wrong answers", "queue", "at first", "at half", "at the end", "labels", "wrong labels"),
    *("answers for what random reaches", "random needs", "ratio", "answers per photo of a new product"),
)


def _show(dataset: str, curves: Sequence[Curve]) -> None:
    machine = this_machine()
    draws = len({curve.draw for curve in curves})
    title = f"{dataset}: top-1 on test photos, mean of {draws} draws ({machine.cpu}, {machine.cores} cores)"
    rows = [
        _row(error, queue, [curve for curve in curves if (curve.error_rate, curve.queue) == (error, queue)], curves)
        for error in sorted({curve.error_rate for curve in curves})
        for queue in Queue
    ]
    print_table(title, _COLUMNS, rows)


def _row(error: float, queue: Queue, ours: Sequence[Curve], curves: Sequence[Curve]) -> tuple[str, ...]:
    """Of each draw, the answers for the accuracy that random has at the end of the same draw."""
    random = {curve.draw: curve for curve in curves if (curve.error_rate, curve.queue) == (error, Queue.RANDOM)}
    goals = {draw: curve.points[-1].accuracy for draw, curve in random.items()}
    needed = [curve.answers_to(goals[curve.draw]) for curve in ours]
    theirs = [random[curve.draw].answers_to(goals[curve.draw]) for curve in ours]
    ratios = [b / a for a, b in zip(needed, theirs, strict=True) if a and b]
    return (
        f"{error:.0%}",
        queue.value,
        *(f"{_mean(curve.points[at].accuracy for curve in ours):.3f}" for at in (0, _NIGHTS // 2, -1)),
        f"{_mean(curve.points[-1].labels for curve in ours):.0f}",
        f"{_mean(curve.points[-1].wrong_labels for curve in ours):.0f}",
        "not reached" if None in needed else f"{_mean(each for each in needed if each is not None):.0f}",
        f"{_mean(each for each in theirs if each is not None):.0f}",
        f"{_mean(ratios):.2f}" if len(ratios) == len(ours) else "",
        f"{sum(curve.about_new for curve in ours) / max(1, sum(curve.new_labelled for curve in ours)):.2f}",
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _draw(dataset: str, curves: Sequence[Curve]) -> None:
    """A panel for each share of wrong answers, into benchmarks/out/labelling."""
    from matplotlib.figure import Figure

    errors = sorted({curve.error_rate for curve in curves})
    figure = Figure(figsize=(5 * len(errors), 4), layout="constrained")
    for place, error in enumerate(errors, 1):
        axes = figure.add_subplot(1, len(errors), place)
        for queue in Queue:
            same = [curve.points for curve in curves if (curve.error_rate, curve.queue) == (error, queue)]
            answers = np.mean([[point.answers for point in points] for points in same], axis=0)
            axes.plot(answers, np.mean([[point.accuracy for point in points] for points in same], axis=0), label=queue)
        axes.set_title(f"{error:.0%} of answers are wrong")
        axes.set_xlabel("answers")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel(f"top-1 on test photos, {dataset}")
    figure.axes[0].legend()
    figure.savefig(_OUT / f"{dataset}.png", dpi=100)


if __name__ == "__main__":
    sys.exit(main())
