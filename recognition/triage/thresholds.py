"""The calibrated thresholds that a release carries."""

from collections.abc import Mapping
from dataclasses import dataclass

from recognition.vocabulary import Tier

NEVER_SURE = 1.01  # no probability reaches it


@dataclass(frozen=True)
class Thresholds:
    """Calibrated thresholds and what was seen while calibrating.

    Attributes:
        familiarity: below it a photo is unseen.
        sure: for each tier of the best class, the probability from which a familiar photo is sure.
        unseen_auroc: how well familiarity tells known from unseen photos, 0.5 is chance.
        promised_precision: what `sure` was calibrated to.
        expected_coverage: share of known photos that calibration expects to be sure.
    """

    familiarity: float
    sure: Mapping[Tier, float]
    unseen_auroc: float
    promised_precision: float
    expected_coverage: float
