"""From what confidence on are answers sure? The threshold that keeps a promise, found on judged photos."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows
from recognition.triage.effective_size import effective_sizes
from recognition.triage.thresholds import NEVER_SURE


@dataclass(frozen=True)
class Evidence:
    """Judged photos from which `sure` is calibrated, known ones and unseen ones together.

    Attributes:
        confidence: [n] of the best class.
        wrong: [n] whether that class is wrong; of an unseen photo it always is.
        tiers: [n] tier of that class.
        familiar: [n] whether the photo is not called unseen.
        weights: [n] so that known and unseen photos weigh what is expected in the field.
        clusters: [n] photos that are right and wrong together: a scene of a known class, an unseen class as a whole.
        correlations: [n] how much they are.
    """

    confidence: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    tiers: NDArray[np.object_]
    familiar: NDArray[np.bool_]
    weights: NDArray[np.float64]
    clusters: Rows
    correlations: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Evidence":
        """The chosen photos, in that order."""
        return Evidence(**{name: column[chosen] for name, column in vars(self).items()})


class ThresholdRule(Protocol):
    """Finds the least confidence of a sure answer, or `NEVER_SURE`."""

    def __call__(self, evidence: Evidence, sure_precision: float, /) -> float:
        """The threshold on this evidence, for this promised share of right ones among the sure answers."""


def least_safe_threshold(evidence: Evidence, sure_precision: float) -> float:
    """The least threshold at which the sure answers keep the promise, one more wrong one counted; or `NEVER_SURE`.

    Of exchangeable photos this keeps the share of wrong ones among the sure answers below what was promised, on average
    over calibrations, whatever their number (conformal selection: Jin and Candes, "Selection by Prediction with
    Conformal p-values", JMLR 2023). No threshold is tested for itself, so a wrong label among the surest photos costs
    what it weighs and no more. Photos count for what they are worth, see `recognition.triage.effective_size`.
    """
    if not len(evidence.wrong):
        return NEVER_SURE
    ordered = evidence.where(np.argsort(-evidence.confidence, kind="stable"))
    accepted = np.cumsum(ordered.weights)
    error = np.cumsum(ordered.weights * ordered.wrong) / accepted
    worth = effective_sizes(ordered.weights, ordered.clusters, ordered.correlations)
    safe = (error * worth + 1) / (worth + 1) <= 1 - sure_precision
    # Photos of equal confidence are accepted together.
    safe &= np.diff(ordered.confidence, append=-np.inf) < 0
    return float(ordered.confidence[safe].min(initial=NEVER_SURE))
