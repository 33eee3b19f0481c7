"""Group-aware cross-validation folds."""

import numpy as np
from numpy.typing import NDArray

from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Rows

NEVER_HELD_OUT = -1


def group_folds(targets: Rows, groups: Rows, folds: int, seed: int = 0) -> Rows:
    """[n] fold of each sample, 0..folds-1, spread evenly within each class; near-duplicates share a fold.

    A class with a single group is `NEVER_HELD_OUT` (-1): held out, it would leave nothing to learn it from.
    """
    fold_of = np.full(len(targets), NEVER_HELD_OUT, dtype=np.int64)
    random = np.random.default_rng(seed)
    assigned: dict[int, int] = {}
    for members in rows_of_each(targets):
        distinct = np.unique(groups[members])
        if len(distinct) < 2:
            continue
        start = int(random.integers(folds))
        for turn, group in enumerate(random.permutation(distinct).tolist()):
            assigned.setdefault(group, (start + turn) % folds)
        fold_of[members] = [assigned[group] for group in groups[members].tolist()]
    return fold_of


def held_out(fold_of: Rows, fold: int) -> NDArray[np.bool_]:
    """[n] which samples the fold holds out."""
    return np.asarray(fold_of == fold, dtype=np.bool_)
