"""How many photos make a scene, and can it be learned? Behind docs/adr/0004-scenes.md and 0012.

    python -m benchmarks.scenes                      Grocery Store photos, as a walk along the shelves takes them
    python -m benchmarks.scenes --parts 100          cart-parts, each photo rendered on its own

Trains and calibrates once for each size of scene, and compares what cross-validation expected with what other photos
bring: the official val and test split, or photos 40 to 49 of parts of which 0 to 39 teach. All of them show known
products, so the promise is made for known products only (`unseen_share` 0). The other photos stand in for those that a
camera brings: without their labels they say which size to take. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION
from benchmarks.grocery_vectors import ENCODER, grocery_vectors, labelled
from benchmarks.parts_photos import CATALOGUE, Part, photos, read_parts
from benchmarks.parts_vectors import isolating, layout, vectors
from recognition.encoders import EncoderSpec
from recognition.heads.samples import Samples
from recognition.heads.scene_size import SIZES, Arrivals, learn_scene_size, nearness_of_held_out, nearness_of_new
from recognition.heads.training import TrainingPolicy, train_heads
from recognition.release.evaluation import Evaluation, evaluate
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.vocabulary import IsolationMethod, Tier
from skuloop.output import console, print_table
from tasks.settings import shared_data

_PROMISE = CalibrationPolicy(unseen_share=0.0)
_TEACHING, _NEW = range(40), range(40, 50)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, help="so many classes of cart-parts instead")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="sizes to train and calibrate with")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 130
    taught, asked = _parts(chosen.parts) if chosen.parts else _grocery()
    print_table(
        f"Nearness (median cosine to the nearest taught photo) of photos that are held out, {len(taught)} in all",
        tuple(f"{size} a scene" for size in SIZES),
        [tuple(f"{np.median(nearness_of_held_out(taught, size)):.3f}" for size in SIZES)],
    )
    arrivals = {name: _arrivals(taught, found) for name, found in asked.items()}
    print_table(
        "Nearness of new photos, and the size of scenes that they ask for",
        ("new photos", "how many", "nearness", "photos per scene"),
        [
            (name, len(came.new), f"{np.median(nearness_of_new(taught, came)):.3f}", learn_scene_size(taught, came))
            for name, came in arrivals.items()
        ],
    )
    print_table(
        f"{_PROMISE.sure_precision:.0%} of the sure answers promised right ({ENCODER})",
        (
            *("photos per scene", "top-1 expected", *(f"on {name}" for name in asked)),
            *("sure expected", *(f"on {name}" for name in asked), *(f"right of sure on {name}" for name in asked)),
        ),
        [(size, *_trial(taught, asked, size)) for size in chosen.sizes],
    )
    return 0


def _grocery() -> tuple[Samples, Mapping[str, Samples]]:
    grocery, spec = grocery_vectors(shared_data())
    train = labelled(grocery.of(TRAIN), spec, grouped=True)
    return train, {split: labelled(grocery.of(split), spec) for split in (VALIDATION, TEST)}


def _parts(classes: int) -> tuple[Samples, Mapping[str, Samples]]:
    shared = shared_data()
    spec = isolating(shared, IsolationMethod.FOREGROUND)
    parts = read_parts(shared)[CATALOGUE.start : classes]
    return _samples(spec, parts, _TEACHING), {"new": _samples(spec, parts, _NEW)}


def _samples(spec: EncoderSpec, parts: Sequence[Part], numbers: range) -> Samples:
    paths = photos(parts, numbers)
    skus = [part.sku for part in parts for _ in numbers]
    return Samples.from_labels(vectors(spec, paths), skus, [str(path) for path in paths], layout(spec))


def _arrivals(taught: Samples, asked: Samples) -> Arrivals:
    return Arrivals(asked.vectors, np.ones(len(asked), dtype=np.int64), np.zeros(len(taught), dtype=np.int64))


def _trial(taught: Samples, asked: Mapping[str, Samples], size: int) -> tuple[str, ...]:
    tiers = dict.fromkeys(taught.classes, Tier.GALLERY)  # one tier: one threshold, made on the evidence of all classes
    trained = train_heads(taught, tiers, TrainingPolicy(photos_per_scene=size))
    thresholds = calibrate(trained, _PROMISE)
    recogniser = Recogniser.of_heads(trained.heads, thresholds, ENCODER)
    found = [_measure(recogniser, samples) for samples in asked.values()]
    return (
        f"{trained.tried[trained.chosen]:.3f}",
        *(f"{one.top1:.3f}" for one in found),
        f"{thresholds.expected_coverage:.1%}",
        *(f"{one.coverage:.1%}" for one in found),
        *(_sure(one) for one in found),
    )


def _measure(recogniser: Recogniser, samples: Samples) -> Evaluation:
    skus = [samples.classes[target] for target in samples.targets]
    found = evaluate(recogniser.recognise(samples.vectors, ENCODER), skus)
    if found is None:
        raise RuntimeError("there are no photos")
    return found


def _sure(found: Evaluation) -> str:
    return "none sure" if found.sure_precision is None else f"{found.sure_precision:.3f}"


if __name__ == "__main__":
    sys.exit(main())
