"""A product's first day: recognised from clean catalogue photos alone, among products that have camera photos.

    python -m benchmarks.recognition_first_day [--classes 1000]

Cart-parts: of the first 1,000 classes the last hundred are new, with one, two or four clean photos on white and no
camera photo; all others teach with photos 00-49. Asked are photos 00-19 of the new classes, among all 1,000. Views are
clean photos cut out and laid on corners of other products' photos. Frozen ViT-Tiny, a stand-in for the default
encoder. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.machine import this_machine
from benchmarks.parts_photos import TEACHING, Part, catalogue_photos, photos, read_parts, render_parts
from benchmarks.parts_results import kept
from benchmarks.parts_vectors import ENCODER, SEED, batched, isolating, layout, plain, vectors
from recognition.encoders import EncoderSpec, open_encoder
from recognition.encoders.protocol import Vectors
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.fine_head import fit_fine_head
from recognition.heads.metric import MetricKind, worth_reducing
from recognition.heads.samples import Samples
from recognition.isolation.composites import composite_views
from recognition.isolation.cutout import cut_out
from recognition.pictures.reading import read_picture
from recognition.vocabulary import IsolationMethod
from skuloop.output import console, print_table
from tasks.settings import shared_data

_NEW, _ASKED, _COUNTS = 100, range(20), (1, 2, 4)
_VIEWS = 12  # of each clean photo
_COLOUR = 0.4


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 130
    shared = shared_data()
    render_parts(shared, read_parts(shared))
    found = kept(f"first-day/{chosen.classes}", lambda: _measure(shared, chosen.classes), fresh=chosen.fresh)
    machine = this_machine()
    rows = [
        (method, *(f"{found[f'{method}/{count}']:.3f}" for count in _COUNTS))
        for method in dict.fromkeys(key.rpartition("/")[0] for key in found if "/" in key)
    ]
    print_table(
        f"Top-1 of {_NEW} new products among {chosen.classes} ({machine.cpu}, {ENCODER}, frozen)",
        ("method", *(f"{count} clean photos" for count in _COUNTS)),
        rows,
    )
    return 0


def _measure(shared: Path, classes: int) -> dict[str, float | str]:
    parts = read_parts(shared)[:classes]
    old, new = parts[:-_NEW], parts[-_NEW:]
    found: dict[str, float | str] = {}
    for count in _COUNTS:
        found[f"nearest catalogue photo, whole picture/{count}"] = _nearest(plain(shared), parts, new, count)
    spec = isolating(shared, IsolationMethod.FOREGROUND)
    taught = _camera(spec, old)
    for count in _COUNTS:
        found[f"nearest catalogue photo, foreground/{count}"] = _nearest(spec, parts, new, count)
        clean = vectors(spec, catalogue_photos(new, range(count)))
        views = _composited(spec, new, old, count)
        for name, added, per_class in (("clean photos", clean, count), ("clean photos and views", None, 0)):
            extra, each = (added, per_class) if added is not None else _woven(clean, views, count)
            for fine in (FineMethod.MEANS, FineMethod.REFINED):
                label = f"{'refined' if fine is FineMethod.REFINED else 'discriminant'} prototypes of {name}"
                found[f"{label}/{count}"] = _accuracy(spec, taught, extra, each, new, fine)
    return found


def _nearest(spec: EncoderSpec, parts: Sequence[Part], new: Sequence[Part], count: int) -> float:
    """Each photo is named by the nearest of all clean photos of all products."""
    width = layout(spec)[0].width
    catalogue = vectors(spec, catalogue_photos(parts, range(count)))[:, :width]
    asked = vectors(spec, photos(new, _ASKED))[:, :width]
    found = (asked @ catalogue.T).argmax(axis=1) // count
    return float((found == _targets(len(parts) - len(new), len(new), len(_ASKED))).mean())


def _accuracy(
    spec: EncoderSpec, taught: Samples, extra: Vectors, each: int, new: Sequence[Part], fine: FineMethod
) -> float:
    classes = len(taught.classes)
    samples = Samples(
        np.concatenate([taught.vectors, extra]),
        np.concatenate([taught.targets, _targets(classes, len(new), each)]),
        np.arange(len(taught) + len(extra)),
        (*taught.classes, *(part.sku for part in new)),
        taught.layout,
    )
    kind = MetricKind.DISCRIMINANT if worth_reducing(samples) else MetricKind.WHITENED
    head = fit_fine_head(samples, Choice(kind, colour_weight=_COLOUR, fine=fine))
    asked = head.metric.apply(vectors(spec, photos(new, _ASKED)))
    found = (asked @ head.prototypes.T).argmax(axis=1)
    return float((found == _targets(classes, len(new), len(_ASKED))).mean())


def _camera(spec: EncoderSpec, parts: Sequence[Part]) -> Samples:
    paths = photos(parts, TEACHING)
    skus = [part.sku for part in parts for _ in TEACHING]
    return Samples.from_labels(vectors(spec, paths), skus, [str(path) for path in paths], layout(spec))


def _composited(spec: EncoderSpec, new: Sequence[Part], old: Sequence[Part], count: int) -> Vectors:
    """[classes * count * _VIEWS, d] views, photo by photo."""
    cutouts = [cut_out(read_picture(path)) for path in catalogue_photos(new, range(count))]
    if any(cutout is None for cutout in cutouts):
        raise RuntimeError("a clean photo could not be cut out")
    backgrounds = [read_picture(path) for path in photos(old[::5], range(2))]
    whole = [cutout for cutout in cutouts if cutout is not None]
    views = composite_views(whole, backgrounds, len(whole) * _VIEWS, SEED)
    encoder = open_encoder(spec)
    rows = np.concatenate([encoder.encode([view.picture for view in batch]) for batch in batched(views, 64)])
    return rows.reshape(_VIEWS, len(whole), -1).transpose(1, 0, 2).reshape(len(rows), -1)


def _woven(clean: Vectors, views: Vectors, count: int) -> tuple[Vectors, int]:
    """Clean photos and their views, class by class, and how many rows each class has."""
    classes, width = len(clean) // count, clean.shape[1]
    both = [clean.reshape(classes, count, width), views.reshape(classes, count * _VIEWS, width)]
    return np.concatenate(both, axis=1).reshape(-1, width), count * (1 + _VIEWS)


def _targets(first: int, classes: int, each: int) -> np.ndarray:
    return np.repeat(np.arange(first, first + classes), each)


if __name__ == "__main__":
    sys.exit(main())
