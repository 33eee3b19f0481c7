"""What is a product worth that was added without training? Behind ADR 17.

    python -m benchmarks.changed_catalogue [--data grocery parts] [--parts 300] [--draws 3]

A tenth of the products (Grocery: 16 of 81) is left out of training and added afterwards, as a
night adds what came to the catalogue (`recognition.heads.changed_classes`). Both kinds of products are asked about
with photos that taught nothing, before the others came, after they came, and after a training with all of them. Every
way to find prototypes is tried, whichever validation would choose. Metric: whitened, colour at .2, flat. Then the same
with the few photos that a new product has.

Grocery Store Dataset: official train and test split. Cart-parts: photos 00-49 teach, 50-54 are asked. Frozen ViT-Tiny
with a foreground head and colour. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.grocery_photos import TEST, TRAIN, read_grocery
from benchmarks.machine import this_machine
from benchmarks.parts_photos import TEACHING, photos, read_parts
from benchmarks.parts_photos import TEST as PARTS_TEST
from benchmarks.parts_vectors import ENCODER, isolating, layout, vectors
from benchmarks.recognition_grocery import foreground_spec, samples_like, samples_of
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.fine_head import FineHead, fit_fine_head
from recognition.heads.metric import MetricKind
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scoring import scan_prototypes
from recognition.vocabulary import IsolationMethod
from skuloop.output import console, print_table
from tasks.settings import shared_data

_FEW = 3  # photos of a product on its first day
_COLOUR = 0.2


@dataclass(frozen=True)
class Data:
    """Photos that teach and photos that are asked, with the same class rows; so many classes come later."""

    name: str
    taught: Samples
    asked: Samples
    later: int


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=_DATA, default=list(_DATA))
    parser.add_argument("--parts", type=int, default=300, help="classes of cart-parts")
    parser.add_argument("--draws", type=int, default=3)
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 160
    rows = [row for name in chosen.data for row in _rows(_DATA[name](chosen.parts), chosen.draws)]
    machine = this_machine()
    columns = ("data", "prototypes", "known before", "known", "new", f"known, {_FEW} photos", f"new, {_FEW} photos")
    print_table(
        f"Top-1 of known and of new products: added without training / trained with them; {chosen.draws} draws, "
        f"{ENCODER} ({machine.cpu}, {machine.cores} cores)",
        columns,
        rows,
    )
    return 0


def grocery(_: int) -> Data:
    """The official split."""
    shared = shared_data()
    dataset = read_grocery(shared / "data" / "grocery")
    spec = foreground_spec(shared, dataset)
    taught = samples_of(spec, dataset.of(TRAIN))
    return Data("Grocery, 81", taught, samples_like(spec, dataset.of(TEST), taught), later=16)


def cart_parts(classes: int) -> Data:
    """The first classes of the catalogue."""
    shared = shared_data()
    spec, parts = isolating(shared, IsolationMethod.FOREGROUND), read_parts(shared)[:classes]
    found = []
    for numbers in (TEACHING, PARTS_TEST):
        skus = [part.sku for part in parts for _ in numbers]
        groups = [str(row) for row in range(len(skus))]
        found.append(Samples.from_labels(vectors(spec, photos(parts, numbers)), skus, groups, layout(spec)))
    return Data(f"cart-parts, {classes}", found[0], found[1], later=classes // 10)


_DATA: Mapping[str, Callable[[int], Data]] = {"grocery": grocery, "parts": cart_parts}


def _rows(data: Data, draws: int) -> list[tuple[str, ...]]:
    rows = []
    for fine in FineMethod:
        figures = np.mean([_draw(data, fine, draw) for draw in range(draws)], axis=0)
        before, *pairs = (f"{figure:.3f}" for figure in figures)
        shown = [f"{without} / {trained}" for without, trained in zip(pairs[::2], pairs[1::2], strict=True)]
        rows.append((data.name, fine.value, before, *shown))
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _draw(data: Data, fine: FineMethod, draw: int) -> list[float]:
    """Top-1 of known products before; then of known and of new ones, added and trained, with all photos and few."""
    shuffled = np.random.default_rng(draw).permutation(len(data.taught.classes))
    new, old = np.sort(shuffled[: data.later]), np.sort(shuffled[data.later :])
    choice = Choice(MetricKind.WHITENED, colour_weight=_COLOUR, fine=fine)
    base = fit_fine_head(data.taught.of_classes(old), choice)
    is_new = np.isin(data.asked.targets, new)
    figures = [float(_right(base.prototypes, base, data.asked, old)[~is_new].mean())]
    for came in (data.taught.of_classes(new), _first(data.taught.of_classes(new), _FEW)):
        everything = _joined(data.taught.of_classes(old), came)
        added = class_prototypes(base.metric.apply(came.vectors), came.targets, len(new))
        trained = fit_fine_head(everything, choice)
        order = np.concatenate([old, new])
        without = _right(np.concatenate([base.prototypes, added]), base, data.asked, order)
        taught = _right(trained.prototypes, trained, data.asked, order)
        for kind in (~is_new, is_new):
            figures += [float(without[kind].mean()), float(taught[kind].mean())]
    return figures


def _right(prototypes: Vectors, head: FineHead, asked: Samples, class_rows: Rows) -> np.ndarray:
    rows, _ = scan_prototypes(prototypes)(head.metric.apply(asked.vectors), 1)
    return np.asarray(class_rows[rows[:, 0]] == asked.targets)


def _first(samples: Samples, count: int) -> Samples:
    """The first photos of each class."""
    rows = [np.flatnonzero(samples.targets == row)[:count] for row in range(len(samples.classes))]
    return samples.take(np.concatenate(rows))


def _joined(old: Samples, new: Samples) -> Samples:
    """Both, the class rows of the second behind those of the first; every photo is a group of its own."""
    return Samples(
        np.concatenate([old.vectors, new.vectors]),
        np.concatenate([old.targets, new.targets + len(old.classes)]),
        np.arange(len(old) + len(new)),
        old.classes + new.classes,
        old.layout,
    )


if __name__ == "__main__":
    sys.exit(main())
