"""The calibrated thresholds that a release carries."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.scoring import Ranking
from recognition.vocabulary import Tier

NEVER_SURE = 1.01  # no probability reaches it


@dataclass(frozen=True)
class KnownProduct:
    """Probability that a photo shows a taught product at all (logistic regression; Platt, 1999).

    The likelihood ratio is judged before a refinement and the cosine after it; each knows something of its own. Both
    are judged beside those of the photo's other candidates, see `recognition.heads.cohort`.

    Attributes:
        ratio: what the largest log-likelihood ratio adds to the log-odds; never negative, as the next: a photo that
            looks more like something known is never taken for stranger.
        familiarity: what the cosine to the nearest prototype adds to them.
        ratio_of_others: what the mean log-likelihood ratio of the other candidates adds, of either sign, as the next.
        familiarity_of_others: what their mean cosine adds.
        offset: of the log-odds, with the share of unseen products that is expected in the field.
    """

    ratio: float
    familiarity: float
    ratio_of_others: float
    familiarity_of_others: float
    offset: float

    def probability(self, ranking: Ranking) -> NDArray[np.float64]:
        """[n] probabilities of n ranked photos."""
        slopes = np.array([self.ratio, self.familiarity, self.ratio_of_others, self.familiarity_of_others])
        log_odds = figures_of(ranking) @ slopes + self.offset
        return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))), dtype=np.float64)


OWN_FIGURES = 2
"""So many figures are of the best candidates; the others are of their cohort."""


def figures_of(ranking: Ranking) -> NDArray[np.float64]:
    """[n, 4] what tells known from unseen photos, in the order of the slopes of `KnownProduct`."""
    own = ranking.ratio, ranking.familiarity
    return np.stack([*own, ranking.ratio_of_others, ranking.familiarity_of_others], axis=1).astype(np.float64)


@dataclass(frozen=True)
class Thresholds:
    """Calibrated thresholds and what was seen while calibrating.

    Attributes:
        known: how probable it is that a photo shows a taught product.
        least_known: below that probability a photo is unseen.
        sure: for each tier of the best class, the confidence from which a photo that is not unseen is sure.
        familiarity: cosine to the nearest prototype that parts known from unseen photos best.
        unseen_auroc: how well known and unseen photos are told apart, 0.5 is chance.
        unseen_fpr: share of unseen photos that pass for known where 95 % of the known ones do.
        promised_precision: what `sure` was calibrated to.
        expected_coverage: share of known photos that calibration expects to be sure.
        evidence: how many independent photos the calibration photos were worth.
    """

    known: KnownProduct
    least_known: float
    sure: Mapping[Tier, float]
    familiarity: float
    unseen_auroc: float
    unseen_fpr: float
    promised_precision: float
    expected_coverage: float
    evidence: float
