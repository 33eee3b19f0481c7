"""SIMULATED embeddings of catalogues of any size: look-alike families, near twins, bursts, clutter shared by all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.whitening import normalised

DIMENSION = 384  # of skuloop's default encoder
SEED = 0
_PRODUCT_DIMENSIONS, _CLUTTER_DIMENSIONS = 48, 32  # few directions tell products apart, and clutter drowns them
_FAMILY = 12  # classes that look alike
_OWN, _TWIN = 0.6, 0.3  # how far a class is from its family, and every second class from the one before
_CLUTTER, _SCENE, _PHOTO = 1.2, 0.4, 0.8  # strength of what differs between photos of one class
_SCENE_PHOTOS = 4
_CLASSES_AT_ONCE = 1000  # so that the simulation's own arrays stay small beside what is measured


@dataclass(frozen=True, slots=True)
class Growth:
    """One size of catalogue.

    Attributes:
        classes: number of classes.
        photos: training photos of each class; one holdout photo comes with every ten.
    """

    classes: int
    photos: int


@dataclass(frozen=True)
class SimulatedCatalogue:
    """Training photos, and a holdout of other scenes.

    Attributes:
        vectors: [m, d] float32 of the holdout.
        skus: m true SKUs of the holdout.
    """

    train: Samples
    vectors: Vectors
    skus: tuple[str, ...]


def simulate(growth: Growth, seed: int = SEED) -> SimulatedCatalogue:
    """The catalogue of that size; the same seed gives the same one."""
    random = np.random.default_rng(seed)
    axes = np.linalg.qr(random.normal(size=(DIMENSION, _PRODUCT_DIMENSIONS + _CLUTTER_DIMENSIONS)))[0].T
    centres = _centres(growth.classes, random)
    skus = [f"sku{row:06d}" for row in range(growth.classes)]
    targets = np.repeat(np.arange(growth.classes), growth.photos)
    scenes = np.arange(len(targets)) // _SCENE_PHOTOS
    held_out = np.arange(len(targets) // 10) * growth.classes // max(1, len(targets) // 10)
    groups = [f"photo{row - (row % 40 == 1):07d}" for row in range(len(targets))]  # one near duplicate in forty
    train = _photos(centres, targets, scenes, axes, random)
    return SimulatedCatalogue(
        train=Samples.from_labels(train, [skus[target] for target in targets.tolist()], groups),
        vectors=_photos(centres, held_out, np.arange(len(held_out)), axes, random),
        skus=tuple(skus[target] for target in held_out.tolist()),
    )


def _centres(classes: int, random: np.random.Generator) -> NDArray[np.float64]:
    """[c, p] what each class looks like."""
    families = _noise(random, -(-classes // _FAMILY))
    centres = np.repeat(families, _FAMILY, axis=0)[:classes] + _OWN * _noise(random, classes)
    centres[1::2] = centres[: 2 * (classes // 2) : 2] + _TWIN * _noise(random, classes // 2)
    return centres


def _photos(
    centres: NDArray[np.float64], targets: Rows, scenes: Rows, axes: NDArray[np.float64], random: np.random.Generator
) -> Vectors:
    vectors = np.empty((len(targets), DIMENSION), dtype=np.float32)
    step = _CLASSES_AT_ONCE * _SCENE_PHOTOS
    for at in range(0, len(targets), step):
        of_photo = targets[at : at + step]
        _, of_scene = np.unique(scenes[at : at + step], return_inverse=True)
        product = centres[of_photo] + _SCENE * _noise(random, int(of_scene.max()) + 1)[of_scene]
        product += _PHOTO * _noise(random, len(of_photo))
        clutter = _CLUTTER * random.normal(size=(len(of_photo), _CLUTTER_DIMENSIONS)) / np.sqrt(_CLUTTER_DIMENSIONS)
        vectors[at : at + step] = normalised(np.concatenate([product, clutter], axis=1) @ axes)
    return vectors


def _noise(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """[count, p] random vectors of about unit length."""
    return np.asarray(random.normal(size=(count, _PRODUCT_DIMENSIONS)) / np.sqrt(_PRODUCT_DIMENSIONS))
