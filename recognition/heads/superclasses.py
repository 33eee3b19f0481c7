"""Superclasses: groups of classes that look alike, found among the class prototypes.

Source: UMAP (McInnes et al., 2018) and average-linkage agglomerative clustering on the map, as in the published recipe
for recognising thousands of products. The whole is seeded. Importing umap costs seconds, so it is done here, once, and
never on the query path.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Vectors

FEWEST_CLASSES = 8  # below this a map has no neighbourhoods to speak of: all classes are one superclass
_MAP_DIMENSIONS = 8
_UNTELLING = frozenset({"a", "an", "and", "for", "in", "ml", "g", "kg", "l", "of", "or", "the", "with"})


def superclass_count(class_count: int) -> int:
    """How many superclasses to ask for: about two per square root, so that both levels choose among similar numbers."""
    return max(1, min(round(2 * math.sqrt(class_count)), class_count // 2))


def find_superclasses(prototypes: Vectors, count: int, seed: int = 0) -> Rows:
    """[c] superclass row of each class, numbered by first appearance; [c, d] prototypes are L2-normalised."""
    if len(prototypes) < FEWEST_CLASSES or count < 2:
        return np.zeros(len(prototypes), dtype=np.int64)
    from sklearn.cluster import AgglomerativeClustering

    positions = umap_positions(prototypes, dimensions=_MAP_DIMENSIONS, seed=seed)
    found = AgglomerativeClustering(n_clusters=count, linkage="average").fit_predict(positions)
    return _numbered_by_first_appearance(found)


def umap_positions(prototypes: Vectors, dimensions: int, seed: int = 0) -> NDArray[np.float32]:
    """[c, dimensions] positions of the prototypes on a UMAP of cosine distance."""
    import warnings

    with warnings.catch_warnings():
        # umap warns that it has no TensorFlow and of each consequence of its seeded run; none changes the result.
        warnings.simplefilter("ignore")
        import umap

        mapper = umap.UMAP(
            n_components=dimensions,
            n_neighbors=min(15, len(prototypes) - 1),
            min_dist=0.0 if dimensions > 2 else 0.3,
            metric="cosine",
            init="spectral" if len(prototypes) > 4 * dimensions else "random",  # the spectral start needs more points
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(mapper.fit_transform(prototypes), dtype=np.float32)


def superclass_names(classes: Sequence[str], superclass_of: Rows, titles: Mapping[str, str]) -> dict[int, str]:
    """A name for each superclass row: the one or two commonest words in the titles of its classes."""
    words: dict[int, Counter[str]] = {}
    for sku, superclass in zip(classes, superclass_of.tolist(), strict=True):
        telling = {word for word in titles.get(sku, sku).replace("-", " ").split() if _tells(word)}
        words.setdefault(superclass, Counter()).update(sorted(telling))
    return {
        row: " ".join(word for word, _ in counter.most_common(2)) or f"group {row}" for row, counter in words.items()
    }


def _tells(word: str) -> bool:
    return word.isalpha() and word.lower() not in _UNTELLING


def _numbered_by_first_appearance(found: NDArray[np.integer]) -> Rows:
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(int(label), len(numbers)) for label in found], dtype=np.int64)
