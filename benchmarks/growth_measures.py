"""What one size of catalogue costs. Each function is called in a process of its own, whose peak memory is then its own.

The embeddings are SIMULATED (`benchmarks.growth_photos`); training, calibration, evaluation and answers are skuloop's.
"""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.growth_photos import Growth, SimulatedCatalogue, simulate
from recognition.audit.tiers import TierPolicy
from recognition.heads.baselines import baseline_predictions
from recognition.heads.training import TrainedHeads, TrainingPolicy, train_heads
from recognition.release.bundle import ReleaseContent, open_bundle, write_bundle
from recognition.release.evaluation import evaluate
from recognition.release.manifest import EncoderIdentity
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import calibrate
from recognition.triage.thresholds import Thresholds
from recognition.vocabulary import Tier

RELEASE, _QUERIES = "growth", "queries.npy"
_ANSWERS = 200
_ENCODER = "simulated"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step took.

    Attributes:
        seconds: on the clock, which runs on while other programs have the machine.
        cpu_seconds: of all cores together, which hardly does.
        peak: largest memory of the process so far, in bytes.
    """

    seconds: float
    cpu_seconds: float
    peak: int


@dataclass(frozen=True, slots=True)
class Learning:
    """A full retrain from cached embeddings, step by step.

    Attributes:
        start: largest memory before the first step, in bytes: the libraries and the embeddings.
        baselines: the flat baselines on the same holdout.
        superclasses: how many were found.
        method: what validation chose.
        best_baseline: top-1 accuracy of the best of the flat baselines.
    """

    start: int
    train: Cost
    calibrate: Cost
    evaluate: Cost
    baselines: Cost
    superclasses: int
    method: str
    top1: float
    best_baseline: float

    @property
    def whole(self) -> Cost:
        """The whole retrain."""
        steps = (self.train, self.calibrate, self.evaluate, self.baselines)
        seconds, cpu_seconds = sum(step.seconds for step in steps), sum(step.cpu_seconds for step in steps)
        return Cost(seconds, cpu_seconds, steps[-1].peak)


@dataclass(frozen=True, slots=True)
class Answering:
    """One prediction at a time from an opened release; its embedding is given.

    Attributes:
        size: of the release, in bytes.
        opening: seconds to verify and open it.
        median: seconds of one prediction.
        slowest_of_twenty: seconds that one in twenty predictions exceeds.
        peak: largest memory of the process, in bytes.
    """

    size: int
    opening: float
    median: float
    slowest_of_twenty: float
    peak: int


def learn(growth: Growth, folder: Path) -> Learning:
    """Retrain, and leave in `folder` the release and some photos to ask it about."""
    catalogue = simulate(growth)
    enough = growth.photos >= TierPolicy().trained_minimum
    tiers = dict.fromkeys(catalogue.train.classes, Tier.TRAINED if enough else Tier.GALLERY)
    start = _peak()
    trained, training = _timed(lambda: train_heads(catalogue.train, tiers))
    thresholds, calibration = _timed(lambda: calibrate(trained))
    recogniser = Recogniser.of_heads(trained.heads, thresholds, _ENCODER)
    found, evaluation = _timed(lambda: evaluate(recogniser.recognise(catalogue.vectors, _ENCODER), catalogue.skus))
    flat, baselines = _timed(lambda: baseline_predictions(catalogue.train, catalogue.vectors))
    if found is None:
        raise RuntimeError("without holdout photos there is nothing to measure")
    _write(trained, thresholds, catalogue, folder)
    return Learning(
        start=start,
        train=training,
        calibrate=calibration,
        evaluate=evaluation,
        baselines=baselines,
        superclasses=int(trained.heads.superclass_of.max()) + 1,
        method=trained.chosen.method,
        top1=found.top1,
        best_baseline=max(_accuracy(rows, catalogue) for rows in flat.values()),
    )


def assemble(growth: Growth, folder: Path) -> None:
    """Leave the same in `folder` where a retrain does not fit: class means, and nothing chosen or calibrated."""
    catalogue = simulate(growth)
    taught = catalogue.train
    policy = TrainingPolicy(folds=2, most_evidence=0, learn=False, coarse_weights=(0.0,), superclasses=1)
    trained = train_heads(taught, dict.fromkeys(taught.classes, Tier.GALLERY), policy)
    _write(trained, calibrate(trained), catalogue, folder)


def answer(folder: Path) -> Answering:
    """Open the release in `folder` and ask about one photo after the other."""
    queries = np.load(folder / _QUERIES)
    recogniser, opening = _timed(lambda: Recogniser.of_bundle(open_bundle(folder / RELEASE)))
    recogniser.recognise(queries[:1], _ENCODER)  # the first answer may load libraries
    seconds = []
    for at in range(len(queries)):
        _, cost = _timed(lambda at=at: recogniser.recognise(queries[at : at + 1], _ENCODER))
        seconds.append(cost.seconds)
    return Answering(
        size=sum(file.stat().st_size for file in (folder / RELEASE).iterdir()),
        opening=opening.seconds,
        median=float(np.median(seconds)),
        slowest_of_twenty=float(np.quantile(seconds, 0.95)),
        peak=_peak(),
    )


def _write(trained: TrainedHeads, thresholds: Thresholds, catalogue: SimulatedCatalogue, folder: Path) -> None:
    content = ReleaseContent(
        release_id=RELEASE,
        parent=None,
        created_at=datetime.now(UTC),
        encoder=EncoderIdentity(_ENCODER, _ENCODER, None),
        method=trained.chosen.method,
        heads=trained.heads,
        thresholds=thresholds,
        superclass_names={row: f"superclass {row}" for row in np.unique(trained.heads.superclass_of).tolist()},
        products=[],
        card="# Simulated\n",
    )
    write_bundle(folder, content)
    np.save(folder / _QUERIES, catalogue.vectors[:_ANSWERS])


def _accuracy(predicted: np.ndarray, catalogue: SimulatedCatalogue) -> float:
    row_of = {sku: row for row, sku in enumerate(catalogue.train.classes)}
    return float((predicted == np.array([row_of[sku] for sku in catalogue.skus])).mean())


def _timed(work: Callable[[], Result]) -> tuple[Result, Cost]:
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Cost(time.perf_counter() - clock, time.process_time() - cpu, _peak())


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
