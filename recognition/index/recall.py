"""How much of what an exact scan finds an index finds too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Vectors
from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import normalised
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index

_ROUNDING = 1e-5  # cosines that are summed in another order differ by less


@dataclass(frozen=True)
class Recall:
    """Shares against an exact scan; a row with the same cosine counts as the same row.

    Attributes:
        at_1: of the nearest rows.
        at_10: of the ten nearest rows.
        queries: how many photos were asked about; none where the index compares every row anyway.
    """

    at_1: float = 1.0
    at_10: float = 1.0
    queries: int = 0

    @property
    def least(self) -> float:
        """The smaller of the two."""
        return min(self.at_1, self.at_10)


COMPLETE = Recall()
"""Of an index that compares every row."""


def nearest_cosines(embeddings: Embeddings, queries: Vectors) -> NDArray[np.float32]:
    """[n, 10] cosines of the nearest rows, by a scan: what every index over them is measured against."""
    _, exact = scan_prototypes(embeddings.vectors)(queries, 10)
    return exact


def measure_recall(index: Index, queries: Vectors, exact: NDArray[np.float32] | None = None) -> Recall:
    """The recall of an index on [n, k] vectors in the space in which photos are compared.

    Args:
        index: the index.
        queries: what it is asked.
        exact: `nearest_cosines` of the same; scanned for where there is none.
    """
    if index.codes is None or not len(queries):
        return COMPLETE
    exact = nearest_cosines(index.embeddings, queries) if exact is None else exact
    _, found = index.nearest_rows(queries, 10)
    right = found >= exact[:, -1:] - _ROUNDING
    return Recall(float((found[:, 0] >= exact[:, 0] - _ROUNDING).mean()), float(right.mean()), len(queries))


def recall_queries(photos: Vectors, vectors: Vectors, most: int, seed: int = 0) -> Vectors:
    """What an index is asked to be measured: photos, and where they are few, vectors that were moved a little.

    Args:
        photos: [n, k] photos in the space in which they are compared; the first `most` are taken.
        vectors: [r, k] what the index holds.
        most: how many to give.
        seed: which vectors are moved, and where to.
    """
    random = np.random.default_rng(seed)
    missing = max(0, min(most - len(photos), len(vectors)))
    chosen = vectors[np.sort(random.choice(len(vectors), missing, replace=False))]
    noise = random.normal(size=chosen.shape).astype(np.float32) * np.float32(0.5 / np.sqrt(vectors.shape[1]))
    return np.concatenate([photos[:most], normalised(chosen + noise)])
