"""The calibrated thresholds that a release carries."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.scoring import Ranking
from recognition.vocabulary import Tier

_LEAST_SHARE = 1e-6  # of unseen photos, or of known ones
NEVER_SURE = 1.01  # no probability reaches it


@dataclass(frozen=True)
class KnownProduct:
    """Probability that a photo shows a taught product at all (logistic regression; Platt, 1999).

    The likelihood ratio is judged before a refinement and the cosine after it; each knows something of its own. Both
    are judged beside those of the photo's other candidates, see `recognition.heads.cohort`, and beside how near to its
    product a photo of that length can be expected to come, see `recognition.heads.metric`.

    Attributes:
        ratio: what the largest log-likelihood ratio adds to the log-odds; never negative, as the next: a photo that
            looks more like something known is never taken for stranger.
        familiarity: what the cosine to the nearest prototype adds to them.
        ratio_of_others: what the mean log-likelihood ratio of the other candidates adds, of either sign, as the next.
        familiarity_of_others: what their mean cosine adds.
        log_length: what the logarithm of the length adds, of either sign.
        shortest: logarithm of a length; shorter photos are judged as if they had it, for evidence knows none of them.
        longest: the same for longer ones.
        offset: of the log-odds, with the share of unseen products that is expected in the field.
    """

    ratio: float
    familiarity: float
    ratio_of_others: float
    familiarity_of_others: float
    log_length: float
    shortest: float
    longest: float
    offset: float

    @classmethod
    def by_prior(cls, offset: float) -> "KnownProduct":
        """The same for every photo: what is left where nothing is known, or nothing tells."""
        return cls(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, offset)

    def probability(self, ranking: Ranking) -> NDArray[np.float64]:
        """[n] probabilities of n ranked photos."""
        of_others = self.ratio_of_others, self.familiarity_of_others
        slopes = np.array([self.ratio, self.familiarity, *of_others, self.log_length])
        log_odds = figures_of(ranking, self.shortest, self.longest) @ slopes + self.offset
        return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))), dtype=np.float64)


def odds_before_looking(unseen_share: float) -> float:
    """Odds that a photo shows a known product, where so many do not; never without end, or nothing would be unseen."""
    share = float(np.clip(unseen_share, _LEAST_SHARE, 1 - _LEAST_SHARE))
    return (1 - share) / share


OWN_FIGURES = 2
"""So many figures are of the best candidates; the others are what these are judged beside."""


def figures_of(ranking: Ranking, shortest: float, longest: float) -> NDArray[np.float64]:
    """[n, 5] what tells known from unseen photos, in the order of the slopes of `KnownProduct`."""
    own, of_others = (ranking.ratio, ranking.familiarity), (ranking.ratio_of_others, ranking.familiarity_of_others)
    length = np.clip(ranking.log_length, shortest, longest)
    return np.stack([*own, *of_others, length], axis=1).astype(np.float64)


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
        unseen_share: of photos that were expected to show an unknown product; of releases that do not say, the usual.
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
    unseen_share: float = 0.1
