"""Everything that is measured of a candidate on the holdout: what the card shows and the warehouse keeps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scenes import photo_scenes
from recognition.heads.scoring import scan_prototypes
from recognition.release.curves import Reliability, RiskCoverage, reliability, risk_coverage
from recognition.release.evaluation import Evaluation, Outcomes, class_accuracies, evaluation_of
from recognition.release.intervals import Interval, mean_interval, share_interval
from recognition.release.recogniser import Recogniser
from recognition.release.stages import StageAccount, account_for_stages
from recognition.vocabulary import Tier

_LOOK_ALIKE_SHARE = 0.25  # of the classes, those with the nearest other prototype
_MOST_CONFUSED = 20


@dataclass(frozen=True)
class ClassFigures:
    """One class on the holdout."""

    sku: str
    photos: int
    top1: float


@dataclass(frozen=True)
class Confusion:
    """How many holdout photos of `sku` were taken for `taken_for`."""

    sku: str
    taken_for: str
    photos: int


@dataclass(frozen=True)
class SuperclassFigures:
    """Holdout photos of the products of one superclass row: all, answered right, sure, and both."""

    superclass: int
    photos: int
    right: int
    sure: int
    sure_right: int


@dataclass(frozen=True)
class Report:
    """What was measured on the holdout; photos of classes that were not taught count as wrong everywhere but in stages.

    Attributes:
        overall: all photos.
        by_tier: photos by the tier of their true class; tiers without photos are left out.
        look_alikes: photos of the quarter of the classes whose nearest other class is nearest; None without photos.
        intervals: of `top1` and `sure_precision` over scenes, of `macro_top1` over classes.
        stages: where answers are lost; None where no photo is of a taught class.
        curve: risk against coverage.
        reliability: stated against realised confidence.
        classes: every class with photos, the worst first.
        confused: the commonest mistakes.
        superclasses: every superclass with photos.
    """

    overall: Evaluation
    by_tier: Mapping[Tier, Evaluation]
    look_alikes: Evaluation | None
    intervals: Mapping[str, Interval]
    stages: StageAccount | None
    curve: RiskCoverage
    reliability: Reliability
    classes: tuple[ClassFigures, ...]
    confused: tuple[Confusion, ...]
    superclasses: tuple[SuperclassFigures, ...]

    def figures(self) -> Mapping[str, float]:
        """Name and value of everything that is one number."""
        found = dict(self.overall.figures())
        for name, interval in self.intervals.items():
            found |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
        for tier, evaluation in self.by_tier.items():
            found |= {f"{tier}_{name}": value for name, value in _accuracies(evaluation).items()}
        if self.look_alikes is not None:
            found |= {f"look_alike_{name}": value for name, value in _accuracies(self.look_alikes).items()}
        if self.stages is not None:
            account = {name: float(value) for name, value in vars(self.stages).items()}
            found |= {name: account[name] for name in _STAGE_FIGURES}
        return found


_STAGE_FIGURES = ("coarse_top1", "fine_top1", "lost_by_coarse", "lost_by_fine", "lost_by_both")


def report_on(
    recogniser: Recogniser, vectors: Vectors, skus: Sequence[str], groups: Sequence[str], seed: int = 0
) -> Report | None:
    """The report on n holdout photos; None for no photos at all.

    Args:
        recogniser: whose answers are measured.
        vectors: [n, d] encoder vectors.
        skus: n true SKUs.
        groups: n near-duplicate groups.
        seed: of the bootstrap.
    """
    outcomes = Outcomes.of(recogniser.recognise(vectors, recogniser.fingerprint), skus)
    overall = evaluation_of(outcomes)
    if overall is None:
        return None
    heads = recogniser.heads
    row_of = {sku: row for row, sku in enumerate(heads.classes)}
    targets = np.array([row_of.get(sku, -1) for sku in skus], dtype=np.int64)
    alike = look_alike_classes(heads.prototypes)
    tier_of = np.array([*heads.tiers, None], dtype=object)[targets]  # of a class that was not taught: None
    by_tier = {tier: evaluation_of(outcomes.where(tier_of == tier)) for tier in Tier}
    return Report(
        overall=overall,
        by_tier={tier: evaluation for tier, evaluation in by_tier.items() if evaluation is not None},
        look_alikes=evaluation_of(outcomes.where((targets >= 0) & alike[targets])),
        intervals=_intervals(outcomes, photo_scenes(Samples.from_labels(vectors, skus, groups)), seed),
        stages=_stages(recogniser, vectors, targets),
        curve=risk_coverage(outcomes.confidence, outcomes.right),
        reliability=reliability(outcomes.confidence, outcomes.right),
        classes=_classes(outcomes),
        confused=_confused(outcomes),
        superclasses=_superclasses(outcomes, targets, heads.superclass_of),
    )


def look_alike_classes(prototypes: Vectors, share: float = _LOOK_ALIKE_SHARE) -> NDArray[np.bool_]:
    """[c] whether a class is among that share of all whose nearest other prototype has the highest cosine."""
    if len(prototypes) < 2:
        return np.zeros(len(prototypes), dtype=np.bool_)
    _, cosines = scan_prototypes(prototypes)(prototypes, 2)
    nearest = cosines[:, 1]
    return np.asarray(nearest >= np.quantile(nearest, 1 - share), dtype=np.bool_)


def _accuracies(evaluation: Evaluation) -> Mapping[str, float]:
    return {"photos": float(evaluation.photos), "top1": evaluation.top1, "top3": evaluation.top3}


def _intervals(outcomes: Outcomes, scenes: Rows, seed: int) -> Mapping[str, Interval]:
    right, sure = outcomes.right, outcomes.sure
    found = {
        "top1": share_interval(right, scenes, seed),
        "macro_top1": mean_interval(class_accuracies(outcomes)[1], seed),
    }
    return found | ({"sure_precision": share_interval(right[sure], scenes[sure], seed)} if sure.any() else {})


def _stages(recogniser: Recogniser, vectors: Vectors, targets: Rows) -> StageAccount | None:
    taught = targets >= 0
    if not taught.any():
        return None
    rows = recogniser.rank(vectors[taught]).rows
    coarse = recogniser.heads.coarse.log_probabilities(recogniser.whiten(vectors[taught])).argmax(axis=1)
    return account_for_stages(rows, coarse, recogniser.heads.superclass_of, targets[taught])


def _classes(outcomes: Outcomes) -> tuple[ClassFigures, ...]:
    columns = (column.tolist() for column in class_accuracies(outcomes))
    found = [ClassFigures(sku, photos, top1) for sku, top1, photos in zip(*columns, strict=True)]
    return tuple(sorted(found, key=lambda of: (of.top1, -of.photos, of.sku)))


def _confused(outcomes: Outcomes) -> tuple[Confusion, ...]:
    wrong = ~outcomes.right
    counted = Counter(zip(outcomes.skus[wrong].tolist(), outcomes.answers[wrong].tolist(), strict=True))
    commonest = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CONFUSED]
    return tuple(Confusion(sku, taken_for, photos) for (sku, taken_for), photos in commonest)


def _superclasses(outcomes: Outcomes, targets: Rows, superclass_of: Rows) -> tuple[SuperclassFigures, ...]:
    taught = targets >= 0
    of_photo, right, sure = superclass_of[targets[taught]], outcomes.right[taught], outcomes.sure[taught]
    counts = [
        np.bincount(of_photo[chosen], minlength=int(superclass_of.max()) + 1).tolist()
        for chosen in (np.ones_like(right), right, sure, sure & right)
    ]
    rows = enumerate(zip(*counts, strict=True))
    return tuple(SuperclassFigures(row, *figures) for row, figures in rows if figures[0])
