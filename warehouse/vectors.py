"""Vectors in Parquet shards, one folder per encoder fingerprint: vectors of two encoders cannot meet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class VectorStore:
    """Append-only shards under ``root/<fingerprint>/``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def known(self, fingerprint: str) -> set[str]:
        """Return the sha256 of every image that this encoder has encoded."""
        raise NotImplementedError

    def append(self, fingerprint: str, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> Path | None:
        """Write one new shard [n, d] atomically and return its path; None for no vectors."""
        raise NotImplementedError

    def load(self, fingerprint: str, sha256s: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the images found, in the order asked, and their vectors [m, d]."""
        raise NotImplementedError
