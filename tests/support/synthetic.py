"""Small labelled vectors with known structure: class centres, and noise that is strong in the same few directions."""

import numpy as np

from recognition.heads.samples import Samples
from recognition.heads.whitening import normalised

DIMENSION = 16
_WALKED = 24


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


def walks(photos_each: int, walks_each: int, seed: int, classes: int = 6) -> tuple[np.ndarray, list[str]]:
    """Vectors and SKUs: each class is a centre, each walk along the shelves a place near it, its photos lie close."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(classes, 1, 1, _WALKED))
    places = centres + 0.7 * random.normal(size=(classes, walks_each, 1, _WALKED))
    vectors = places + 0.1 * random.normal(size=(classes, walks_each, photos_each, _WALKED))
    skus = np.repeat([f"sku{row}" for row in range(classes)], walks_each * photos_each)
    return normalised(vectors.reshape(-1, _WALKED)), skus.tolist()
