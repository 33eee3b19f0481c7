"""Positions of the classes on a map where look-alikes are neighbours.

Source: McInnes, Healy, Melville, "UMAP: Uniform Manifold Approximation and Projection", 2018. The neighbours are found
exactly by FAISS and handed to UMAP: its own search is the slower part, and an approximate one for many classes.
Importing umap costs seconds, so it is done here, once, and never on the query path.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Vectors

_NEIGHBOURS = 15
_EPOCHS = 200


def umap_positions(prototypes: Vectors, dimensions: int, seed: int = 0) -> NDArray[np.float32]:
    """[c, dimensions] positions of the prototypes on a UMAP of cosine distance.

    Args:
        prototypes: [c, d] L2-normalised; a class without photos may be all zeros.
        dimensions: two for a picture, more for clustering.
        seed: the same seed gives the same positions on the same machine.
    """
    with warnings.catch_warnings():
        # umap warns that it has no TensorFlow, that a seeded run has one thread, and that a graph it was given cannot
        # place new points; none changes the result.
        warnings.simplefilter("ignore")
        import umap

        mapper = umap.UMAP(
            n_components=dimensions,
            n_neighbors=min(_NEIGHBOURS, len(prototypes) - 1),
            min_dist=0.0 if dimensions > 2 else 0.3,
            metric="cosine",
            init=_start(prototypes, dimensions),
            n_epochs=_EPOCHS,
            precomputed_knn=_neighbour_graph(prototypes, min(_NEIGHBOURS, len(prototypes) - 1)),
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(mapper.fit_transform(prototypes), dtype=np.float32)


def _start(prototypes: Vectors, dimensions: int) -> str:
    """Principal components, which keep far groups in their places and depend on no seed, where there are enough.

    Source: Kobak and Linderman, "Initialization is critical for preserving global data structure in both t-SNE and
    UMAP", Nature Biotechnology 2021. UMAP's own spectral start takes minutes where groups of look-alikes stand apart.
    """
    vary = bool(np.ptp(prototypes, axis=0).max() > 1e-6)
    return "pca" if vary and min(prototypes.shape) > dimensions else "random"


def _neighbour_graph(prototypes: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
    """[c, count] rows of the nearest prototypes and their cosine distances, each prototype its own first neighbour."""
    import faiss

    points = np.ascontiguousarray(prototypes, dtype=np.float32)
    index = faiss.IndexFlatIP(points.shape[1])
    index.add(points)
    cosines, rows = index.search(points, count + 1)
    own = rows == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True  # among many that are the same, a prototype may not find itself: the farthest goes
    others = rows[~own].reshape(len(points), count)[:, : count - 1]
    distances = 1.0 - cosines[~own].reshape(len(points), count)[:, : count - 1]
    itself = np.arange(len(points), dtype=np.int64)[:, None]
    return (
        np.hstack([itself, others]),
        np.hstack([np.zeros((len(points), 1), dtype=np.float32), np.maximum(distances, 0.0)]).astype(np.float32),
    )
