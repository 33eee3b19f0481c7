"""Small labelled vectors with known structure: class centres, and noise that is strong in the same few directions."""

import numpy as np

from recognition.heads.samples import Samples
from recognition.heads.whitening import normalised

DIMENSION = 16


def clustered_samples(
    classes: int, photos: int, *, noise: float = 0.1, seed: int = 0, photo_seed: int | None = None
) -> Samples:
    """`photos` samples of each class around its centre; half of the dimensions carry `noise` that all classes share."""
    centres = np.random.default_rng(seed).normal(size=(classes, DIMENSION))
    random = np.random.default_rng((seed + 1000) if photo_seed is None else photo_seed)
    spread = np.where(np.arange(DIMENSION) < DIMENSION // 2, noise, 0.1)
    targets = np.repeat(np.arange(classes), photos)
    vectors = normalised(centres[targets] + spread * random.normal(size=(len(targets), DIMENSION)))
    skus = [f"sku{target:03d}" for target in targets]
    return Samples.from_labels(vectors, skus, [f"photo{place:05d}" for place in range(len(targets))])
