"""Do several embeddings of a product find more than one? Behind ADR 15.

    python -m benchmarks.several_embeddings [--parts 300] [--vectors whole foreground]

Cart-parts on validation: photos 00-39 of each class teach, 40-49 are asked; no test photo is looked at. One prototype
of each class, as it is published, stands beside the mean of its photos in the same space, and beside several: the
centres of its photos (k-means), those and the prototype, its catalogue photos' mean and the prototype, every photo. The
nearest embedding of a class counts, as in a release. In the whitened metric with class means, and in the refined one
with the prototypes that were learned with it; vectors of whole pictures and of isolated products. `won` and `lost` are
photos, against the prototype alone. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.machine import this_machine
from benchmarks.parts_photos import CLEAN, catalogue_photos, photos, read_parts
from benchmarks.parts_vectors import ENCODER, isolating, layout, plain, vectors
from recognition.encoders import EncoderSpec
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.fine_head import FineHead, fit_fine_head
from recognition.heads.metric import MetricKind
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import normalised
from recognition.vocabulary import IsolationMethod
from skuloop.output import console, print_table
from tasks.settings import shared_data

_TAUGHT, _ASKED = range(40), range(40, 50)
_CENTRES = (2, 3, 5)
_COLOUR = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=300, help="classes of cart-parts")
    parser.add_argument("--vectors", nargs="+", choices=("whole", "foreground"), default=["whole", "foreground"])
    chosen = parser.parse_args(arguments)
    classes = chosen.parts
    if not console.is_terminal:
        console.width = 150
    shared = shared_data()
    embeddings = {"whole": plain(shared), "foreground": isolating(shared, IsolationMethod.FOREGROUND)}
    rows = [row for name in chosen.vectors for row in _rows(name, embeddings[name], classes)]
    machine = this_machine()
    columns = ("vectors", "prototypes", "embeddings of a class", "count", "top-1", "won", "lost")
    print_table(f"Validation top-1, {classes} classes, {ENCODER} ({machine.cpu}, {machine.cores} cores)", columns, rows)
    return 0


def _rows(name: str, spec: EncoderSpec, classes: int) -> Iterator[tuple[object, ...]]:
    parts = read_parts(shared_data())[:classes]
    taught, asked, clean = (
        Samples.from_labels(vectors(spec, paths), skus, [str(row) for row in range(len(skus))], layout(spec))
        for paths, skus in (
            (photos(parts, _TAUGHT), [part.sku for part in parts for _ in _TAUGHT]),
            (photos(parts, _ASKED), [part.sku for part in parts for _ in _ASKED]),
            (catalogue_photos(parts), [part.sku for part in parts for _ in CLEAN]),
        )
    )
    for fine in (FineMethod.MEANS, FineMethod.REFINED):
        head = fit_fine_head(taught, Choice(MetricKind.WHITENED, colour_weight=_COLOUR, fine=fine))
        one = _right(head.prototypes, np.arange(classes), head, asked)
        for way, embeddings, class_of in _ways(head, taught, clean):
            right = _right(embeddings, class_of, head, asked)
            won, lost = int((right & ~one).sum()), int((one & ~right).sum())
            row = (name, fine.value, way, f"{len(class_of) / classes:g}", f"{right.mean():.3f}", won, lost)
            print(row, file=sys.stderr, flush=True)
            yield row


def _ways(head: FineHead, taught: Samples, clean: Samples) -> Iterator[tuple[str, Vectors, Rows]]:
    """The embeddings of each way, and the class row of each."""
    classes = len(taught.classes)
    own, placed = np.arange(classes), head.metric.apply(taught.vectors)
    yield "the prototype", head.prototypes, own
    yield "mean of its photos", class_prototypes(placed, taught.targets, classes), own
    shop = class_prototypes(head.metric.apply(clean.vectors), clean.targets, classes)
    yield "prototype, catalogue photos", np.concatenate([head.prototypes, shop]), np.concatenate([own, own])
    for count in _CENTRES:
        centres = np.concatenate([_centres(placed[taught.targets == row], count) for row in own])
        class_of = np.repeat(own, count)
        yield f"{count} centres", centres, class_of
        yield (
            f"prototype, {count} centres",
            np.concatenate([head.prototypes, centres]),
            np.concatenate([own, class_of]),
        )
    yield "every photo", placed, taught.targets


def _centres(vectors: Vectors, count: int) -> Vectors:
    from sklearn.cluster import KMeans

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return normalised(KMeans(count, n_init=4, random_state=0).fit(vectors).cluster_centers_)


def _right(embeddings: Vectors, class_of: Rows, head: FineHead, asked: Samples) -> np.ndarray:
    rows, _ = scan_prototypes(embeddings)(head.metric.apply(asked.vectors), 1)
    return np.asarray(class_of[rows[:, 0]] == asked.targets)


if __name__ == "__main__":
    sys.exit(main())
