"""What a recogniser is worth on photos it never saw: accuracy, and what its verdicts would mean for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recognition.triage.verdict import Recognition
from recognition.vocabulary import Verdict


@dataclass(frozen=True)
class Evaluation:
    """Figures over `photos` labelled photos; shares are of all photos unless said otherwise, None where undefined.

    Attributes:
        top1: share whose best candidate is the true SKU, whatever the verdict.
        top5: share whose true SKU is among the shown candidates.
        coverage: share answered sure.
        sure_precision: share of the sure answers that are right.
        manual_share: share that a person must look at, 1 - coverage.
        unseen_share: share called unseen.
    """

    photos: int
    top1: float
    top5: float
    coverage: float
    sure_precision: float | None
    manual_share: float
    unseen_share: float

    def figures(self) -> Mapping[str, float]:
        """Name and value of every defined figure."""
        return {name: float(value) for name, value in vars(self).items() if value is not None}


def evaluate(recognitions: Sequence[Recognition], true_skus: Sequence[str]) -> Evaluation | None:
    """The evaluation of recognitions against the true SKUs; None for no photos at all."""
    if not recognitions:
        return None
    pairs = list(zip(recognitions, true_skus, strict=True))
    sure = [(found, true) for found, true in pairs if found.verdict is Verdict.SURE]
    coverage = len(sure) / len(pairs)
    return Evaluation(
        photos=len(pairs),
        top1=_share(found.candidates[0].sku == true for found, true in pairs),
        top5=_share(any(candidate.sku == true for candidate in found.candidates) for found, true in pairs),
        coverage=coverage,
        sure_precision=_share(found.sku == true for found, true in sure) if sure else None,
        manual_share=1.0 - coverage,
        unseen_share=_share(found.verdict is Verdict.UNSEEN for found, _ in pairs),
    )


def _share(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return sum(counted) / len(counted)
