"""Sure, unsure or unseen: what is believed of each ranked photo.

Confidence is the probability of being right in the field: P(the product is known) x P(class | known). It counts that
the product may be none of the candidates, and an unsure answer never claims more than sure ones promise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from recognition.heads.scoring import Ranking
from recognition.triage.company import known_in_company
from recognition.triage.thresholds import Thresholds
from recognition.vocabulary import Tier, Verdict

SHOWN_CANDIDATES = 5


@dataclass(frozen=True)
class Candidate:
    """One possible answer; `score` is the probability that it is right, what is left to one is for unknown products."""

    sku: str
    score: float


@dataclass(frozen=True)
class Recognition:
    """What is believed of one photo.

    Attributes:
        sku: the best class, or None where the product is unseen.
        confidence: probability that the best class is right.
        familiarity: cosine to the nearest prototype.
        verdict: sure, unsure or unseen.
        candidates: the best classes, best first, whatever the verdict.
    """

    sku: str | None
    confidence: float
    familiarity: float
    verdict: Verdict
    candidates: tuple[Candidate, ...]


def judge(
    ranking: Ranking,
    classes: Sequence[str],
    tiers: Sequence[Tier],
    thresholds: Thresholds,
    company: Iterable[slice] = (),
    shown: int = SHOWN_CANDIDATES,
) -> list[Recognition]:
    """A verdict for each row of the ranking; `company`: rows that are things on one photo."""
    known = thresholds.known.probability(ranking)
    for rows in company:
        known[rows] = known_in_company(known[rows], thresholds.unseen_share)
    scores = ranking.probability[:, :shown] * known[:, None]
    return [
        _judged(
            [Candidate(classes[row], score) for row, score in zip(rows, of_row, strict=True)],
            familiarity,
            _verdict(of_row[0], probability, tiers[rows[0]], thresholds),
            thresholds,
        )
        for rows, of_row, probability, familiarity in zip(
            ranking.rows[:, :shown].tolist(), scores.tolist(), known.tolist(), ranking.familiarity.tolist(), strict=True
        )
    ]


def _judged(candidates: list[Candidate], familiarity: float, verdict: Verdict, thresholds: Thresholds) -> Recognition:
    if verdict is Verdict.UNSURE:
        candidates[0] = replace(candidates[0], score=min(candidates[0].score, thresholds.promised_precision))
    return Recognition(
        sku=None if verdict is Verdict.UNSEEN else candidates[0].sku,
        confidence=candidates[0].score,
        familiarity=familiarity,
        verdict=verdict,
        candidates=tuple(candidates),
    )


def _verdict(confidence: float, known: float, tier: Tier, thresholds: Thresholds) -> Verdict:
    if known < thresholds.least_known:
        return Verdict.UNSEEN
    return Verdict.SURE if confidence >= thresholds.sure[tier] else Verdict.UNSURE
