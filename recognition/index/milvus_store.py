"""Embeddings in Milvus (Apache-2.0): the way past one machine. The only module that imports its client.

A release is a collection: its rows are put there once, by number, so that a process that was killed while it did so, or
two that do it at once, end with the same rows. A path ending in `.db` opens Milvus Lite in this process, which speaks
the same protocol and is what the contract tests run on; anything else is the address of a cluster.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.errors import VectorStoreUnavailableError
from recognition.heads.samples import Rows, Vectors
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index, best_of_each_class

_ROW, _VECTOR = "row", "vector"
_BATCH = 1000  # rows of one request: at 384 dimensions a megabyte and a half
_MOST_ANSWERS = 16_384  # of one search, as Milvus limits it


class MilvusStore:
    """A vector store in Milvus, see `recognition.index.stores`."""

    def __init__(self, uri: str, token: str = "", timeout: float = 10.0) -> None:
        """A store at an address.

        Args:
            uri: `http://host:19530`, or a path that ends in `.db`.
            token: `user:password` or an API key, where the cluster asks for one.
            timeout: seconds that a request may take.

        Raises:
            VectorStoreUnavailableError: the client is not installed, or nobody answers there.
        """
        try:
            from pymilvus import MilvusClient
            from pymilvus.exceptions import MilvusException
        except ImportError as error:
            raise VectorStoreUnavailableError(
                "the settings name a Milvus, but its client is not installed: pip install 'skuloop[milvus]'"
            ) from error
        self._failure, self._timeout = MilvusException, timeout
        try:
            self._client = MilvusClient(uri=uri, token=token, timeout=timeout)
        except MilvusException as error:
            raise self._unavailable(error) from error

    def open(self, name: str, embeddings: Embeddings, made: Index | None = None) -> "MilvusSearch":  # noqa: ARG002
        """The search over a collection, which is filled first if it does not hold every row."""
        collection = _collection_of(name)
        try:
            if not self._client.has_collection(collection):
                self._create(collection, embeddings.vectors.shape[1])
            if self._count(collection) != len(embeddings):
                self._fill(collection, embeddings.vectors)
            self._client.load_collection(collection)
        except self._failure as error:
            raise self._unavailable(error) from error
        return MilvusSearch(self, collection, embeddings)

    def forget(self, name: str) -> None:
        """Drop the collection of that name."""
        try:
            self._client.drop_collection(_collection_of(name))
        except self._failure as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Give up the connection."""
        self._client.close()

    def nearest_rows(self, collection: str, whitened: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
        """Rows [n, k] and cosines [n, k] of a collection, nearest first."""
        try:
            found = self._client.search(
                collection,
                data=list(whitened),
                anns_field=_VECTOR,
                limit=count,
                output_fields=[_ROW],
                timeout=self._timeout,
            )
        except self._failure as error:
            raise self._unavailable(error) from error
        rows = np.array([[hit[_ROW] for hit in of_photo] for of_photo in found], dtype=np.int64)
        cosines = np.array([[hit["distance"] for hit in of_photo] for of_photo in found], dtype=np.float32)
        return rows.reshape(len(whitened), count), cosines.reshape(len(whitened), count)

    def _create(self, collection: str, dimension: int) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False)
        schema.add_field(_ROW, DataType.INT64, is_primary=True)
        schema.add_field(_VECTOR, DataType.FLOAT_VECTOR, dim=dimension)
        index = self._client.prepare_index_params()
        index.add_index(_VECTOR, index_type="AUTOINDEX", metric_type="IP")
        self._client.create_collection(collection, schema=schema, index_params=index, consistency_level="Strong")

    def _count(self, collection: str) -> int:
        return int(self._client.get_collection_stats(collection)["row_count"])

    def _fill(self, collection: str, vectors: Vectors) -> None:
        for at in range(0, len(vectors), _BATCH):
            some = vectors[at : at + _BATCH]
            self._client.upsert(collection, [{_ROW: at + place, _VECTOR: vector} for place, vector in enumerate(some)])
        self._client.flush(collection)

    def _unavailable(self, error: Exception) -> VectorStoreUnavailableError:
        return VectorStoreUnavailableError(f"Milvus does not answer as it should: {error}")


@dataclass(frozen=True)
class MilvusSearch:
    """A `NearestClasses` over one collection."""

    store: MilvusStore
    collection: str
    embeddings: Embeddings

    def __call__(self, whitened: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
        """Class rows [n, k] and cosines [n, k], nearest first, each class once."""
        classes = min(count, self.embeddings.classes)
        kept = min(count * max(self.embeddings.most_of_a_class, 1), len(self.embeddings), _MOST_ANSWERS)
        if not len(whitened) or not kept:
            return np.zeros((len(whitened), classes), np.int64), np.zeros((len(whitened), classes), np.float32)
        rows, cosines = self.store.nearest_rows(self.collection, whitened, kept)
        return best_of_each_class(self.embeddings.class_of[rows], cosines, classes)


def _collection_of(name: str) -> str:
    """A name that Milvus accepts; release ids hold hyphens, which it does not."""
    return f"skuloop_{hashlib.sha256(name.encode()).hexdigest()[:24]}"
