"""What the other candidates of a photo say of its best one.

A likeness is much for a photo that is like nothing else, and little for one that is nearly as like to thirty other
classes: a product that nobody taught often lies where many known ones do. How far a photo is from all of them also
tells how much it scatters, for a cluttered photo is far from its own product too. So a score is judged beside the mean
of those of the photo's other candidates, the known classes most like it.

Sources: T-norm, Auckenthaler, Carey and Lloyd-Thomas, "Score normalization for text-independent speaker verification
systems", Digital Signal Processing 2000; with the most alike models as the cohort, Sturim and Reynolds, "Speaker
adaptive cohort selection for Tnorm in text-independent speaker verification", ICASSP 2005.
"""

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Flags


def mean_of_others(scores: NDArray[np.float32], possible: Flags) -> NDArray[np.float32]:
    """[n] mean score of all candidates of a photo but its best; that of the best where there is no other.

    Args:
        scores: [n, k] of the candidates.
        possible: [n, k] which candidates there are; at least one of each photo.
    """
    best = np.where(possible, scores, -np.inf).max(axis=1)
    others = possible.sum(axis=1) - 1
    total = np.where(possible, scores, 0).sum(axis=1, dtype=np.float64) - best
    return np.where(others > 0, total / np.maximum(others, 1), best).astype(np.float32)
