"""Where the prototype of a product will lie that has catalogue photos alone: predicted from products that have both.

The mean of clean photos is a poor prototype among products that have camera photos: theirs lie where camera photos lie,
and every camera photo is nearer to one of them. How far, and in which direction, a camera moves a product is learned by
a ridge regression from the means of catalogue photos to the prototypes, over the products that have both.

A predicted prototype is a guess, and must not take the photos of products that are known better: it is shorter than the
others, so a photo must be nearer to it by as much. The penalty of the ridge and the length are a rule, which is chosen
in a rehearsal (`recognition.heads.rehearsal`).

Source: Hoerl, Kennard, "Ridge Regression", Technometrics 12(1), 1970. Measured by `benchmarks.recognition_first_day`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.errors import NotEnoughDataError
from recognition.heads.metric import Metric
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Flags, Samples, Vectors
from recognition.heads.whitening import normalised


@dataclass(frozen=True)
class FirstDayRule:
    """How to predict.

    Attributes:
        penalty: of the ridge, above 0: the larger, the nearer all predictions come to the mean prototype. None predicts
            the mean of the catalogue photos itself, which is right where cameras see a product as its shop does.
        length: of a predicted prototype, above 0; all others are of length 1.
    """

    penalty: float | None
    length: float


@dataclass(frozen=True)
class FirstDay:
    """The learned map.

    Attributes:
        clean: [k] float32, mean of the means of catalogue photos.
        camera: [k] float32, mean of the prototypes.
        weights: [k, k] float32, from what differs from the one to what differs from the other.
        length: [1] float32, of every prediction.
    """

    clean: NDArray[np.float32]
    camera: NDArray[np.float32]
    weights: Vectors
    length: NDArray[np.float32]

    def prototypes(self, clean: Vectors) -> Vectors:
        """[m, k] means of catalogue photos of other products -> [m, k] prototypes."""
        return self.length * normalised((clean - self.clean) @ self.weights + self.camera)


def fit_first_day(clean: Vectors, prototypes: Vectors, rule: FirstDayRule) -> FirstDay:
    """Learn from products that have both.

    Args:
        clean: [n, k] mean of the catalogue photos of each product, in the space of the prototypes, rows of length 1.
        prototypes: [n, k] of the same products, in the same order.
        rule: how to predict.

    Raises:
        NotEnoughDataError: fewer than two products have both.
    """
    if len(clean) < 2:
        raise NotEnoughDataError(f"{len(clean)} product(s) have clean photos and camera photos: two are needed")
    length = np.array([rule.length], dtype=np.float32)
    if rule.penalty is None:
        nowhere = np.zeros(clean.shape[1], dtype=np.float32)
        return FirstDay(nowhere, nowhere, np.eye(clean.shape[1], dtype=np.float32), length)
    middle, goal = clean.mean(axis=0), prototypes.mean(axis=0)
    centred = (clean - middle).astype(np.float64)
    square = centred.T @ centred + rule.penalty * np.eye(centred.shape[1])
    weights = np.linalg.solve(square, centred.T @ (prototypes - goal))
    return FirstDay(middle, goal, weights.astype(np.float32), length)


def clean_means(samples: Samples, metric: Metric) -> tuple[Vectors, Flags]:
    """[c, k] mean of the catalogue photos of each class, where photos are compared; [c] which classes have any."""
    count = len(samples.classes)
    if samples.catalogue is None:
        return np.zeros((count, 0), dtype=np.float32), np.zeros(count, dtype=np.bool_)
    photos = samples.take(samples.catalogue & samples.photos)
    return class_prototypes(metric.apply(photos.vectors), photos.targets, count), photos.counts() > 0
