"""The flat baselines that stand beside every release, on the same embeddings and the same split."""

from dataclasses import replace

import numpy as np

from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import fit_whitening

NEAREST_PROTOTYPE = "nearest prototype"
FIVE_NEAREST = "5-NN"
WHITENED_PROTOTYPE = "whitened nearest prototype"


def baseline_predictions(train: Samples, vectors: Vectors) -> dict[str, Rows]:
    """For each baseline the [n] predicted class rows of [n, d] encoder vectors."""
    whitening = fit_whitening(train)
    whitened = replace(train, vectors=whitening.apply(train.vectors), layout=())
    return {
        NEAREST_PROTOTYPE: nearest_prototype(train, vectors),
        FIVE_NEAREST: nearest_neighbours(train, vectors, k=5),
        WHITENED_PROTOTYPE: nearest_prototype(whitened, whitening.apply(vectors)),
    }


def nearest_prototype(train: Samples, vectors: Vectors) -> Rows:
    """[n] row of the class whose mean vector has the highest cosine."""
    prototypes = class_prototypes(train.vectors, train.targets, len(train.classes))
    rows, _ = scan_prototypes(prototypes)(vectors, 1)
    return rows[:, 0]


def nearest_neighbours(train: Samples, vectors: Vectors, k: int) -> Rows:
    """[n] row of the class with the largest summed cosine among the k nearest training photos.

    Of classes with equal sums the one of the lowest row. Only classes among the neighbours can win.
    """
    neighbours, cosines = scan_prototypes(train.vectors)(vectors, k)
    of_neighbour = train.targets[neighbours]  # [n, k]
    votes = np.zeros_like(cosines)  # [n, k]: what the class of each neighbour has gathered
    for place in range(neighbours.shape[1]):
        votes += np.where(of_neighbour == of_neighbour[:, [place]], cosines[:, [place]], np.float32(0))
    winners = np.where(votes == votes.max(axis=1, keepdims=True), of_neighbour, len(train.classes))
    return np.asarray(winners.min(axis=1), dtype=np.int64)
