"""The flat baselines that stand beside every release, on the same embeddings and the same split."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recognition.heads.at_once import at_once
from recognition.heads.linear_head import affordable, fit_linear_head
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import Whitening, fit_whitening, leading_axes

NEAREST_PROTOTYPE = "nearest prototype"
FIVE_NEAREST = "5-NN"
WHITENED_PROTOTYPE = "whitened nearest prototype"
LINEAR = "linear on whitened"

_AXES = 256  # that a linear head reads: more cost time and bring nothing


def baseline_predictions(train: Samples, vectors: Vectors) -> dict[str, Rows]:
    """For each baseline the [n] predicted class rows of [n, d] encoder vectors; linear only where it is affordable."""
    whitening = fit_whitening(train)
    whitened = replace(train, vectors=whitening.apply(train.vectors), layout=())
    methods: dict[str, Callable[[], Rows]] = {
        NEAREST_PROTOTYPE: lambda: nearest_prototype(train, vectors),
        FIVE_NEAREST: lambda: nearest_neighbours(train, vectors, k=5),
        WHITENED_PROTOTYPE: lambda: nearest_prototype(whitened, whitening.apply(vectors)),
    }
    if affordable(len(train), len(train.classes)):
        methods[LINEAR] = lambda: linear(train, vectors, leading_axes(whitening, train, _AXES))
    return dict(zip(methods, at_once(list(methods.values())), strict=True))


def linear(train: Samples, vectors: Vectors, whitening: Whitening) -> Rows:
    """[n] row of the class that a linear head with early stopping names."""
    whitened, classes = whitening.apply(train.vectors), len(train.classes)
    prototypes = fit_linear_head(whitened, train.targets, train.groups, classes)
    rows, _ = scan_prototypes(prototypes)(whitening.apply(vectors), 1)
    return rows[:, 0]


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
