"""What growth costs: time and memory of a full retrain and of one prediction, from 1,000 to 50,000 classes.

    python -m benchmarks.recognition_growth [--sizes 1000 2000] [--answers-only] [--fresh]

The embeddings are SIMULATED (`benchmarks.growth_photos`): what is measured is how skuloop grows, not how well it
recognises. Each size has a process of its own for the retrain and another for the predictions. Figures are kept in
benchmarks/out/growth and printed again until `--fresh`. With `--answers-only` no retrain is run: the release that is
asked has class means in the whitened space, and nothing chosen.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.growth_measures import Answering, Cost, Learning
from benchmarks.growth_photos import DIMENSION, SEED, Growth
from benchmarks.growth_worker import MEMORY_LIMIT
from benchmarks.machine import Machine, this_machine
from skuloop.output import console, print_table, say

_SIZES = (Growth(1_000, 50), Growth(2_000, 50), Growth(10_000, 20), Growth(50_000, 5))
_KEPT = Path(__file__).resolve().parent / "out" / "growth"
_WIDTH = 165  # of a terminal that does not say


@dataclass(frozen=True, slots=True)
class Measured:
    """One size, where and when it was measured; `learning` is None where none fits, or none was asked for."""

    growth: Growth
    learning: Learning | None
    answering: Answering
    machine: Machine
    day: str


def main() -> int:
    if not console.is_terminal:
        console.width = _WIDTH
    options = _options()
    found = [
        _measured(growth, fresh=options.fresh, answers_only=options.answers_only)
        for growth in _SIZES
        if growth.classes in options.sizes
    ]
    learned = [(size, size.learning) for size in found if size.learning is not None]
    rows = [_retrain(size, learning, learned[0][1]) for size, learning in learned]
    if rows:
        print_table("A full retrain from cached embeddings", _RETRAIN, rows)
    print_table(
        "One prediction from an opened release, its embedding given", _ANSWER, [_answer(size) for size in found]
    )
    for note in _notes(found):
        console.print(f"- {note}", highlight=False, markup=False)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recognition_growth", description="What growth costs.")
    classes = [growth.classes for growth in _SIZES]
    parser.add_argument("--sizes", type=int, nargs="+", choices=classes, default=classes, help="numbers of classes")
    parser.add_argument("--answers-only", action="store_true", help="measure predictions, and no retrain")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    return parser.parse_args()


def _measured(growth: Growth, *, fresh: bool, answers_only: bool) -> Measured:
    kept = _KEPT / f"{growth.classes}x{growth.photos}{'-answers' if answers_only else ''}.json"
    if fresh or not kept.exists():
        say(f"measuring {growth.classes} classes with {growth.photos} photos each")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(
            json.dumps(asdict(_measure(growth, answers_only=answers_only)), indent=1) + "\n", encoding="utf-8"
        )
    return _read(json.loads(kept.read_text(encoding="utf-8")))


def _measure(growth: Growth, *, answers_only: bool = False) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        if answers_only:
            _work("assemble", growth, folder)
        learning = None if answers_only else _learn(growth, folder)
        answering = Answering(**json.loads(_work("answer", growth, folder)))
    return Measured(growth, learning, answering, this_machine(), datetime.now(UTC).date().isoformat())


def _learn(growth: Growth, folder: str) -> Learning | None:
    """What the retrain costs; None where it needs more memory than it may, and then a release is left all the same."""
    try:
        return _learning(json.loads(_work("learn", growth, folder)))
    except subprocess.CalledProcessError:
        say(f"a retrain at {growth.classes} classes does not fit {MEMORY_LIMIT // 2**30} GiB: predictions alone")
        _work("assemble", growth, folder)
        return None


def _work(what: str, growth: Growth, folder: str) -> bytes:
    command = [sys.executable, "-m", "benchmarks.growth_worker", what, str(growth.classes), str(growth.photos), folder]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603


def _read(document: dict[str, Any]) -> Measured:
    return Measured(
        Growth(**document["growth"]),
        None if document["learning"] is None else _learning(document["learning"]),
        Answering(**document["answering"]),
        Machine(**document["machine"]),
        document["day"],
    )


def _learning(document: dict[str, Any]) -> Learning:
    steps = {name: Cost(**document[name]) for name in ("train", "calibrate", "evaluate", "baselines")}
    return Learning(**document | steps)


_RETRAIN = (
    "classes", "photos", "train", "calibrate", "evaluate", "flat baselines", "in all", "on all cores", "growth",
    "memory before", "peak", "superclasses", "chosen", "top-1", "best flat",
)  # fmt: skip
_ANSWER = ("classes", "release", "opened in", "one prediction", "one in twenty above", "peak memory")


def _retrain(size: Measured, learning: Learning, smallest: Learning) -> Sequence[str]:
    return (
        f"{size.growth.classes:,}",
        f"{size.growth.classes * size.growth.photos:,}",
        *(f"{step.seconds:.1f} s" for step in (learning.train, learning.calibrate, learning.evaluate)),
        f"{learning.baselines.seconds:.1f} s",
        f"{learning.whole.seconds:.0f} s",
        f"{learning.whole.cpu_seconds:.0f} s",
        f"x {learning.whole.cpu_seconds / smallest.whole.cpu_seconds:.1f}",
        _gib(learning.start),
        _gib(learning.whole.peak),
        str(learning.superclasses),
        learning.method,
        f"{learning.top1:.3f}",
        f"{learning.best_baseline:.3f}",
    )


def _answer(size: Measured) -> Sequence[str]:
    answering = size.answering
    return (
        f"{size.growth.classes:,}",
        f"{answering.size / 2**20:.1f} MiB",
        f"{answering.opening:.2f} s",
        f"{answering.median * 1000:.1f} ms",
        f"{answering.slowest_of_twenty * 1000:.1f} ms",
        _gib(answering.peak),
    )


def _notes(found: Sequence[Measured]) -> list[str]:
    photos = ", ".join(f"{size.growth.photos} photos a class at {size.growth.classes:,}" for size in found)
    simulated = (
        f"SIMULATED embeddings, {DIMENSION} dimensions, seed {SEED}: look-alike families with near twins, bursts of "
        f"photos, clutter shared by all classes; {photos}, fewer where there are more classes so that memory bears "
        "them; one holdout photo for every ten. The accuracies only show that the task is neither trivial nor hopeless."
    )
    columns = (
        f"A process may hold {MEMORY_LIMIT // 2**30} GiB. 'On all cores' are CPU seconds and 'growth' their ratio to "
        "the first row: other programs run too, and CPU seconds suffer less from them than the clock does."
    )
    return [simulated, columns, *(f"{size.growth.classes:,} classes: {_where(size)}" for size in found)]


def _where(size: Measured) -> str:
    machine = size.machine
    told = "" if size.learning else "; no retrain: class means in the whitened space are asked"
    return (
        f"{machine.cpu}, {machine.cores} cores, no GPU used; load over 15 minutes {machine.load:.1f}; {size.day}{told}"
    )


def _gib(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"


if __name__ == "__main__":
    sys.exit(main())
