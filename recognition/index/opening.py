"""Opening the vector store that the settings name."""

from recognition.index.faiss_store import FaissStore
from recognition.index.stores import MilvusAddress, VectorStore


def open_store(milvus: MilvusAddress | None) -> VectorStore:
    """Milvus where there is an address of one, FAISS in this process otherwise.

    Raises:
        VectorStoreUnavailableError: the client is not installed, or nobody answers there.
    """
    if milvus is None:
        return FaissStore()
    from recognition.index.milvus_store import MilvusStore

    return MilvusStore(milvus.uri, milvus.token)
