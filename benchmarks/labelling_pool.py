"""What a labelling course is run on: a shop's catalogue photos, camera photos that nobody has labelled, a test set.

Vectors are cut to their leading axes, found without labels on the camera photos, so that hundreds of releases can be
trained. What is left of accuracy is the same for every queue.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION, GroceryPhoto, read_grocery
from benchmarks.parts_photos import catalogue_photos, photos, read_parts
from benchmarks.parts_vectors import isolating, layout, vectors
from benchmarks.recognition_grocery import foreground_spec
from recognition.encoders import EncoderSpec
from recognition.encoders.protocol import unit_rows
from recognition.heads.samples import Vectors
from recognition.vocabulary import IsolationMethod

_PARTS, _NEW_PARTS, _NEW_GROCERIES = 300, 40, 10
_AXES = 192
_GROCERIES_ASKED = 600  # of 2,485 test photos: the standard error of an accuracy is 2 points at most
_TEACHING, _DEVELOPMENT, _TEST = range(45), range(45, 50), range(50, 55)
_FEWEST = 3  # camera photos of the rarest part


@dataclass(frozen=True)
class Photos:
    """Vectors [n, d] and what they show."""

    vectors: Vectors
    skus: tuple[str, ...]


@dataclass(frozen=True)
class Pool:
    """One draw of a dataset.

    Attributes:
        name: of the dataset.
        catalogue: photos of the shop, labelled; the new products have none.
        camera: photos that wait for a label.
        test: never labelled, never asked about; of all products.
        new: the products that the shop does not list.
    """

    name: str
    catalogue: Photos
    camera: Photos
    test: Photos
    new: frozenset[str]


def parts_pool(shared: Path, draw: int, *, test: bool, long_tail: bool = True) -> Pool:
    """Cart-parts: 300 classes, 40 of them new.

    Args:
        shared: folder of photos and weights.
        draw: which products are new, and which are frequent.
        test: ask photos 50-54, and not 45-49, which are there for choosing.
        long_tail: half of the classes have less than a tenth of the photos of the most frequent one, as in a shop;
            otherwise every class has 45.
    """
    random = np.random.default_rng(draw)
    parts, spec = read_parts(shared)[:_PARTS], isolating(shared, IsolationMethod.FOREGROUND)
    counts = _long_tail(len(parts), random) if long_tail else np.full(len(parts), len(_TEACHING))
    new = {parts[row].sku for row in random.choice(len(parts), _NEW_PARTS, replace=False)}
    listed = [part for part in parts if part.sku not in new]
    camera = [path for part, count in zip(parts, counts, strict=True) for path in photos([part], range(count))]
    asked = _TEST if test else _DEVELOPMENT
    name = f"cart-parts, {'long tail' if long_tail else 'even'}"
    return _reduced(
        Pool(
            name,
            Photos(_first_block(spec, catalogue_photos(listed)), _repeated(listed, 4)),
            Photos(
                _first_block(spec, camera),
                tuple(part.sku for part, count in zip(parts, counts, strict=True) for _ in range(count)),
            ),
            Photos(_first_block(spec, photos(parts, asked)), _repeated(parts, len(asked))),
            frozenset(new),
        )
    )


def grocery_pool(shared: Path, draw: int, *, test: bool) -> Pool:
    """Grocery Store: 81 products, 10 of them new; the train split waits for labels.

    Args:
        shared: folder of photos and weights.
        draw: which products are new.
        test: ask the test split, and not the val split, which is there for choosing.
    """
    random = np.random.default_rng(draw)
    grocery = read_grocery(shared / "data" / "grocery")
    spec = foreground_spec(shared, grocery)
    new = {grocery.classes[row].sku for row in random.choice(len(grocery.classes), _NEW_GROCERIES, replace=False)}
    listed = [product for product in grocery.classes if product.sku not in new]
    asked = grocery.of(TEST if test else VALIDATION)
    drawn = np.sort(np.random.default_rng(0).permutation(len(asked))[:_GROCERIES_ASKED]).tolist()
    return _reduced(
        Pool(
            "grocery",
            Photos(
                _first_block(spec, [product.iconic for product in listed]), tuple(product.sku for product in listed)
            ),
            _groceries(spec, grocery.of(TRAIN)),
            _groceries(spec, tuple(asked[row] for row in drawn)),
            frozenset(new),
        )
    )


def _groceries(spec: EncoderSpec, found: tuple[GroceryPhoto, ...]) -> Photos:
    return Photos(_first_block(spec, [photo.path for photo in found]), tuple(photo.sku for photo in found))


def _long_tail(classes: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Camera photos of each class: the most frequent has 45, the one of rank r 45 / (1 + r / 15), at least three."""
    ranks = random.permutation(classes)
    return np.maximum(_FEWEST, np.round(len(_TEACHING) / (1 + ranks / 15))).astype(np.int64)


def _repeated(parts: list, times: int) -> tuple[str, ...]:  # type: ignore[type-arg]
    return tuple(part.sku for part in parts for _ in range(times))


def _first_block(spec: EncoderSpec, paths: list[Path]) -> Vectors:
    return vectors(spec, paths)[:, : layout(spec)[0].width]


def _reduced(pool: Pool) -> Pool:
    """The pool on the leading axes of its camera photos."""
    mean = pool.camera.vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((pool.camera.vectors - mean).T))
    leading = axes[:, ::-1][:, :_AXES].astype(np.float32)

    def cut(found: Photos) -> Photos:
        return Photos(unit_rows((found.vectors - mean) @ leading), found.skus)

    return Pool(pool.name, cut(pool.catalogue), cut(pool.camera), cut(pool.test), pool.new)
