"""What a recogniser is worth on photos it never saw: accuracy, and what its verdicts would mean for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows
from recognition.release.curves import reliability, risk_coverage
from recognition.triage.verdict import SHOWN_CANDIDATES, Recognition
from recognition.vocabulary import Verdict

_NOT_SHOWN = SHOWN_CANDIDATES  # place of a true SKU that is not among the candidates


@dataclass(frozen=True)
class Outcomes:
    """What came of n labelled photos, row by row.

    Attributes:
        skus: [n] true SKU.
        answers: [n] best candidate, whatever the verdict.
        places: [n] place of the true SKU among the candidates, 0 is the best.
        confidence: [n] probability that the best candidate is right.
        verdicts: [n] verdicts.
    """

    skus: NDArray[np.object_]
    answers: NDArray[np.object_]
    places: Rows
    confidence: NDArray[np.float64]
    verdicts: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.places)

    @classmethod
    def of(cls, recognitions: Sequence[Recognition], true_skus: Sequence[str]) -> "Outcomes":
        """The outcomes of recognitions of photos with these true SKUs."""
        pairs = list(zip(recognitions, true_skus, strict=True))
        return cls(
            skus=np.array(true_skus, dtype=object),
            answers=np.array([found.candidates[0].sku for found, _ in pairs], dtype=object),
            places=np.array([_place(found, true) for found, true in pairs], dtype=np.int64),
            confidence=np.array([found.confidence for found, _ in pairs], dtype=np.float64),
            verdicts=np.array([found.verdict for found, _ in pairs], dtype=object),
        )

    def where(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """The chosen photos."""
        return Outcomes(**{name: column[chosen] for name, column in vars(self).items()})

    @property
    def right(self) -> NDArray[np.bool_]:
        """[n] whether the best candidate is the true SKU."""
        return np.asarray(self.places == 0, dtype=np.bool_)

    @property
    def sure(self) -> NDArray[np.bool_]:
        """[n] whether the photo is answered sure."""
        return np.asarray(self.verdicts == Verdict.SURE, dtype=np.bool_)


@dataclass(frozen=True)
class Evaluation:
    """Figures over `photos` labelled photos; shares are of all photos unless said otherwise, None where undefined.

    Attributes:
        top1: share whose best candidate is the true SKU, whatever the verdict.
        top3: share whose true SKU is among the best three.
        top5: share whose true SKU is among the shown candidates.
        macro_top1: mean over the classes of their top-1: a class of two photos counts as much as one of fifty.
        coverage: share answered sure.
        sure_precision: share of the sure answers that are right.
        manual_share: share that a person must look at, 1 - coverage.
        unseen_share: share called unseen.
        risk_coverage_area: see `recognition.release.curves.RiskCoverage`.
        calibration_error: see `recognition.release.curves.Reliability`.
    """

    photos: int
    top1: float
    top3: float
    top5: float
    macro_top1: float
    coverage: float
    sure_precision: float | None
    manual_share: float
    unseen_share: float
    risk_coverage_area: float
    calibration_error: float

    def figures(self) -> Mapping[str, float]:
        """Name and value of every defined figure."""
        return {name: float(value) for name, value in vars(self).items() if value is not None}


def evaluate(recognitions: Sequence[Recognition], true_skus: Sequence[str]) -> Evaluation | None:
    """The evaluation of recognitions against the true SKUs; None for no photos at all."""
    return evaluation_of(Outcomes.of(recognitions, true_skus))


def evaluation_of(outcomes: Outcomes) -> Evaluation | None:
    """The evaluation of these outcomes; None for no photos at all."""
    if not len(outcomes):
        return None
    right, sure = outcomes.right, outcomes.sure
    return Evaluation(
        photos=len(outcomes),
        top1=float(right.mean()),
        top3=float((outcomes.places < 3).mean()),
        top5=float((outcomes.places < _NOT_SHOWN).mean()),
        macro_top1=float(class_accuracies(outcomes)[1].mean()),
        coverage=float(sure.mean()),
        sure_precision=float(right[sure].mean()) if sure.any() else None,
        manual_share=1.0 - float(sure.mean()),
        unseen_share=float((outcomes.verdicts == Verdict.UNSEEN).mean()),
        risk_coverage_area=risk_coverage(outcomes.confidence, right).area,
        calibration_error=reliability(outcomes.confidence, right).error,
    )


def class_accuracies(outcomes: Outcomes) -> tuple[NDArray[np.object_], NDArray[np.float64], Rows]:
    """The true SKUs [c], the top-1 of each, and how many photos each has."""
    skus, of_photo = np.unique(outcomes.skus, return_inverse=True)
    photos = np.bincount(of_photo, minlength=len(skus)).astype(np.int64)
    return skus, np.bincount(of_photo, weights=outcomes.right, minlength=len(skus)) / photos, photos


def _place(found: Recognition, true: str) -> int:
    places = (place for place, candidate in enumerate(found.candidates) if candidate.sku == true)
    return next(places, _NOT_SHOWN)
