"""Thresholds that keep a promise: what is called sure is right as often as was asked for.

Two questions, both answered on out-of-fold rankings of the training photos:
- unseen: does the photo look like anything known? Every photo is also ranked as if its own class had never been taught,
  which is what an unseen product looks like in the worst and real case: its look-alikes are known. The threshold parts
  the two best, but never at the price of more than a set share of the known photos.
- sure: how sure is sure enough? The least threshold whose error, bounded from above (Clopper and Pearson, 1934), stays
  within the promise, on a mix of known and unseen photos. Trained classes may rest on the evidence of all classes where
  their own is too thin; gallery classes must pass both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.scoring import Heads, rank
from recognition.heads.training import OutOfFold
from recognition.triage.thresholds import NEVER_SURE, Thresholds
from recognition.vocabulary import Tier

_STARTS = (0.05, 0.1, 0.2, 0.35)  # share of the photos that the strictest threshold of each sequence accepts
_STEP = 0.02  # share that each further threshold accepts more


@dataclass(frozen=True)
class CalibrationPolicy:
    """What the verdicts promise.

    Attributes:
        sure_precision: share of sure answers that must be right.
        unseen_share: share of photos expected to show a product that is not in the catalogue.
        known_lost: largest share of known photos that may be called unseen.
        risk: probability with which the promise may fail by bad luck of the calibration photos.
    """

    sure_precision: float = 0.97
    unseen_share: float = 0.1
    known_lost: float = 0.1
    risk: float = 0.1


def calibrate(out_of_fold: OutOfFold, heads: Heads, policy: CalibrationPolicy | None = None) -> Thresholds:
    """The thresholds of these heads."""
    policy = policy or CalibrationPolicy()
    if not len(out_of_fold.targets):
        return _without_evidence(policy)
    known = rank(out_of_fold.candidates, heads.coarse_weight, heads.scale)
    unseen = rank(out_of_fold.candidates.without(out_of_fold.targets), heads.coarse_weight, heads.scale)
    most_that_may_be_lost = float(np.quantile(known.familiarity, policy.known_lost))
    familiarity = min(_best_separation(known.familiarity, unseen.familiarity), most_that_may_be_lost)
    right = known.rows[:, 0] == out_of_fold.targets
    tiers = np.array(heads.tiers, dtype=object)
    taken_known, taken_unseen = known.familiarity >= familiarity, unseen.familiarity >= familiarity

    def least_safe(of_known: NDArray[np.bool_], of_unseen: NDArray[np.bool_]) -> float:
        return _least_safe_threshold(
            known=known.probability[of_known, 0],
            right=right[of_known],
            unseen=unseen.probability[of_unseen, 0],
            policy=policy,
        )

    of_all = least_safe(taken_known, taken_unseen)
    own = {
        tier: least_safe(
            taken_known & (tiers[known.rows[:, 0]] == tier), taken_unseen & (tiers[unseen.rows[:, 0]] == tier)
        )
        for tier in (Tier.TRAINED, Tier.GALLERY)
    }
    sure = {
        Tier.TRAINED: own[Tier.TRAINED] if own[Tier.TRAINED] < NEVER_SURE else of_all,
        Tier.GALLERY: max(own[Tier.GALLERY], of_all),
    }
    accepted = known.probability[:, 0] >= np.array([sure[tier] for tier in tiers[known.rows[:, 0]]])
    return Thresholds(
        familiarity=familiarity,
        sure=sure,
        unseen_auroc=auroc(known.familiarity, unseen.familiarity),
        promised_precision=policy.sure_precision,
        expected_coverage=float((accepted & (known.familiarity >= familiarity)).mean()),
    )


def auroc(higher: NDArray[np.floating], lower: NDArray[np.floating]) -> float:
    """Probability that a value of the first kind exceeds one of the second (ties count half)."""
    from scipy.stats import mannwhitneyu

    if not len(higher) or not len(lower):
        return 0.5
    return float(mannwhitneyu(higher, lower).statistic / (len(higher) * len(lower)))


def _best_separation(known: NDArray[np.float32], unseen: NDArray[np.float32]) -> float:
    """The threshold with the best balanced accuracy between known and unseen photos."""
    steps = np.unique(np.concatenate([known, unseen]))
    kept = 1 - np.searchsorted(np.sort(known), steps, side="left") / len(known)
    refused = np.searchsorted(np.sort(unseen), steps, side="left") / len(unseen)
    return float(steps[int(np.argmax(kept + refused))])


def _without_evidence(policy: CalibrationPolicy) -> Thresholds:
    """Nothing could be held out: nothing is unseen, nothing is sure, and people are asked about every photo."""
    never = dict.fromkeys((Tier.TRAINED, Tier.GALLERY), NEVER_SURE)
    return Thresholds(
        familiarity=-1.0,
        sure=never,
        unseen_auroc=0.5,
        promised_precision=policy.sure_precision,
        expected_coverage=0.0,
    )


def _least_safe_threshold(
    known: NDArray[np.float32], right: NDArray[np.bool_], unseen: NDArray[np.float32], policy: CalibrationPolicy
) -> float:
    """The least threshold that can be called safe, or `NEVER_SURE`.

    Thresholds are tested from strict to lenient, each accepting a step more photos, and the first that fails ends the
    sequence: so the promise fails with probability `risk` at most, however many thresholds there are (fixed-sequence
    testing; Angelopoulos et al., "Learn then Test", 2021). Several sequences share the risk, so that two wrong labels
    among the surest photos do not end the only one. Known and unseen photos are weighted to the share expected in the
    field. Photos count as independent, which photos of one scene are not quite.
    """
    from scipy.stats import beta

    confidence = np.concatenate([known, unseen]).astype(np.float64)
    wrong = np.concatenate([~right, np.ones(len(unseen), dtype=bool)])
    weight = np.concatenate([np.full(len(known), 1 - policy.unseen_share), np.full(len(unseen), policy.unseen_share)])
    order = np.argsort(-confidence, kind="stable")
    confidence, accepted, errors = confidence[order], np.cumsum(weight[order]), np.cumsum(weight[order] * wrong[order])
    if not len(order):
        return NEVER_SURE
    least, risk = NEVER_SURE, policy.risk / len(_STARTS)
    for start in _STARTS:
        for wanted in np.arange(start, 1.0, _STEP) * accepted[-1]:
            last = int(np.searchsorted(accepted, wanted))
            last = (
                int(np.searchsorted(-confidence, -confidence[last], side="right")) - 1
            )  # those of equal confidence too
            risk = policy.risk / len(_STARTS)
            bound = beta.ppf(1 - risk, errors[last] + 1, max(accepted[last] - errors[last], 1e-9))
            if bound > 1 - policy.sure_precision:
                break
            least = min(least, float(confidence[last]))
    return least
