"""Where the prototype of a product will lie that has clean photos alone: predicted from products that have both.

The mean of clean photos is a poor prototype among products that have camera photos: theirs lie where camera photos lie,
and every camera photo is nearer to one of them. How far, and in which direction, a camera moves a product is learned by
a ridge regression from the means of clean photos to the prototypes, over the products that have both.

Source: Hoerl, Kennard, "Ridge Regression", Technometrics 12(1), 1970. Measured by `benchmarks.recognition_first_day`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.errors import NotEnoughDataError
from recognition.heads.samples import Vectors
from recognition.heads.whitening import normalised


@dataclass(frozen=True)
class FirstDay:
    """The learned map.

    Attributes:
        clean: [k] float32, mean of the means of clean photos.
        camera: [k] float32, mean of the prototypes.
        weights: [k, k] float32, from what differs from the one to what differs from the other.
    """

    clean: NDArray[np.float32]
    camera: NDArray[np.float32]
    weights: Vectors

    def prototypes(self, clean: Vectors) -> Vectors:
        """[m, k] means of clean photos of other products -> [m, k] prototypes of length 1."""
        return normalised((clean - self.clean) @ self.weights + self.camera)


def fit_first_day(clean: Vectors, prototypes: Vectors, penalty: float) -> FirstDay:
    """Learn from products that have both.

    Args:
        clean: [n, k] mean of the clean photos of each product, in the space of the prototypes, rows of length 1.
        prototypes: [n, k] of the same products, in the same order.
        penalty: of the ridge, above 0: the larger, the nearer all predictions come to the mean prototype.

    Raises:
        NotEnoughDataError: fewer than two products have both.
    """
    if len(clean) < 2:
        raise NotEnoughDataError(f"{len(clean)} product(s) have clean photos and camera photos: two are needed")
    middle, goal = clean.mean(axis=0), prototypes.mean(axis=0)
    centred = (clean - middle).astype(np.float64)
    square = centred.T @ centred + penalty * np.eye(centred.shape[1])
    weights = np.linalg.solve(square, centred.T @ (prototypes - goal))
    return FirstDay(middle, goal, weights.astype(np.float32))
