"""The bake-off: encoders and ways to isolate beside each other on a user's own labelled photos.

Every figure is out of fold on photos of the training side, by heads that never saw the photo's scene. The holdout, on
which the gate judges releases, is not touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognition.encoders.spec import EncoderSpec
from recognition.errors import NotEnoughDataError
from recognition.heads.choice import Choice
from recognition.heads.metric import MetricKind
from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Rows, Samples
from recognition.heads.scoring import rank
from recognition.heads.training import TrainedHeads, TrainingPolicy, train_heads
from recognition.release.intervals import Interval, share_interval
from recognition.vocabulary import IsolationMethod, Tier

AS_GOOD = 0.005
"""Top-1 accuracy by which a faster combination may miss the best one and be advised all the same."""


@dataclass(frozen=True)
class Figures:
    """What one combination is worth.

    Attributes:
        nearest: top-1 of the flat nearest prototype, without colour.
        whitened: top-1 of whitened prototypes, flat, without colour.
        colour_weight: what validation chose; 0 leaves colour out.
        colour_gain: top-1 that colour adds to flat prototypes; None where there is no colour block.
        method: the head that validation chose, in words.
        top1: of that head.
        interval: of that top-1, drawing whole scenes.
        photos: ranked out of fold.
        milliseconds: to encode one photo in one process.
        dimension: numbers that are stored of one photo.
    """

    nearest: float
    whitened: float
    colour_weight: float
    colour_gain: float | None
    method: str
    top1: float
    interval: Interval
    photos: int
    milliseconds: float
    dimension: int


@dataclass(frozen=True)
class Entry:
    """One row of the table.

    Attributes:
        encoder: as timm names it.
        weights: its local file, if it has one.
        isolation: how the product was found.
        isolation_weights: the foreground head or the detector.
        figures: None where the combination was not tried.
        reason: why it was not.
    """

    encoder: str
    weights: Path | None
    isolation: IsolationMethod
    isolation_weights: Path | None
    figures: Figures | None = None
    reason: str = ""

    @classmethod
    def measured(cls, spec: EncoderSpec, figures: Figures) -> "Entry":
        """The row of a combination that was tried."""
        return cls(spec.name, spec.weights, spec.isolation.method, spec.isolation.weights, figures)

    @classmethod
    def left_out(cls, spec: EncoderSpec, isolation: IsolationMethod, reason: str) -> "Entry":
        """The row of a combination that was not tried."""
        return cls(spec.name, spec.weights, isolation, None, reason=reason)


def whole_classes(skus: Sequence[str], most: int, seed: int) -> Rows:
    """Rows of at most `most` photos, whole classes in a drawn order; two classes are taken however large they are."""
    _, targets = np.unique(np.asarray(skus, dtype=object), return_inverse=True)
    members = rows_of_each(targets.astype(np.int64))
    taken: list[Rows] = []
    for number in np.random.default_rng(seed).permutation(len(members)).tolist():
        if len(taken) >= 2 and sum(map(len, taken)) + len(members[number]) > most:
            break
        taken.append(members[number])
    return np.sort(np.concatenate(taken)) if taken else np.zeros(0, dtype=np.int64)


def measure(
    samples: Samples, tiers: Mapping[str, Tier], milliseconds: float, policy: TrainingPolicy | None = None
) -> Figures:
    """Train every head on these vectors and say what each is worth out of fold.

    Raises:
        NotEnoughDataError: fewer than two classes, or none with two different photos.
    """
    trained = train_heads(samples, tiers, policy)
    found = trained.out_of_fold
    if not len(found.targets):
        raise NotEnoughDataError("no class has two different photos, so none can be held out")
    choice = trained.chosen
    hits = rank(found.candidates, choice.coarse_weight, scale=1.0).rows[:, 0] == found.targets
    return Figures(
        nearest=trained.tried[Choice(MetricKind.PLAIN)],
        whitened=trained.tried[Choice(MetricKind.WHITENED)],
        colour_weight=choice.colour_weight,
        colour_gain=_colour_gain(trained) if len(samples.layout) > 1 else None,
        method=choice.method,
        top1=float(hits.mean()),
        interval=share_interval(hits, found.scenes),
        photos=len(hits),
        milliseconds=milliseconds,
        dimension=samples.vectors.shape[1],
    )


def ranked(entries: Sequence[Entry]) -> list[Entry]:
    """The most accurate first, the faster first of equals; what was not tried comes last, in the order given."""
    measured = [entry for entry in entries if entry.figures]
    return sorted(measured, key=_rank) + [entry for entry in entries if not entry.figures]


def advised(entries: Sequence[Entry]) -> Entry | None:
    """The fastest of those within AS_GOOD of the most accurate; None where nothing was measured."""
    figures = {entry: entry.figures for entry in entries if entry.figures}
    best = max((found.top1 for found in figures.values()), default=0.0)
    good = [entry for entry, found in figures.items() if found.top1 >= best - AS_GOOD]
    return min(good, key=lambda entry: (figures[entry].milliseconds, *_rank(entry)), default=None)


def _rank(entry: Entry) -> tuple[float, float]:
    assert entry.figures is not None  # noqa: S101  # only what was measured is ranked
    return -entry.figures.top1, entry.figures.milliseconds


def _colour_gain(trained: TrainedHeads) -> float:
    """Best flat class means with colour against the best without: what the first step of training compared."""
    first = {
        choice: share
        for choice, share in trained.tried.items()
        if choice == Choice(choice.metric, colour_weight=choice.colour_weight)
    }
    coloured = max((share for choice, share in first.items() if choice.colour_weight), default=0.0)
    return coloured - max(share for choice, share in first.items() if not choice.colour_weight)
