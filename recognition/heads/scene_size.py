"""How many photos make a scene? Learned from the photos that come in, none of which needs a label.

Cross-validation tells what new photos will bring where the photos that it holds out lie as far from what was taught as
new photos lie from what was taught before they came. Photos of one walk along the shelves lie close together, so large
scenes must be held out; photos that were taken independently of each other ask for no scenes at all. How near a photo
lies is its cosine to the nearest taught photo, in the encoder's own space: no head is needed to compare sizes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.folds import group_folds, held_out
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scenes import PHOTOS_PER_SCENE, photo_scenes
from recognition.heads.scoring import scan_prototypes

SIZES = (1, 2, 3, 4, 5, 6)
EARLIER = 0
"""The arrival of photos that came from no camera: they are known before any camera's photo comes."""

FEWEST_NEW = 100  # new photos; the median nearness of fewer says too little
_FOLDS = 5
_MOST_ASKED = 2000  # held-out photos of each size: their median nearness changes no more with further ones


@dataclass(frozen=True)
class Arrivals:
    """When camera photos came: the number of the night, rising.

    Attributes:
        new: [m, d] vectors of the newest camera photos, whatever is known of them.
        of_new: [m] int64 arrival of each, above EARLIER.
        of_taught: [n] int64 arrival of each sample.
    """

    new: Vectors
    of_new: Rows
    of_taught: Rows


def learn_scene_size(samples: Samples, arrivals: Arrivals, sizes: Sequence[int] = SIZES) -> int:
    """The size of scenes at which held-out photos lie as near to the taught ones as new photos did.

    Products that nobody has named yet lie farther than their photos would if they were taught, so many of them make the
    answer larger, which is the cautious side; the median bears a few. Of equally good sizes the larger is taken. Where
    fewer than `FEWEST_NEW` photos came, nothing can be learned, and it is `PHOTOS_PER_SCENE`.
    """
    new = nearness_of_new(samples, arrivals)
    if len(new) < FEWEST_NEW:
        return PHOTOS_PER_SCENE
    wanted = float(np.median(new))
    found = {size: np.median(near) for size in sizes if len(near := nearness_of_held_out(samples, size))}
    return min(found, key=lambda size: (abs(found[size] - wanted), -size), default=PHOTOS_PER_SCENE)


def nearness_of_new(samples: Samples, arrivals: Arrivals) -> NDArray[np.float32]:
    """Cosine of each new photo to the nearest one that was taught before it came; those before all are left out."""
    found: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)]
    for arrival in np.unique(arrivals.of_new).tolist():
        before = samples.vectors[samples.photos & (arrivals.of_taught < arrival)]
        if len(before):
            found.append(_nearest(arrivals.new[arrivals.of_new == arrival], before))
    return np.concatenate(found)


def nearness_of_held_out(samples: Samples, photos_per_scene: int) -> NDArray[np.float32]:
    """Cosine of held-out photos to the nearest one that the other folds teach, in scenes of that size."""
    photos = samples.take(samples.photos)
    fold_of = group_folds(photos.targets, photo_scenes(photos, photos_per_scene), _FOLDS)
    return np.concatenate([np.zeros(0, dtype=np.float32), *_by_fold(photos.vectors, fold_of)])


def _by_fold(vectors: Vectors, fold_of: Rows) -> Iterator[NDArray[np.float32]]:
    most = -(-_MOST_ASKED // _FOLDS)
    for fold in np.unique(fold_of[fold_of >= 0]).tolist():
        asked = np.flatnonzero(held_out(fold_of, fold))
        asked = asked[:: -(-len(asked) // most)]
        yield _nearest(vectors[asked], vectors[~held_out(fold_of, fold)])


def _nearest(asked: Vectors, taught: Vectors) -> NDArray[np.float32]:
    _, cosines = scan_prototypes(taught)(asked, 1)
    return cosines[:, 0]
