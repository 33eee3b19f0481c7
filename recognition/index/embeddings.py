"""What is searched: one or several vectors of each class."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from recognition.heads.samples import Rows, Vectors


@dataclass(frozen=True)
class Embeddings:
    """Vectors of classes, in the space in which photos are compared.

    Attributes:
        vectors: [r, k] float32 rows of length 1; they may be memory-mapped.
        class_of: [r] int64 class row of each; a class may have several.
    """

    vectors: Vectors
    class_of: Rows

    @classmethod
    def of_prototypes(cls, prototypes: Vectors) -> Self:
        """One vector of each class: its prototype."""
        return cls(prototypes, np.arange(len(prototypes)))

    def __len__(self) -> int:
        return len(self.class_of)

    @property
    def classes(self) -> int:
        """How many classes have a vector."""
        return len(np.unique(self.class_of))

    @property
    def most_of_a_class(self) -> int:
        """How many vectors the class with the most has."""
        return int(np.bincount(self.class_of).max(initial=0))
