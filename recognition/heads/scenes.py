"""Scenes: photos of one product that were taken together.

Photos come in bursts: the same shelf, hand and light. Cross-validation that puts one half of a burst on each side
promises an accuracy that no new photo will see. So the most alike photos of each class are bound into scenes, and a
fold holds out whole scenes. How large they are is learned where new photos tell, see `recognition.heads.scene_size`;
where none do they have four photos: that made the promised and the realised precision agree on the validation split of
the Grocery Store photos; fewer flatter, more frighten.
"""

import numpy as np
from numpy.typing import NDArray

from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Rows, Samples, Vectors

PHOTOS_PER_SCENE = 4


def photo_scenes(samples: Samples, photos_per_scene: int = PHOTOS_PER_SCENE) -> Rows:
    """[n] scene of each sample: its near-duplicate group, bound with its most alike neighbours of the same class.

    Views are of the scene of their photo.

    Average-linkage clustering on cosine distance, class by class; a near-duplicate group is never divided. Every class
    with two groups keeps at least two scenes, so that one can be held out.
    """
    if samples.views is None:
        return _scenes_of_photos(samples, photos_per_scene)
    scenes = np.zeros(len(samples), dtype=np.int64)
    scenes[samples.photos] = _scenes_of_photos(samples.take(samples.photos), photos_per_scene)
    group_of = list(zip(samples.targets.tolist(), samples.groups.tolist(), strict=True))
    scene_of = {group_of[row]: scenes[row] for row in np.flatnonzero(samples.photos).tolist()}
    scenes[samples.views] = [scene_of[group_of[row]] for row in np.flatnonzero(samples.views).tolist()]
    return scenes


def _scenes_of_photos(samples: Samples, photos_per_scene: int) -> Rows:
    scenes = np.zeros(len(samples), dtype=np.int64)
    found = 0
    for members in rows_of_each(samples.targets):
        groups, of_group = np.unique(samples.groups[members], return_inverse=True)
        wanted = min(len(groups), max(2, -(-len(members) // photos_per_scene)))
        scene_of_group = _bind(_mean_of_groups(samples.vectors[members], of_group, len(groups)), wanted)
        scenes[members] = found + scene_of_group[of_group]
        found += int(scene_of_group.max()) + 1
    return scenes


def _mean_of_groups(vectors: Vectors, of_group: Rows, count: int) -> NDArray[np.float64]:
    means = np.zeros((count, vectors.shape[1]))
    np.add.at(means, of_group, vectors.astype(np.float64))  # of unequal types it would be several times slower
    return np.asarray(means / np.bincount(of_group, minlength=count)[:, None], dtype=np.float64)


def _bind(vectors: NDArray[np.float64], wanted: int) -> Rows:
    if len(vectors) <= wanted:
        return np.arange(len(vectors), dtype=np.int64)
    from scipy.cluster.hierarchy import cut_tree, linkage
    from scipy.spatial.distance import squareform

    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    apart = np.maximum(1 - unit @ unit.T, 0)
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart, checks=False), "average")
    return np.asarray(cut_tree(tree, n_clusters=wanted)[:, 0], dtype=np.int64)
