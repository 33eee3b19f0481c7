"""How much likelier is it that a photo shows this class than that it shows a product nobody has taught?

The two-covariance model, known from telling voices apart: a product is a point drawn from the spread of all products, a
photo is a point drawn around its product. A class that was taught from n photos is known up to its posterior, so few
photos make a cautious class. The logarithm of the ratio

    p(photo | same product as the photos of the class) / p(photo | some other product)

compares the class with every product that might exist, where a cosine compares it with nothing.

Sources: Ioffe, "Probabilistic Linear Discriminant Analysis", ECCV 2006; Brummer and De Villiers, "The speaker
partitioning problem", Odyssey 2010; on vectors of unit length: Garcia-Romero and Espy-Wilson, Interspeech 2011.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Flags, Rows, Vectors
from recognition.heads.scatter import straightening, within_class_residuals
from recognition.heads.whitening import class_means

_CHUNK = 512  # photos whose candidates are gathered at once: 512 x 32 x 384 float32 are 25 MB


@dataclass(frozen=True)
class TwoCovariance:
    """The fitted model, in axes in which photos scatter by one around their product in every direction.

    Attributes:
        mean: [d] float32, subtracted first.
        matrix: [d, d] float32, into those axes.
        between: [d] float32 variance of the products along each axis.
        products: [c, d] float32 posterior mean of each class; zero, the mean of all, for a class without photos.
        counts: [c] float32 photos of each class.
    """

    mean: Vectors
    matrix: Vectors
    between: Vectors
    products: Vectors
    counts: Vectors

    def log_ratios(self, whitened: Vectors, rows: Rows) -> NDArray[np.float32]:
        """[n, k] log-likelihood ratio of each photo and each of its candidate class rows [n, k]."""
        placed = ((whitened - self.mean) @ self.matrix).astype(np.float32)  # [n, d]
        chunks = [
            self._of_chunk(placed[at : at + _CHUNK], rows[at : at + _CHUNK]) for at in range(0, len(rows), _CHUNK)
        ]
        return np.concatenate(chunks) if chunks else np.zeros(rows.shape, dtype=np.float32)

    def knowing(
        self, whitened: Vectors, targets: Rows, class_count: int, photos: Flags | None = None
    ) -> "TwoCovariance":
        """The same model with the posteriors of further classes behind its own; `fit_two_covariance` has the words."""
        known_from = _known_from(targets, class_count, photos)
        placed = (class_means(whitened, targets, class_count) - self.mean) @ self.matrix  # [c, d]
        products = _posterior_means(placed, self.between, known_from).astype(np.float32)
        return replace(
            self,
            products=np.concatenate([self.products, products]),
            counts=np.concatenate([self.counts, known_from.astype(np.float32)]),
        )

    def _of_chunk(self, placed: Vectors, rows: Rows) -> NDArray[np.float32]:
        unknown = 1 + self.between  # [d] variance of a photo of some product
        against = -0.5 * (placed**2 / unknown + np.log(unknown)).sum(axis=1)  # [n]
        counts, of_count = np.unique(self.counts[rows], return_inverse=True)
        known = 1 + _posterior_variance(self.between, counts)  # [counts, d] variance of a photo of the class
        known = known[of_count.reshape(rows.shape)]  # [n, k, d]
        squares = (placed[:, None] - self.products[rows]) ** 2  # [n, k, d]
        return np.asarray(-0.5 * (squares / known + np.log(known)).sum(axis=2) - against[:, None], dtype=np.float32)


def fit_two_covariance(
    whitened: Vectors, targets: Rows, class_count: int, photos: Flags | None = None
) -> TwoCovariance:
    """The model of [n, d] vectors and their class rows.

    Views of a photo move the mean of its class, but a class is known as well as its photos make it: only they count.

    Scatter around the products is learned as by `recognition.heads.scatter`; the spread of the products from the class
    means, less what the scatter of few photos adds to it.
    """
    counts = np.bincount(targets, minlength=class_count)
    known_from = _known_from(targets, class_count, photos)
    means = class_means(whitened, targets, class_count)  # [c, d]
    taught = counts > 0
    mean = means[taught].mean(axis=0)
    straight = straightening(within_class_residuals(whitened, targets, means))  # [d, d]
    placed = (means - mean) @ straight
    axes, between = _spread_of_products(placed[taught], known_from[taught])
    products = np.where(taught[:, None], _posterior_means(placed @ axes, between, known_from), 0.0)
    return TwoCovariance(
        mean=mean.astype(np.float32),
        matrix=(straight @ axes).astype(np.float32),
        between=between.astype(np.float32),
        products=products.astype(np.float32),
        counts=known_from.astype(np.float32),
    )


def _known_from(targets: Rows, class_count: int, photos: Flags | None) -> Rows:
    """[c] photos of each class."""
    return np.bincount(targets if photos is None else targets[photos], minlength=class_count)


def _posterior_means(
    placed: NDArray[np.floating], between: NDArray[np.floating], known_from: Rows
) -> NDArray[np.floating]:
    """[c, d] where each product lies: its mean [c, d], drawn to that of all products the more, the fewer its photos."""
    share = _posterior_variance(between, np.maximum(known_from, 1)) * known_from[:, None]  # [c, d] of the own mean
    return np.asarray(share * placed)


def _posterior_variance(between: NDArray[np.floating], counts: NDArray[np.number]) -> NDArray[np.floating]:
    """[counts, d] variance of a product along each axis once so many photos of it are known."""
    return np.asarray(between / (1 + counts[:, None] * between))


def _spread_of_products(placed: NDArray[np.float64], counts: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Axes [d, d] along which the products spread independently, and their variance [d] along each."""
    dimension = placed.shape[1]
    if len(placed) < 2:
        return np.eye(dimension), np.ones(dimension)
    found = placed.T @ placed / (len(placed) - 1) - np.eye(dimension) * (1 / counts).mean()
    values, axes = np.linalg.eigh(found)
    return axes, np.maximum(values, 0.0)
