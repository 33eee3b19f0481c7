"""Which kind of index a catalogue of a given size gets, and what comes next where that one finds too little.

Measured by `benchmarks.search`: an exact scan is limited by how fast memory can be read; four-bit product codes read a
sixteenth to a thirty-second of it, and comparing the best few hundred exactly makes up for what they lose.
"""

import math
from dataclasses import dataclass

EXACT_UP_TO = 20_000  # rows: a scan takes a millisecond or two
_INVERTED_FROM = 500_000  # rows: from here on even the codes take milliseconds to read
_COMPARED = (96, 320, 640, 1280)  # rows that are compared exactly; the next where those before are not enough
_PROBES = (8, 16, 32, 64)
_COLUMNS_OF_A_CODE = (4, 5, 6, 7, 8)  # the first that divides the dimension


@dataclass(frozen=True)
class Variant:
    """A kind of index.

    Attributes:
        factory: of the coarse search, as FAISS writes it; empty where every row is compared exactly.
        compared: rows that are then compared exactly.
        probes: inverted lists that are looked into; 0 where there are none.
    """

    factory: str = ""
    compared: int = 0
    probes: int = 0

    @property
    def exact(self) -> bool:
        """Whether every row is compared."""
        return not self.factory

    @property
    def name(self) -> str:
        """The name under which cards and benchmarks show it."""
        if self.exact:
            return "exact"
        probes = f", {self.probes} probes" if self.probes else ""
        return f"{self.factory},RFlat, {self.compared} compared{probes}"


EXACT = Variant()


def variants_for(rows: int, dimension: int) -> tuple[Variant, ...]:
    """What to try for so many rows, the fastest first; the last one is exact."""
    codes = next((f"PQ{dimension // of}x4fs" for of in _COLUMNS_OF_A_CODE if dimension % of == 0), None)
    if rows <= EXACT_UP_TO or codes is None:
        return (EXACT,)
    flat = tuple(Variant(codes, compared) for compared in _COMPARED)
    if rows < _INVERTED_FROM:
        return (*flat, EXACT)
    lists = 2 ** round(math.log2(4 * math.sqrt(rows)))  # about four square roots, as FAISS's guidelines advise
    inverted = tuple(
        Variant(f"IVF{lists},{codes}", compared, probes) for compared, probes in zip(_COMPARED, _PROBES, strict=True)
    )
    return (*inverted, *flat, EXACT)
