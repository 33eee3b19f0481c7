"""How far a figure may be off by the luck of the photos: bootstrap intervals over whole clusters.

Photos of one scene, or of one class, are right and wrong together; drawing single photos would promise too narrow an
interval. Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993; clusters: Field and Welsh, 2007.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
_LEVEL = 0.95
_AT_ONCE = 4_000_000  # numbers drawn at once: 32 MB


@dataclass(frozen=True)
class Interval:
    """Between which values a figure lies with a probability of 95 %."""

    low: float
    high: float


def share_interval(hits: NDArray[np.bool_], clusters: NDArray[np.int64], seed: int = 0, draws: int = DRAWS) -> Interval:
    """Percentile interval of the share of hits among n >= 1 photos, drawing whole clusters.

    Args:
        hits: [n] what is counted.
        clusters: [n] what each photo belongs to (scene, near-duplicate group or class), any numbers.
        seed: of the draws.
        draws: how many.
    """
    _, of_photo = np.unique(clusters, return_inverse=True)
    photos = np.bincount(of_photo).astype(np.float64)
    hit = np.bincount(of_photo, weights=hits.astype(np.float64))
    return _percentiles(np.stack([hit, photos], axis=1), seed, draws)


def mean_interval(values: NDArray[np.floating], seed: int = 0, draws: int = DRAWS) -> Interval:
    """Percentile interval of the mean of m >= 1 values, one for each cluster (macro accuracy: one for each class)."""
    return _percentiles(np.stack([values.astype(np.float64), np.ones(len(values))], axis=1), seed, draws)


def _percentiles(sums: NDArray[np.float64], seed: int, draws: int) -> Interval:
    """Interval of the ratio of two sums over clusters; `sums` is [clusters, 2]."""
    random = np.random.default_rng(seed)
    clusters, found, left = len(sums), [], draws
    while left:
        now = max(1, min(left, _AT_ONCE // clusters))
        times = random.multinomial(clusters, np.full(clusters, 1 / clusters), size=now)  # [now, clusters]
        drawn = times @ sums  # [now, 2]
        found.append(drawn[:, 0] / drawn[:, 1])
        left -= now
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(np.concatenate(found), [tail, 1 - tail])
    return Interval(float(low), float(high))
