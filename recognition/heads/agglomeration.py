"""Agglomerative clustering of weighted points: the two nearest groups become one until `count` are left.

Source: Murtagh, "A survey of recent advances in hierarchical clustering algorithms", Computer Journal 1983 (the chain
of nearest neighbours), with the Lance-Williams updates of Ward's criterion and of average linkage. scikit-learn and
SciPy have the same without weights. Weights let many points be clustered in little memory: k-means makes small groups
of them first, and each group then counts for as many points as it holds.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Vectors

MOST_EXACT = 4_000  # points whose distances are held in memory at once (128 MB); above, k-means comes first
_SMALL_GROUPS = 2_000
_KMEANS_STEPS = 10
_Numbers = NDArray[np.float64]


class Linkage(StrEnum):
    """What makes two groups near."""

    AVERAGE = "average"
    WARD = "ward"


def cluster(points: Vectors, count: int, linkage: Linkage, seed: int = 0) -> Rows:
    """[n] cluster of each of the [n, d] points, numbered by first appearance.

    Args:
        points: up to `MOST_EXACT` are clustered exactly.
        count: how many clusters there will be; n, where that is less.
        linkage: what makes two groups near.
        seed: for k-means.
    """
    if len(points) <= MOST_EXACT:
        return agglomerate(points, np.ones(len(points)), count, linkage)
    centres, nearest = _small_groups(points, max(_SMALL_GROUPS, 4 * count), seed)
    used, group_of = np.unique(nearest, return_inverse=True)
    sizes = np.bincount(group_of).astype(np.float64)
    return _numbered_by_first_appearance(agglomerate(centres[used], sizes, count, linkage)[group_of])


def agglomerate(points: Vectors, weights: _Numbers, count: int, linkage: Linkage) -> Rows:
    """[n] cluster of each of the [n, d] points, where a point counts as often as its weight says."""
    merges = sorted(_all_merges(points, weights, linkage), key=lambda merge: merge.height)
    root = np.arange(len(points))
    for merge in merges[: max(len(points) - count, 0)]:
        root[root == root[merge.gone]] = root[merge.into]
    return _numbered_by_first_appearance(root)


@dataclass(frozen=True, slots=True)
class _Merge:
    """The group at row `gone` joins the one at row `into`."""

    height: float
    into: int
    gone: int


def _all_merges(points: Vectors, weights: _Numbers, linkage: Linkage) -> list[_Merge]:
    """The n - 1 merges, children before parents.

    From any group, step to its nearest one until two are nearest to each other. They can be merged at once: under both
    linkages no other merge can bring anything nearer to either.
    """
    apart, weight = _distances(points, weights, linkage), weights.copy()
    merges: list[_Merge] = []
    chain: list[int] = []
    while len(merges) < len(points) - 1:
        chain = chain or [int(np.isfinite(apart).any(axis=1).argmax())]
        nearest = int(apart[chain[-1]].argmin())
        if len(chain) < 2 or apart[chain[-1], nearest] < apart[chain[-1], chain[-2]]:
            chain.append(nearest)
            continue
        gone, into = chain.pop(), chain.pop()
        merges.append(_Merge(float(apart[into, gone]), into, gone))
        _merge(apart, weight, merges[-1], linkage)
    return merges


def _distances(points: Vectors, weights: _Numbers, linkage: Linkage) -> _Numbers:
    """[n, n]: distances, or under Ward's criterion twice the variance that merging a pair adds."""
    wide = points.astype(np.float64)
    lengths = (wide * wide).sum(axis=1)
    apart: _Numbers = np.maximum(lengths[:, None] + lengths - 2 * wide @ wide.T, 0.0)
    if linkage is Linkage.WARD:
        apart *= 2 * weights[:, None] * weights / (weights[:, None] + weights)
    else:
        np.sqrt(apart, out=apart)
    np.fill_diagonal(apart, np.inf)
    return apart


def _merge(apart: _Numbers, weight: _Numbers, merge: _Merge, linkage: Linkage) -> None:
    """Let `apart` and `weight` say how things stand after the merge; the row that is gone is infinitely far."""
    into, gone = merge.into, merge.gone
    if linkage is Linkage.WARD:
        shares = (weight[into] + weight) * apart[into] + (weight[gone] + weight) * apart[gone] - weight * merge.height
        row = shares / (weight[into] + weight[gone] + weight)
    else:
        row = (weight[into] * apart[into] + weight[gone] * apart[gone]) / (weight[into] + weight[gone])
    row[into] = row[gone] = np.inf
    apart[into], apart[:, into] = row, row
    apart[gone], apart[:, gone] = np.inf, np.inf
    weight[into] += weight[gone]


def _small_groups(points: Vectors, count: int, seed: int) -> tuple[Vectors, Rows]:
    """Centres [count, d] of k-means, and the nearest one [n] of each point."""
    import faiss

    table = np.ascontiguousarray(points, dtype=np.float32)
    of_each = {"min_points_per_centroid": 1, "max_points_per_centroid": len(table)}  # no warning, and no subsampling
    means = faiss.Kmeans(table.shape[1], min(count, len(table)), niter=_KMEANS_STEPS, seed=seed, **of_each)
    means.train(table)
    _, nearest = means.index.search(table, 1)
    return np.asarray(means.centroids), nearest[:, 0]


def _numbered_by_first_appearance(found: NDArray[np.integer]) -> Rows:
    _, first, number = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)
