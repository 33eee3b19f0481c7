"""The one thing the rest of the house knows of an encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.isolation.protocol import Isolated

Vectors: TypeAlias = NDArray[np.float32]
"""[n, d] float32, one row per picture, each of Euclidean length 1."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some neighbouring columns of a row that belong together, and how many they are."""

    name: str
    width: int


class Encoder(Protocol):
    """Turns pictures into vectors. Vectors of two encoders may be compared only if their fingerprints are equal."""

    @property
    def name(self) -> str:
        """The name it was asked for by."""
        ...

    @property
    def dimension(self) -> int:
        """Length d of a vector."""
        ...

    @property
    def layout(self) -> tuple[Block, ...]:
        """Which columns are what, from the left: "embedding", then "colour" where it is on. Blocks weigh the same."""
        ...

    @property
    def fingerprint(self) -> str:
        """Names weights and preprocessing; usable as a folder name. See `recognition.encoders.fingerprint`."""
        ...

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode RGB pictures of any size: [n, d] in the order given, rows L2-normalised; [0, d] for none."""
        ...

    def encode_isolated(self, pictures: Sequence[Image.Image]) -> tuple[Vectors, list[Isolated]]:
        """Give what `encode` and `isolate` give, from one look at each picture."""
        ...

    def isolate(self, pictures: Sequence[Image.Image]) -> list[Isolated]:
        """Say where on each RGB picture it looks for the product: everywhere, where no method of isolation is set."""
        ...


def unit_rows(matrix: NDArray[np.floating]) -> Vectors:
    """[n, d] -> the same rows scaled to Euclidean length 1; an all-zero row stays zero."""
    lengths = np.linalg.norm(matrix, axis=-1, keepdims=True)
    return np.asarray(matrix / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)
