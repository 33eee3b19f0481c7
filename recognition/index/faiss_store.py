"""The vector store of one machine, and the default: indexes in this process."""

import numpy as np

from recognition.index.building import index_for
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index
from recognition.index.recall import recall_queries

_QUERIES = 1000


class FaissStore:
    """A vector store of FAISS indexes, see `recognition.index.stores`."""

    def __init__(self) -> None:
        self._held: dict[str, Index] = {}

    def open(self, name: str, embeddings: Embeddings, made: Index | None = None) -> Index:
        """The index of that name; `made` where a release brings it, else of the kind that its size asks for."""
        if made is not None:
            return made
        if name not in self._held:
            none = np.zeros((0, embeddings.vectors.shape[1]), dtype=np.float32)
            self._held[name], _ = index_for(embeddings, recall_queries(none, embeddings.vectors, _QUERIES))
        return self._held[name]

    def forget(self, name: str) -> None:
        """Drop the index of that name."""
        self._held.pop(name, None)
