"""Superclasses keep their ids from one release to the next.

A new clustering numbers its superclasses as it likes, and UMAP's change with every photo. People and reports need to
see what really moved: so each new superclass takes the id of the old one it shares most classes with.

Source: Kuhn, "The Hungarian method for the assignment problem", 1955, on the table of shared classes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Flags, Rows, Vectors


@dataclass(frozen=True)
class MatchedSuperclasses:
    """The ids of a new partition, and how far it is from the one before.

    Attributes:
        ids: id of each superclass row; no two the same.
        churn: share of the classes in both partitions whose id has changed, 0 where there are none.
        born: ids that the partition before does not have.
        gone: ids that only the partition before has.
    """

    ids: tuple[int, ...]
    churn: float
    born: tuple[int, ...]
    gone: tuple[int, ...]


def match_superclasses(
    before: Mapping[str, int], classes: Sequence[str], superclass_of: Rows, first_free: int = 0
) -> MatchedSuperclasses:
    """The ids under which the fewest classes change theirs.

    Args:
        before: SKU -> superclass id in the partition before; empty for the first.
        classes: SKU of each class row of the new partition.
        superclass_of: [c] superclass row of each class row, numbered from 0 without gaps.
        first_free: the lowest id that may be given to what is born; ids of `before` are never given again anyway, and
            this keeps those of older partitions from it too.
    """
    known = sorted(set(before.values()))
    shared = _shared_classes(before, known, classes, superclass_of)  # [s, k]
    pairs = _best_pairs(shared)
    fresh = max([first_free, *(number + 1 for number in known)])
    born = tuple(range(fresh, fresh + len(shared) - len(pairs)))
    unnamed = iter(born)
    ids = tuple(known[pairs[row]] if row in pairs else next(unnamed) for row in range(len(shared)))
    common, kept = int(shared.sum()), sum(int(shared[pair]) for pair in pairs.items())
    return MatchedSuperclasses(
        ids=ids,
        churn=(common - kept) / common if common else 0.0,
        born=born,
        gone=tuple(sorted(set(known) - set(ids))),
    )


def keep_superclasses(before: Mapping[str, int], classes: Sequence[str], prototypes: Vectors) -> Rows | None:
    """[c] superclass row of each class in the partition before, numbered by first appearance.

    A new class joins the superclass of the nearest class that was there before. None where there was no such class.
    `match_superclasses` gives every row the id it had.

    Args:
        before: SKU -> superclass id in the partition before.
        classes: SKU of each class row.
        prototypes: [c, d] whitened, L2-normalised.
    """
    old = np.array([row for row, sku in enumerate(classes) if sku in before], dtype=np.int64)
    if not len(old):
        return None
    new = np.setdiff1d(np.arange(len(classes)), old)
    like = _nearest_of(old, new, prototypes)
    return _numbered(before[classes[row]] for row in like.tolist())


def join_nearest(superclass_of: Rows, prototypes: Vectors, new: Flags) -> Rows:
    """[c] superclass rows in which each new class is in that of the nearest other class, numbered by first appearance.

    Args:
        superclass_of: [c] superclass row of each class.
        prototypes: [c, d] where each class lies.
        new: [c] which classes are new; not all of them.
    """
    like = _nearest_of(np.flatnonzero(~new), np.flatnonzero(new), prototypes)
    return _numbered(superclass_of[like].tolist())


def _nearest_of(old: Rows, new: Rows, prototypes: Vectors) -> Rows:
    """[c] the class row itself, and for each new class that of the nearest old one."""
    like = np.arange(len(old) + len(new))
    like[new] = old[(prototypes[new] @ prototypes[old].T).argmax(axis=1)]
    return like


def _numbered(names: Iterable[int]) -> Rows:
    """Rows from 0, by first appearance."""
    rows: dict[int, int] = {}
    return np.array([rows.setdefault(name, len(rows)) for name in names], dtype=np.int64)


def _shared_classes(
    before: Mapping[str, int], known: Sequence[int], classes: Sequence[str], superclass_of: Rows
) -> NDArray[np.int64]:
    """[s, k] how many classes each new superclass row shares with each known id."""
    column_of = {number: column for column, number in enumerate(known)}
    shared = np.zeros((int(superclass_of.max(initial=-1)) + 1, len(known)), dtype=np.int64)
    for sku, row in zip(classes, superclass_of.tolist(), strict=True):
        if sku in before:
            shared[row, column_of[before[sku]]] += 1
    return shared


def _best_pairs(shared: NDArray[np.int64]) -> dict[int, int]:
    """Row -> column of the pairs that share most in all, each row and column once, none that share nothing."""
    from scipy.optimize import linear_sum_assignment

    pairs = zip(*linear_sum_assignment(shared, maximize=True), strict=True)
    return {int(row): int(column) for row, column in pairs if shared[row, column] > 0}
