"""Group-aware cross-validation folds."""

from collections.abc import Iterable
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
        taught: rows of the samples that it learns from.
        held_out: rows of the photos that it ranks; neither views nor products on their first day are among them.
    """

    taught: Rows
    held_out: Rows


def scene_folds(samples: Samples, scenes: Rows, folds: int, most_evidence: int, seed: int = 0) -> list[Fold]:
    """Folds that hold out whole scenes; as many of them as it takes to hold out `most_evidence` photos."""
    fold_of = group_folds(samples.targets, scenes, folds, seed)
    found = [
        Fold(np.flatnonzero(~held_out(fold_of, fold)), np.flatnonzero(held_out(fold_of, fold) & samples.asked))
        for fold in np.unique(fold_of[fold_of >= 0]).tolist()
    ]
    return found[: _enough((len(fold.held_out) for fold in found), most_evidence)]


@dataclass(frozen=True)
class ClassFold:
    """A fold that holds out whole classes, and of the others whole scenes: one model meets both kinds of photos.

    Attributes:
        classes: rows of the classes that it learns.
        taught: rows of the samples that it learns from.
        known: rows of the photos of those classes that it ranks.
        unseen: rows of the photos of all other classes.
    """

    classes: Rows
    taught: Rows
    known: Rows
    unseen: Rows

    def lesson(self, samples: Samples) -> Samples:
        """What it is taught; its class rows are those that it learns, numbered anew."""
        return samples.take(self.taught).of_classes(self.classes)


def class_folds(samples: Samples, scenes: Rows, folds: int, most_evidence: int, seed: int = 0) -> list[ClassFold]:
    """Folds that hold out whole classes; as many of them as it takes to hold out `most_evidence` photos."""
    class_count = len(samples.classes)
    fold_of_class = np.random.default_rng(seed).permutation(np.arange(class_count) % min(folds, class_count))
    fold_of_scene = group_folds(samples.targets, scenes, folds, seed)
    found = [
        _class_fold(samples, fold_of_class != fold, held_out(fold_of_scene, fold))
        for fold in np.unique(fold_of_class).tolist()
    ]
    return found[: _enough((len(fold.unseen) for fold in found), most_evidence)]


def _class_fold(samples: Samples, kept: NDArray[np.bool_], scene_held_out: NDArray[np.bool_]) -> ClassFold:
    of_kept = kept[samples.targets]
    return ClassFold(
        classes=np.flatnonzero(kept),
        taught=np.flatnonzero(of_kept & ~scene_held_out),
        known=np.flatnonzero(of_kept & scene_held_out & samples.asked),
        unseen=np.flatnonzero(~of_kept & samples.asked),
    )


def _enough(photos: Iterable[int], most_evidence: int) -> int:
    """How many folds it takes to hold out `most_evidence` photos, of folds that hold out so many each."""
    before = np.cumsum([0, *photos])[:-1]
    return int((before < most_evidence).sum())
