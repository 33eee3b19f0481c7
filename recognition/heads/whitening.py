"""A metric in which photos of one product lie close: cosine after whitening the within-class scatter.

Source: within-class covariance normalisation (Hatch et al., Interspeech 2006), see `recognition.heads.scatter`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Samples, Vectors
from recognition.heads.scatter import straightening, within_class_residuals


@dataclass(frozen=True)
class Whitening:
    """An affine map followed by L2 normalisation.

    Attributes:
        mean: [d] float32, subtracted first.
        matrix: [d, k] float32, inverse square root of the within-class covariance, or the leading axes of it.
    """

    mean: Vectors
    matrix: Vectors

    def apply(self, vectors: Vectors) -> Vectors:
        """Whitened, L2-normalised rows; [n, d] -> [n, k]."""
        return normalised(self.place(vectors))

    def place(self, vectors: Vectors) -> NDArray[np.floating]:
        """Whitened rows of any length; [n, d] -> [n, k]."""
        return (vectors - self.mean) @ self.matrix


def fit_whitening(samples: Samples) -> Whitening:
    """The whitening of the samples' within-class scatter.

    Where no class has two photos the matrix is the identity: plain cosine around the mean.
    """
    means = class_means(samples.vectors, samples.targets, len(samples.classes))
    residuals = within_class_residuals(samples.vectors, samples.targets, means)
    return Whitening(samples.vectors.mean(axis=0), straightening(residuals).astype(np.float32))


def plain_cosine(samples: Samples) -> Whitening:
    """The metric of the encoder itself: nothing moved, nothing whitened."""
    dimension = samples.vectors.shape[1]
    return Whitening(np.zeros(dimension, dtype=np.float32), np.eye(dimension, dtype=np.float32))


def leading_axes(whitening: Whitening, samples: Samples, count: int) -> Whitening:
    """The same whitening along the `count` axes in which the classes differ most (Fisher's linear discriminant).

    All axes are kept where there are fewer classes than that: their prototypes lie in fewer dimensions anyway, and
    what a photo has outside of them tells that it shows none of the classes.

    Source: Fisher, "The use of multiple measurements in taxonomic problems", 1936.
    """
    taught = samples.counts() > 0
    if min(whitening.matrix.shape[1], int(taught.sum()) - 1) <= count:
        return whitening
    means = class_means(whitening.apply(samples.vectors), samples.targets, len(samples.classes))
    prototypes = normalised(means[taught]).astype(np.float64)
    apart = prototypes - prototypes.mean(axis=0)
    _, axes = np.linalg.eigh(apart.T @ apart)  # ascending; much cheaper than singular values of thousands of rows
    leading = whitening.matrix @ axes[:, : -count - 1 : -1]
    return Whitening(whitening.mean, np.ascontiguousarray(leading, dtype=np.float32))


def class_means(vectors: Vectors, targets: NDArray[np.int64], class_count: int) -> NDArray[np.float64]:
    """[c, d] mean vector of each class row; a row without samples is all zeros."""
    means = np.zeros((class_count, vectors.shape[1]), dtype=np.float64)
    for members in rows_of_each(targets):
        means[targets[members[0]]] = vectors[members].mean(axis=0, dtype=np.float64)
    return means


def normalised(vectors: NDArray[np.floating]) -> Vectors:
    """Rows divided by their L2 norm; an all-zero row stays zero."""
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))  # several times as quick as np.linalg.norm
    return np.asarray(vectors / np.maximum(norms, 1e-12)[:, None], dtype=np.float32)
