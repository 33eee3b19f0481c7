"""The vector store of one machine, and the default: indexes in this process."""

from collections.abc import Mapping

import numpy as np

from recognition.index.building import index_for
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index
from recognition.index.recall import recall_queries

_QUERIES = 1000


class FaissStore:
    """A vector store of FAISS indexes, see `recognition.index.stores`."""

    def __init__(self, known: Mapping[str, Index] | None = None) -> None:
        """A store that holds the indexes of releases by name; what it does not hold yet is built when it is opened."""
        self._held = dict(known or {})

    def open(self, name: str, embeddings: Embeddings) -> Index:
        """The index of that name, of the kind that its size asks for."""
        if name not in self._held:
            none = np.zeros((0, embeddings.vectors.shape[1]), dtype=np.float32)
            self._held[name], _ = index_for(embeddings, recall_queries(none, embeddings.vectors, _QUERIES))
        return self._held[name]

    def forget(self, name: str) -> None:
        """Drop the index of that name."""
        self._held.pop(name, None)
