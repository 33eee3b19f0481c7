"""The published recipe for recognising thousands of products, as a reference beside every figure of ours.

Frozen encoder, class prototypes, UMAP, agglomerative superclasses, a coarse head over the superclasses, and within the
one that it names a few-shot head: the nearest prototype. Routing is hard, so a coarse mistake can not be mended. It is
kept as its authors describe it, without our metric, and is never published in a release.

Source: hierarchical few-shot recognition on frozen self-supervised embeddings (coarse head over UMAP superclasses),
with prototypes after Snell, Swersky, Zemel, NeurIPS 2017.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.coarse_head import CoarseHead, fit_coarse_head
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.superclasses import find_superclasses

SUPERCLASSES = 100
_CHUNK = 4096


@dataclass(frozen=True)
class PublishedRecipe:
    """The fitted recipe.

    Attributes:
        prototypes: [c, d] float32, L2-normalised class means in the encoder's own space.
        superclass_of: [c] int64 superclass row of each class row.
        coarse: the coarse head, on encoder vectors.
    """

    prototypes: Vectors
    superclass_of: Rows
    coarse: CoarseHead

    def predict(self, vectors: Vectors) -> Rows:
        """[n] class rows of [n, d] encoder vectors: the nearest prototype within the likeliest superclass."""
        parts = [self._predict(vectors[at : at + _CHUNK]) for at in range(0, len(vectors), _CHUNK)]
        return np.concatenate([np.zeros(0, dtype=np.int64), *parts])

    def _predict(self, vectors: Vectors) -> Rows:
        named = self.superclasses(vectors)  # [n]
        outside = self.superclass_of[None, :] != named[:, None]  # [n, c]
        cosines: NDArray[np.float32] = vectors @ self.prototypes.T
        return np.asarray(np.where(outside, -np.inf, cosines).argmax(axis=1), dtype=np.int64)

    def superclasses(self, vectors: Vectors) -> Rows:
        """[n] the superclass that the coarse head names for each of [n, d] encoder vectors."""
        return np.asarray(self.coarse.log_probabilities(vectors).argmax(axis=1), dtype=np.int64)


def fit_published_recipe(samples: Samples, superclasses: int = SUPERCLASSES, seed: int = 0) -> PublishedRecipe:
    """Fit the recipe with at most as many superclasses as half the classes."""
    prototypes = class_prototypes(samples.vectors, samples.targets, len(samples.classes))
    superclass_of = find_superclasses(prototypes, min(superclasses, len(samples.classes) // 2), seed)
    coarse = fit_coarse_head(
        samples.vectors, superclass_of[samples.targets], samples.groups, int(superclass_of.max()) + 1, seed
    )
    return PublishedRecipe(prototypes, superclass_of, coarse)
