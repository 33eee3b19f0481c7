"""Where the embeddings of a release are searched: in this process, or in an engine that spreads over many machines."""

from dataclasses import dataclass, field
from typing import Protocol

from recognition.heads.scoring import NearestClasses
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index


class VectorStore(Protocol):
    """A place that holds embeddings by name and answers which classes are near."""

    def open(self, name: str, embeddings: Embeddings, made: Index | None = None) -> NearestClasses:
        """The search over these embeddings; they are brought there first, if they are not there as a whole.

        Args:
            name: of the release: the same name means the same embeddings.
            embeddings: what is searched.
            made: the index that a release brings along; a store with indexes of its own does not look at it.

        Raises:
            VectorStoreUnavailableError: the engine does not answer.
        """

    def forget(self, name: str) -> None:
        """Give up what is held under that name; nothing happens where there is nothing."""


@dataclass(frozen=True)
class MilvusAddress:
    """Where a Milvus answers; `token` is `user:password` or an API key, empty where none is asked for."""

    uri: str
    token: str = field(default="", repr=False)
