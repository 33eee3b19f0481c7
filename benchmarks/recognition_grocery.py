"""Grocery Store, official split: which isolation and colour pay on real phone photos. Behind docs/benchmarks.md.

    python -m benchmarks.recognition_grocery

Heads are taught with the train split and choose by cross-validation within it. The embedding is chosen by the val
split; the test split is asked once, with that embedding and with the plain one. The foreground head is taught with the
iconic catalogue pictures of the 81 products laid on corners of train photos. Frozen ViT-Tiny, a stand-in for the
default encoder. Needs SKULOOP_SHARED (default ../shared).
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION, Grocery, GroceryPhoto, read_grocery
from benchmarks.machine import this_machine
from benchmarks.parts_vectors import ENCODER, layout, lesson_of, taught_head, vectors
from recognition.encoders import EncoderSpec
from recognition.encoders.foreground import ForegroundLesson
from recognition.heads.baselines import nearest_neighbours, nearest_prototype
from recognition.heads.published_recipe import fit_published_recipe
from recognition.heads.samples import Samples
from recognition.heads.training import TrainedHeads, train_heads
from recognition.isolation.cutout import cut_out
from recognition.isolation.protocol import IsolationSpec
from recognition.pictures.reading import read_picture
from recognition.release.intervals import share_interval
from recognition.vocabulary import IsolationMethod, Tier
from skuloop.output import console, print_table
from tasks.settings import shared_data

_PLAIN = "whole picture"
_SUPERCLASSES = 20  # of the published recipe: a hundred are more than there are products


def main() -> int:
    if not console.is_terminal:
        console.width = 150
    shared = shared_data()
    grocery = read_grocery(shared / "data" / "grocery")
    specs = _specs(shared, grocery)
    on_val: dict[str, float] = {}
    rows = []
    for name, spec in specs.items():
        train = samples_of(spec, grocery.of(TRAIN))
        val = samples_like(spec, grocery.of(VALIDATION), train)
        trained = _trained(train)
        on_val[name] = float(_right(trained, val).mean())
        plain = float((nearest_prototype(train, val.vectors) == val.targets).mean())
        rows.append((name, len(train.layout), f"{plain:.3f}", trained.chosen.method, f"{on_val[name]:.3f}"))
        print(f"{name}: measured", file=sys.stderr, flush=True)
    machine = this_machine()
    where = f"{machine.cpu}, {machine.cores} cores, {ENCODER}, frozen"
    columns = ("embedding", "blocks", "nearest prototype", "published", "ours, top-1")
    print_table(f"On the val split, {len(grocery.of(VALIDATION))} photos ({where})", columns, rows)
    best = max(on_val, key=lambda name: on_val[name])
    print_table(
        f"On the test split, {len(grocery.of(TEST))} photos: the embedding that val chose, and the plain one",
        ("embedding", "method", "top-1", "95 % interval"),
        [row for name in dict.fromkeys((_PLAIN, best)) for row in _on_test(name, specs[name], grocery)],
    )
    return 0


def _specs(shared: Path, grocery: Grocery) -> dict[str, EncoderSpec]:
    weights = shared / "weights" / f"{ENCODER}.safetensors"
    head = grocery_foreground_head(shared, grocery)
    isolations = {
        _PLAIN: IsolationSpec(),
        "attention": IsolationSpec(IsolationMethod.ATTENTION),
        "foreground": IsolationSpec(IsolationMethod.FOREGROUND, head),
        "box": IsolationSpec(IsolationMethod.BOX, shared / "weights" / "yolox_nano.onnx"),
    }
    return {
        f"{name}{', colour' if colour else ''}": EncoderSpec(ENCODER, weights, isolation=isolation, colour=colour)
        for name, isolation in isolations.items()
        for colour in ((False, True) if name == _PLAIN else (True,))  # at weight 0 colour is left out anyway
    }


def foreground_spec(shared: Path, grocery: Grocery) -> EncoderSpec:
    """The encoder that the val split chose: it isolates products and sees their colours."""
    weights, head = shared / "weights" / f"{ENCODER}.safetensors", grocery_foreground_head(shared, grocery)
    return EncoderSpec(ENCODER, weights, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head), colour=True)


def grocery_foreground_head(shared: Path, grocery: Grocery) -> Path:
    """The file of a head that is taught with the iconic pictures, laid on corners of train photos."""
    plain = EncoderSpec(ENCODER, shared / "weights" / f"{ENCODER}.safetensors")
    return taught_head(plain, lambda: _lesson(grocery), "grocery-foreground")


def _lesson(grocery: Grocery) -> ForegroundLesson:
    pairs = [(product.sku, cut_out(read_picture(product.iconic))) for product in grocery.classes]
    cutouts = [(sku, cutout) for sku, cutout in pairs if cutout is not None]
    return lesson_of(cutouts, [(photo.sku, photo.path) for photo in grocery.of(TRAIN)[::2]])


def _trained(train: Samples) -> TrainedHeads:
    return train_heads(train, dict.fromkeys(train.classes, Tier.TRAINED))


def _right(trained: TrainedHeads, asked: Samples) -> np.ndarray:
    from recognition.heads.scoring import find_candidates, rank

    heads = trained.heads
    ranking = rank(find_candidates(heads, asked.vectors), heads.coarse_weight, heads.scale)
    return np.asarray(ranking.rows[:, 0] == asked.targets)


def _on_test(name: str, spec: EncoderSpec, grocery: Grocery) -> list[tuple[str, ...]]:
    train = samples_of(spec, grocery.of(TRAIN))
    test = samples_like(spec, grocery.of(TEST), train)
    trained = _trained(train)
    recipe = fit_published_recipe(train, _SUPERCLASSES)
    found = {
        "nearest prototype": nearest_prototype(train, test.vectors) == test.targets,
        "5-NN": nearest_neighbours(train, test.vectors, k=5) == test.targets,
        "published recipe": recipe.predict(test.vectors) == test.targets,
        f"ours: {trained.chosen.method}": _right(trained, test),
    }
    return [_row(name, method, right, test) for method, right in found.items()]


def _row(name: str, method: str, right: np.ndarray, test: Samples) -> tuple[str, ...]:
    interval = share_interval(right, test.targets)
    return name, method, f"{right.mean():.3f}", f"{interval.low:.3f}-{interval.high:.3f}"


def samples_of(spec: EncoderSpec, photos: tuple[GroceryPhoto, ...]) -> Samples:
    """The photos with their official labels, each a group of its own."""
    rows = vectors(spec, [photo.path for photo in photos])
    return Samples.from_labels(rows, [photo.sku for photo in photos], [photo.sha256 for photo in photos], layout(spec))


def samples_like(spec: EncoderSpec, photos: tuple[GroceryPhoto, ...], train: Samples) -> Samples:
    """The photos with the class rows of `train`."""
    return with_classes_of(train, samples_of(spec, photos))


def with_classes_of(train: Samples, found: Samples) -> Samples:
    """The samples with the class rows of `train`: a small split does not hold every class."""
    row_of = {sku: row for row, sku in enumerate(train.classes)}
    rows = np.array([row_of[sku] for sku in found.classes])
    return replace(found, targets=rows[found.targets], classes=train.classes)


if __name__ == "__main__":
    sys.exit(main())
