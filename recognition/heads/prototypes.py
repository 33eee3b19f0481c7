"""One vector per class: the mean of its photos.

Source: Snell, Swersky, Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017 (on a frozen encoder).
"""

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Vectors
from recognition.heads.whitening import class_means, normalised


def class_prototypes(vectors: Vectors, targets: NDArray[np.int64], class_count: int) -> Vectors:
    """[c, d] L2-normalised mean of each class; a class row without photos is all zeros and matches nothing."""
    return normalised(class_means(vectors, targets, class_count))
