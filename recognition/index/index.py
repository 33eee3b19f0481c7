"""The index over the embeddings of a catalogue: coarse by product codes, then exact on the best few hundred.

The codes are FAISS's; the vectors that are compared exactly are those of the heads themselves, so a release holds them
once and maps them from its file. What a code costs is a sixteenth or less of its vector.

Source: Jegou, Douze, Schmid, "Product quantization for nearest neighbor search", PAMI 2011; André, Kermarrec, Le
Scouarnec, "Quicker ADC", PAMI 2021 (four-bit codes in registers).
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Vectors
from recognition.heads.scoring import scan_prototypes
from recognition.index.embeddings import Embeddings
from recognition.index.variants import EXACT, Variant

GONE = -1
_CELLS = 2**19  # floats of candidates gathered at once: 2 MiB stay in the cache of a core until they are compared


@dataclass(frozen=True)
class Index:
    """Answers which classes are nearest; a `NearestClasses`.

    Attributes:
        embeddings: what is searched.
        variant: how.
        codes: the FAISS index of the coarse search; None where every row is compared.
        row_of: [m] int64, for each row of the codes its row in the embeddings, or GONE.
        built: rows that the codes were built of; further ones were added later.
    """

    embeddings: Embeddings
    variant: Variant = EXACT
    codes: Any = None
    row_of: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    built: int = 0

    def __call__(self, whitened: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
        """Class rows [n, k] of the nearest classes and their cosines [n, k], nearest first; each class once."""
        several = self._most_of_a_class
        rows, cosines = self.nearest_rows(whitened, count * several)
        if several == 1:
            return self.embeddings.class_of[rows], cosines
        return best_of_each_class(self.embeddings.class_of[rows], cosines, min(count, self._classes))

    def nearest_rows(self, whitened: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
        """Rows of the embeddings [n, k] and their cosines [n, k], nearest first."""
        kept = min(count, len(self.embeddings))
        if self.codes is None or not len(whitened) or not kept:
            return self._scan(whitened, kept)
        rows = self._coarse(np.ascontiguousarray(whitened, dtype=np.float32), max(kept, self.variant.compared))
        found, cosines = self._compare(whitened, rows, kept)
        short = (rows >= 0).sum(axis=1) < kept  # the lists that were looked into held too few
        if short.any():
            found[short], cosines[short] = self._scan(whitened[short], kept)
        return found, cosines

    def _coarse(self, whitened: Vectors, count: int) -> Rows:
        """[n, k] rows of the embeddings that the codes find near; GONE where they find fewer."""
        import faiss

        probes = faiss.SearchParametersIVF(nprobe=self.variant.probes) if self.variant.probes else None  # type: ignore[call-arg]
        _, found = self.codes.search(whitened, min(count, self.codes.ntotal), params=probes)
        return np.where(found < 0, GONE, self.row_of[found])

    def _compare(self, whitened: Vectors, rows: Rows, kept: int) -> tuple[Rows, NDArray[np.float32]]:
        chunk = max(1, _CELLS // (rows.shape[1] * whitened.shape[1]))
        parts = [
            self._compare_chunk(whitened[at : at + chunk], rows[at : at + chunk], kept)
            for at in range(0, len(rows), chunk)
        ]
        return np.concatenate([found for found, _ in parts]), np.concatenate([cosines for _, cosines in parts])

    def _compare_chunk(self, whitened: Vectors, rows: Rows, kept: int) -> tuple[Rows, NDArray[np.float32]]:
        near = self.embeddings.vectors[rows]  # [n, m, k]; GONE gathers some row, which is then ruled out
        cosines = np.matmul(near, whitened[:, :, None])[:, :, 0]  # [n, m]
        cosines[rows < 0] = -np.inf
        best = np.argpartition(-cosines, kept - 1, axis=1)[:, :kept]
        rows, cosines = np.take_along_axis(rows, best, axis=1), np.take_along_axis(cosines, best, axis=1)
        order = np.lexsort((rows, -cosines), axis=1)  # of equal cosines the lowest row, as a scan gives it
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(cosines, order, axis=1)

    def _scan(self, whitened: Vectors, kept: int) -> tuple[Rows, NDArray[np.float32]]:
        return scan_prototypes(self.embeddings.vectors)(whitened, kept)

    @cached_property
    def _most_of_a_class(self) -> int:
        return max(self.embeddings.most_of_a_class, 1)

    @cached_property
    def _classes(self) -> int:
        return self.embeddings.classes


def best_of_each_class(classes: Rows, cosines: NDArray[np.float32], kept: int) -> tuple[Rows, NDArray[np.float32]]:
    """Each row's first `kept` different classes; among `kept` times the most vectors of a class there are so many."""
    places = [np.sort(np.unique(of_photo, return_index=True)[1])[:kept] for of_photo in classes]
    taken = np.array(places, dtype=np.int64).reshape(len(classes), kept)
    return np.take_along_axis(classes, taken, axis=1), np.take_along_axis(cosines, taken, axis=1)
