"""The FAISS index over the class prototypes: which classes are near a photo."""

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Vectors
from recognition.heads.scoring import NearestClasses


def build_index(prototypes: Vectors) -> bytes:
    """A serialised exact inner-product index; the id of each vector is its class row."""
    import faiss

    index = faiss.IndexFlatIP(prototypes.shape[1])
    index.add(np.ascontiguousarray(prototypes, dtype=np.float32))
    return faiss.serialize_index(index).tobytes()


def open_index(stored: bytes) -> NearestClasses:
    """The nearest-class search of a stored index; verify its bytes first, for FAISS does not."""
    import faiss

    index = faiss.deserialize_index(np.frombuffer(stored, dtype=np.uint8))

    def nearest(whitened: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
        cosines, rows = index.search(np.ascontiguousarray(whitened), min(count, index.ntotal))
        return rows.astype(np.int64), cosines

    return nearest
