"""Sure, unsure or unseen: what is believed of each ranked photo."""

from collections.abc import Sequence
from dataclasses import dataclass

from recognition.heads.scoring import Ranking
from recognition.triage.thresholds import Thresholds
from recognition.vocabulary import Tier, Verdict

SHOWN_CANDIDATES = 5


@dataclass(frozen=True)
class Candidate:
    """One possible answer."""

    sku: str
    score: float


@dataclass(frozen=True)
class Recognition:
    """What is believed of one photo.

    Attributes:
        sku: the best class, or None where the product is unseen.
        confidence: probability of the best class among the candidates.
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
    shown: int = SHOWN_CANDIDATES,
) -> list[Recognition]:
    """A verdict for each row of the ranking."""
    recognitions: list[Recognition] = []
    for rows, probabilities, familiarity in zip(
        ranking.rows.tolist(), ranking.probability.tolist(), ranking.familiarity.tolist(), strict=True
    ):
        verdict = _verdict(probabilities[0], familiarity, tiers[rows[0]], thresholds)
        recognitions.append(
            Recognition(
                sku=None if verdict is Verdict.UNSEEN else classes[rows[0]],
                confidence=probabilities[0],
                familiarity=familiarity,
                verdict=verdict,
                candidates=tuple(
                    Candidate(classes[row], probability)
                    for row, probability in zip(rows[:shown], probabilities[:shown], strict=True)
                ),
            )
        )
    return recognitions


def _verdict(confidence: float, familiarity: float, tier: Tier, thresholds: Thresholds) -> Verdict:
    if familiarity < thresholds.familiarity:
        return Verdict.UNSEEN
    return Verdict.SURE if confidence >= thresholds.sure[tier] else Verdict.UNSURE
