"""What the answers of each arm were worth: accuracy on the holdout, gained per hundred labels, beside the control arm.

The labels of one arm alone are added to what was taught before, class means are taken, and the holdout is asked. No arm
is helped by what another found, so the control arm says what as many labels would have brought without any choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Rows, Vectors
from recognition.heads.whitening import normalised
from recognition.vocabulary import QuestionArm


@dataclass(frozen=True)
class Labelled:
    """Vectors [n, d] in the metric of the release, and the class row [n] of each."""

    vectors: Vectors
    targets: Rows


@dataclass(frozen=True, slots=True)
class ArmValue:
    """What one arm brought: top-1 on the holdout before and after its labels, were they all that came."""

    arm: QuestionArm
    labels: int
    before: float
    after: float

    @property
    def per_hundred(self) -> float:
        """Accuracy gained per hundred labels."""
        return 100 * (self.after - self.before) / self.labels


def value_of_arms(
    before: Labelled, arms: Mapping[QuestionArm, Labelled], holdout: Labelled, class_count: int
) -> list[ArmValue]:
    """What each arm that labelled anything brought; nothing where no holdout can tell.

    Args:
        before: what was taught before.
        arms: what each arm labelled since.
        holdout: photos that teach nothing.
        class_count: number of classes; a class that nothing was taught of is never right.
    """
    if not len(holdout.targets):
        return []
    sums = _class_sums(before, class_count)
    share = _accuracy(sums, holdout)
    return [
        ArmValue(arm, len(found.targets), share, _accuracy(sums + _class_sums(found, class_count), holdout))
        for arm, found in arms.items()
        if len(found.targets)
    ]


def _class_sums(found: Labelled, class_count: int) -> NDArray[np.float64]:
    """[c, d] the sums of the vectors: their directions are those of the means."""
    sums = np.zeros((class_count, found.vectors.shape[1]), dtype=np.float64)
    for rows in rows_of_each(found.targets):
        sums[found.targets[rows[0]]] = found.vectors[rows].sum(axis=0, dtype=np.float64)
    return sums


def _accuracy(sums: NDArray[np.float64], holdout: Labelled) -> float:
    taught = np.flatnonzero(sums.any(axis=1))
    if not len(taught):
        return 0.0
    nearest = (holdout.vectors @ normalised(sums[taught]).T).argmax(axis=1)
    return float((taught[nearest] == holdout.targets).mean())
