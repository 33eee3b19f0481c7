"""Which labels are probably wrong: confident learning over the training photos.

Every photo is judged by heads that never saw its scene. A class counts for a photo where the photo is at least as
probable to show it as photos with that label are on average. Where another class counts, and is more probable than the
label, the label is suspected. People decide: nothing is dropped here.

Source: Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows
from recognition.heads.scoring import Ranking


@dataclass(frozen=True)
class Suspects:
    """Photos whose label is probably wrong, the most suspicious first.

    Attributes:
        rows: [m] int64 rows of the photos.
        rivals: [m] int64 class rows that they more probably show.
        scores: [m] by how much the rival is more probable than the label, in (0, 1].
    """

    rows: Rows
    rivals: Rows
    scores: NDArray[np.float64]


def find_suspects(ranking: Ranking, labels: Rows, class_count: int) -> Suspects:
    """The suspects among n photos.

    Args:
        ranking: of the photos by heads that never saw them.
        labels: [n] class rows.
        class_count: number of classes.
    """
    own = np.where(ranking.rows == labels[:, None], ranking.probability, 0.0).sum(axis=1)
    expected = _mean_of_each_class(own, labels, class_count)
    counts = ranking.probability >= expected[ranking.rows]
    probable = np.where(counts & (ranking.rows != labels[:, None]), ranking.probability, -np.inf)
    best = probable.argmax(axis=1)
    every = np.arange(len(labels))
    lead = probable[every, best] - own
    rows = np.flatnonzero(lead > 0)
    rows = rows[np.argsort(-lead[rows], kind="stable")]
    return Suspects(rows, ranking.rows[rows, best[rows]], lead[rows].astype(np.float64))


def _mean_of_each_class(values: NDArray[np.floating], labels: Rows, class_count: int) -> NDArray[np.float64]:
    """[c] means; a class without a photo has none that anything could reach."""
    photos = np.bincount(labels, minlength=class_count)
    sums = np.bincount(labels, weights=values, minlength=class_count)
    return np.where(photos > 0, sums / np.maximum(photos, 1), np.inf)
