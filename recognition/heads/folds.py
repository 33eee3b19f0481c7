"""Group-aware cross-validation folds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Rows, Samples

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


@dataclass(frozen=True)
class Fold:
    """What one fold is taught, and what it is asked.

    Attributes:
        taught: rows of the photos, or of the classes, that it learns from.
        held_out: rows of the photos that it ranks; no views are among them.
    """

    taught: Rows
    held_out: Rows


def scene_folds(samples: Samples, scenes: Rows, folds: int, most_evidence: int, seed: int = 0) -> list[Fold]:
    """Folds that hold out whole scenes; as many of them as it takes to hold out `most_evidence` photos."""
    fold_of = group_folds(samples.targets, scenes, folds, seed)
    found = [
        Fold(np.flatnonzero(~held_out(fold_of, fold)), np.flatnonzero(held_out(fold_of, fold) & samples.photos))
        for fold in np.unique(fold_of[fold_of >= 0]).tolist()
    ]
    return _enough(found, most_evidence)


def class_folds(samples: Samples, folds: int, most_evidence: int, seed: int = 0) -> list[Fold]:
    """Folds that hold out whole classes: `taught` are class rows; as many folds as `scene_folds` would give."""
    class_count = len(samples.classes)
    fold_of_class = np.random.default_rng(seed).permutation(np.arange(class_count) % min(folds, class_count))
    found = [
        Fold(
            np.flatnonzero(fold_of_class != fold),
            np.flatnonzero((fold_of_class[samples.targets] == fold) & samples.photos),
        )
        for fold in np.unique(fold_of_class).tolist()
    ]
    return _enough(found, most_evidence)


def _enough(folds: list[Fold], most_evidence: int) -> list[Fold]:
    before = np.cumsum([0, *(len(fold.held_out) for fold in folds)])
    return [fold for fold, photos in zip(folds, before.tolist(), strict=False) if photos < most_evidence]
