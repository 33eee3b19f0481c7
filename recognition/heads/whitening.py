"""A metric in which photos of one product lie close: cosine after whitening the within-class scatter.

Source: within-class covariance normalisation (Hatch et al., Interspeech 2006), shrunk as by Ledoit and Wolf (2004).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Samples, Vectors

_MOST_RESIDUALS = 40_000  # dozens for each dimension: more would only cost memory


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
        return normalised((vectors - self.mean) @ self.matrix)  # [n, k]


def fit_whitening(samples: Samples) -> Whitening:
    """The whitening of the samples' within-class scatter.

    Classes with a single photo say nothing about scatter and are left out of it. Where no class has two photos the
    matrix is the identity: plain cosine around the mean.
    """
    mean = samples.vectors.mean(axis=0)
    residuals = _within_class_residuals(samples)
    if len(residuals) < 2:
        return Whitening(mean, np.eye(samples.vectors.shape[1], dtype=np.float32))
    return Whitening(mean, _inverse_square_root(_shrunk_covariance(residuals)))


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
    prototypes = normalised(means[taught])
    _, _, axes = np.linalg.svd(prototypes - prototypes.mean(axis=0), full_matrices=False)
    return Whitening(whitening.mean, np.ascontiguousarray(whitening.matrix @ axes[:count].T, dtype=np.float32))


def class_means(vectors: Vectors, targets: NDArray[np.int64], class_count: int) -> NDArray[np.float64]:
    """[c, d] mean vector of each class row; a row without samples is all zeros."""
    counts = np.bincount(targets, minlength=class_count)
    sums = np.zeros((class_count, vectors.shape[1]), dtype=np.float64)
    if len(targets):
        order = np.argsort(targets, kind="stable")
        starts = np.concatenate([[0], np.cumsum(counts[counts > 0])[:-1]])
        sums[counts > 0] = np.add.reduceat(vectors[order], starts, axis=0, dtype=np.float64)
    return np.asarray(sums / np.maximum(counts, 1)[:, None], dtype=np.float64)


def normalised(vectors: NDArray[np.floating]) -> Vectors:
    """Rows divided by their L2 norm; an all-zero row stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def _within_class_residuals(samples: Samples) -> NDArray[np.float64]:
    """[m, d] deviations from the class mean, scaled so that small classes are not flattered by their own mean."""
    counts = samples.counts()[samples.targets]  # [n]
    several = counts >= 2
    means = class_means(samples.vectors, samples.targets, len(samples.classes))
    rows = np.flatnonzero(several)
    rows = rows[:: max(1, len(rows) // _MOST_RESIDUALS)]
    counts = counts[rows]
    deviations = samples.vectors[rows] - means[samples.targets[rows]]
    return np.asarray(deviations * np.sqrt(counts / (counts - 1))[:, None], dtype=np.float64)


def _shrunk_covariance(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(residuals, assume_centered=True)
    return np.asarray(covariance, dtype=np.float64)


def _inverse_square_root(covariance: NDArray[np.float64]) -> Vectors:
    values, axes = np.linalg.eigh(covariance)
    # An encoder may hold constant dimensions: their variance is zero but for rounding, and must not be blown up.
    floor = max(float(values[-1]) * 1e-6, 1e-12)
    return np.asarray((axes / np.sqrt(np.maximum(values, floor))) @ axes.T, dtype=np.float32)
