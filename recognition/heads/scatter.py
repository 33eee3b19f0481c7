"""How photos scatter around their product, and the map under which they scatter alike in every direction.

Sources: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004; within-class
covariance normalisation, Hatch et al., Interspeech 2006.
"""

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Vectors

_MOST_RESIDUALS = 40_000  # dozens for each dimension: more would only cost memory and time
_LEAST_VARIANCE = 1e-6  # of the largest: constant dimensions have none but for rounding, and must not be blown up


def within_class_residuals(vectors: Vectors, targets: Rows, means: NDArray[np.float64]) -> NDArray[np.float64]:
    """[m, d] deviations of [n, d] vectors from their class means [c, d].

    They are scaled so that small classes are not flattered by their own mean. Classes with a single photo say nothing
    about scatter and are left out; of very many photos an even share is taken.
    """
    of_photo = np.bincount(targets, minlength=len(means))[targets]  # [n]
    rows = np.flatnonzero(of_photo >= 2)
    if len(rows) > _MOST_RESIDUALS:
        rows = rows[np.linspace(0, len(rows) - 1, _MOST_RESIDUALS).astype(np.int64)]
    scale = np.sqrt(of_photo[rows] / (of_photo[rows] - 1))
    return np.asarray((vectors[rows] - means[targets[rows]]) * scale[:, None], dtype=np.float64)


def straightening(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """[d, d] symmetric map under which the residuals have unit variance in every direction.

    The identity where fewer than two are known.
    """
    if len(residuals) < 2:
        return np.eye(residuals.shape[1])
    values, axes = np.linalg.eigh(shrunk_covariance(residuals))
    floor = max(float(values[-1]) * _LEAST_VARIANCE, 1e-12)
    return np.asarray((axes / np.sqrt(np.maximum(values, floor))) @ axes.T)


def shrunk_covariance(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """[d, d] covariance of [m, d] deviations, drawn towards a multiple of the identity as by Ledoit and Wolf.

    scikit-learn's estimator gives the same and multiplies three matrices of this size where one is enough: what it sums
    over the product of the squares is a sum of fourth powers of lengths.
    """
    count, dimension = residuals.shape
    covariance = residuals.T @ residuals / count
    variance = float(np.trace(covariance)) / dimension
    lengths = np.einsum("md,md->m", residuals, residuals)
    apart = float((covariance**2).sum())  # squared Frobenius norm
    noise = (float((lengths**2).sum()) / count - apart) / count
    spread = apart - dimension * variance**2
    shrinkage = min(noise, spread) / spread if min(noise, spread) > 0 else 0.0
    covariance *= 1 - shrinkage
    covariance.flat[:: dimension + 1] += shrinkage * variance
    return np.asarray(covariance)
