"""Where answers are lost: the coarse stage, the fine stage, or both."""

from dataclasses import dataclass

import numpy as np

from recognition.heads.samples import Rows


@dataclass(frozen=True)
class StageAccount:
    """Shares of n photos; `top1`, `lost_by_coarse`, `lost_by_fine` and `lost_by_both` add up to one.

    Attributes:
        coarse_top1: the coarse head alone names the true superclass.
        fine_top1: the true class wins inside its own superclass: top-1 if the coarse stage never erred.
        top1: the answer is the true class.
        lost_by_coarse: the answer is of another superclass, though the true class wins inside its own.
        lost_by_fine: the answer is of the true superclass, but another class.
        lost_by_both: the answer is of another superclass, and inside its own the true class would lose too.
    """

    photos: int
    coarse_top1: float
    fine_top1: float
    top1: float
    lost_by_coarse: float
    lost_by_fine: float
    lost_by_both: float


def account_for_stages(ranked: Rows, coarse: Rows, superclass_of: Rows, targets: Rows) -> StageAccount:
    """The account of n >= 1 photos.

    Args:
        ranked: [n, k] class rows, best first.
        coarse: [n] superclass row that the coarse head thinks likeliest.
        superclass_of: [c] superclass row of each class row.
        targets: [n] true class rows.
    """
    wanted = superclass_of[targets]
    inside = superclass_of[ranked] == wanted[:, None]  # [n, k]
    first_inside = ranked[np.arange(len(ranked)), inside.argmax(axis=1)]
    wins_inside = inside.any(axis=1) & (first_inside == targets)
    right = ranked[:, 0] == targets
    astray = superclass_of[ranked[:, 0]] != wanted
    return StageAccount(
        photos=len(targets),
        coarse_top1=float((coarse == wanted).mean()),
        fine_top1=float(wins_inside.mean()),
        top1=float(right.mean()),
        lost_by_coarse=float((astray & wins_inside).mean()),
        lost_by_fine=float((~astray & ~right).mean()),
        lost_by_both=float((astray & ~wins_inside).mean()),
    )
