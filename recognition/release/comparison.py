"""Two recognisers asked about the same photos: which one is better, and could it be luck?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PairedComparison:
    """Counts of photos on which exactly one of the two is right; the others say nothing about which is better.

    Attributes:
        photos: asked about in all.
        gained: right by the candidate alone.
        lost: right by the incumbent alone.
    """

    photos: int
    gained: int
    lost: int

    @property
    def luck_of_losing(self) -> float:
        """Probability of losing so many or more of the photos that differ, if neither recogniser were better.

        The exact one-sided test of McNemar (Psychometrika, 1947).
        """
        from scipy.stats import binom

        return float(binom.sf(self.lost - 1, self.gained + self.lost, 0.5))


def compare(candidate_right: NDArray[np.bool_], incumbent_right: NDArray[np.bool_]) -> PairedComparison:
    """The comparison over n photos, row by row the same ones."""
    return PairedComparison(
        photos=len(candidate_right),
        gained=int((candidate_right & ~incumbent_right).sum()),
        lost=int((~candidate_right & incumbent_right).sum()),
    )
