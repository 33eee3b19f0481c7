"""How many independent photos is this evidence worth? Photos of one scene are right and wrong together.

Source: the design effect of cluster samples, 1 + (m - 1) x intraclass correlation (Kish, "Survey Sampling", 1965), here
for unequal clusters and weights; the correlation by analysis of variance (Donner, 1986).
"""

import numpy as np
from numpy.typing import NDArray


def intraclass_correlation(values: NDArray[np.floating], clusters: NDArray[np.int64]) -> float:
    """How alike [n] values of one cluster are: 0 as unlike as any, 1 the same. Where nothing can be told, 1.

    Nothing can be told where there is one cluster, or where all values are the same.
    """
    found, of_value, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    count, total = len(found), len(values)
    if count == total:
        return 0.0  # nothing shares a cluster
    if count < 2:
        return 1.0
    means = np.bincount(of_value, weights=values) / sizes
    between = float((sizes * (means - values.mean()) ** 2).sum()) / (count - 1)
    within = float(((values - means[of_value]) ** 2).sum()) / (total - count)
    typical = (total - float((sizes**2).sum()) / total) / (count - 1)
    spread = between + (typical - 1) * within
    return float(np.clip((between - within) / spread, 0.0, 1.0)) if spread > 0 else 1.0


def effective_sizes(
    weights: NDArray[np.floating], clusters: NDArray[np.int64], correlations: NDArray[np.floating]
) -> NDArray[np.float64]:
    """[n] worth of the first 1, 2, ... n photos: as many independent, equally weighted ones tell as much.

    Args:
        weights: [n] weight of each photo.
        clusters: [n] cluster of each photo, all of one weight and correlation.
        correlations: [n] intraclass correlation of the photo's cluster.
    """
    # m photos of a cluster vary together like m + m (m - 1) rho: the j-th of them adds 1 + 2 rho (j - 1).
    adds = weights**2 * (1 + 2 * correlations * _place_in_cluster(clusters))
    return np.asarray(np.cumsum(weights) ** 2 / np.cumsum(adds), dtype=np.float64)


def _place_in_cluster(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """[n] how many earlier photos are of the same cluster."""
    order = np.argsort(clusters, kind="stable")
    first = np.flatnonzero(np.diff(clusters[order], prepend=clusters[order][:1] - 1))
    sizes = np.diff(np.append(first, len(clusters)))
    place = np.empty(len(clusters), dtype=np.int64)
    place[order] = np.arange(len(clusters)) - np.repeat(first, sizes)
    return place
