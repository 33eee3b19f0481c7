"""Several products on one photo: which way to find them finds how many, how exactly, and at what cost.

    python -m benchmarks.scenes_of_several --sizes --named --single 400

Scenes are composed (synthetic, see `benchmarks.composed_scenes`): cut-outs of catalogue pictures of the Grocery Store
Dataset and of cart-parts, on tables and on shops out of focus, boxes known. The foreground head of Grocery was taught
with the same catalogue pictures, as in a real shop; the scenes of cart-parts show products that no head ever saw.
How things are told apart and looked at closely was chosen on scenes of other parts, other shops and another seed.
Identification: a release taught with the Grocery train split, or with camera photos of 100 cart-parts, and without any
catalogue picture, names each crop; the named cart-parts are others than those that are only to be found. What looking
for several products costs a photo of one is asked of photos of the official test split. Frozen ViT-Tiny, a stand-in for
the default encoder; yolox_nano. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import parts_photos
from benchmarks.composed_scenes import HEIGHTS, ComposedScene, compose
from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION, Grocery, read_grocery
from benchmarks.machine import this_machine
from benchmarks.parts_photos import (
    CATALOGUE,
    TEACHING,
    UNSEEN,
    Part,
    catalogue_photos,
    photos,
    read_parts,
    render_parts,
)
from benchmarks.parts_vectors import ENCODER, foreground_head, layout, plain, vectors
from benchmarks.recognition_grocery import grocery_foreground_head
from recognition.encoders import Encoder, EncoderSpec, open_encoder
from recognition.heads.samples import Samples
from recognition.heads.training import TrainingPolicy, train_heads
from recognition.isolation.closer import closer_boxes
from recognition.isolation.cutout import cut_out
from recognition.isolation.detector import YoloxDetector
from recognition.isolation.masks import intersection_over_union
from recognition.isolation.plain_ground import things_on_plain_ground
from recognition.isolation.protocol import Box, IsolationSpec, whole
from recognition.isolation.regions import (
    MOST_REGIONS,
    agreed,
    distinct,
    find_regions,
    in_picture,
    region_crops,
    regions_of,
    wide_view,
)
from recognition.pictures.reading import read_picture
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.triage.verdict import Recognition
from recognition.vocabulary import IsolationMethod, Tier, Verdict
from serving.several import Judged, settled
from skuloop.output import console, print_table
from tasks.settings import shared_data

_HIT = 0.5
_TAUGHT = 100  # cart-parts that a release names
_COMPOSED = 120  # parts of which scenes are made
_SIZES = ((0.12, 0.22), HEIGHTS, (0.42, 0.6))  # of the scene's height
_PROMISE = CalibrationPolicy(unseen_share=0.05)
_AS_SERVED = "as a release with a foreground head answers"

Finder = Callable[[Image.Image], Sequence[Box]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a way to find products is asked about."""

    name: str
    scenes: Sequence[ComposedScene]
    encoder: Encoder
    attention: Encoder


@dataclass(frozen=True, slots=True)
class Single:
    """A photo of one product."""

    path: Path
    sku: str


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", nargs="+", choices=("grocery", "parts"), default=("grocery", "parts"))
    options.add_argument("--scenes", type=int, default=40, help="of each kind")
    options.add_argument("--sizes", action="store_true", help="also find smaller and larger cart-parts")
    options.add_argument("--named", action="store_true", help="also teach releases, and name what was found")
    options.add_argument("--single", type=int, default=0, help="photos of one product that are asked too")
    chosen = options.parse_args()
    if not console.is_terminal:
        console.width = 160
    shared = shared_data()
    detector = YoloxDetector(shared / "weights" / "yolox_nano.onnx")
    grocery = read_grocery(shared / "data" / "grocery")
    if "parts" in chosen.data:
        _ask_parts(shared, grocery, detector, chosen)
    if "grocery" in chosen.data:
        _ask_grocery(shared, grocery, detector, chosen)
    return 0


def _ask_parts(shared: Path, grocery: Grocery, detector: YoloxDetector, chosen: argparse.Namespace) -> None:
    never = read_parts(shared)[UNSEEN.start : UNSEEN.stop]
    unseen = _parts(shared, grocery, never, chosen.scenes, seed=12)
    _tell_found(unseen, detector)
    if chosen.sizes:
        every = {size: _parts(shared, grocery, never, chosen.scenes, seed=13, heights=size) for size in _SIZES}
        print_table(
            f"cart-parts of other sizes, {_AS_SERVED}",
            ("share of the scene's height", "products", *_FOUND),
            [
                (f"{least:.0%} to {most:.0%}", _products(asked.scenes), *_found(asked, _served(asked.encoder)))
                for (least, most), asked in every.items()
            ],
        )
    if not chosen.named and not chosen.single:
        return
    taught = read_parts(shared)[CATALOGUE.start : CATALOGUE.start + _TAUGHT]
    recogniser = _recogniser_of_parts(shared, taught, unseen.encoder)
    if chosen.single:
        test = [Single(path, path.parent.name) for path in photos(taught, parts_photos.TEST)]
        _tell_single(unseen, recogniser, detector, _drawn(test, chosen.single), "cart-parts in clutter")
    if chosen.named:
        _tell_named(_parts(shared, grocery, taught, chosen.scenes, seed=14), recogniser, detector, "taught parts")
        _tell_named(unseen, recogniser, detector, "parts that nobody taught: none can be right")


def _ask_grocery(shared: Path, grocery: Grocery, detector: YoloxDetector, chosen: argparse.Namespace) -> None:
    asked = _grocery(shared, grocery, chosen.scenes)
    _tell_found(asked, detector)
    if chosen.named or chosen.single:
        recogniser = _recogniser_of_grocery(shared, grocery, asked.encoder)
    if chosen.named:
        _tell_named(asked, recogniser, detector, "taught with photos of the train split")
    if chosen.single:
        test = [Single(photo.path, photo.sku) for photo in grocery.of(TEST)]
        _tell_single(asked, recogniser, detector, _drawn(test, chosen.single), "Grocery, official test split")


def _drawn(photos_of_one: Sequence[Single], count: int) -> list[Single]:
    rows = np.random.default_rng(3).permutation(len(photos_of_one))[:count]
    return [photos_of_one[int(row)] for row in rows]


def _tell_single(
    asked: Asked, recogniser: Recogniser, detector: YoloxDetector, drawn: Sequence[Single], what: str
) -> None:
    finders = {name: find for name, find in _finders(asked, detector).items() if name in _NAMED}
    print_table(
        f"{len(drawn)} photos of one product ({what}): does looking for several spoil the answer?",
        ("way to find", "two or more regions", "top-1", "sure", "right of sure", "CPU ms a photo"),
        _single(asked, recogniser, drawn, finders),
    )


_FOUND = ("found at IoU .5", "on tables", "in shops", "false boxes a scene", "CPU ms a photo")


def _tell_found(asked: Asked, detector: YoloxDetector) -> None:
    machine = this_machine()
    print_table(
        f"{asked.name}: {len(asked.scenes)} composed scenes, {_products(asked.scenes)} products "
        f"({machine.cpu}, {machine.cores} cores, one thread)",
        ("way to find", *_FOUND),
        [(name, *_found(asked, find)) for name, find in _finders(asked, detector).items()],
    )


def _tell_named(asked: Asked, recogniser: Recogniser, detector: YoloxDetector, what: str) -> None:
    exact: dict[str, Finder] = {"boxes as they were composed": lambda picture: _boxes_of(asked, picture)}
    finders = exact | {name: find for name, find in _finders(asked, detector).items() if name in _NAMED}
    print_table(
        f"{asked.name}, {what}: {len(asked.scenes)} scenes, {_products(asked.scenes)} products",
        ("way to find", "found", "named right, of all", "of found", "sure, of all", "right, of sure", "unseen, of all"),
        [
            *((name, *_named(asked, recogniser, find)) for name, find in finders.items()),
            ("the same, each thing judged alone", *_named(asked, recogniser, _served(asked.encoder), alone=True)),
        ],
    )


def _boxes_of(asked: Asked, picture: Image.Image) -> Sequence[Box]:
    return next(scene.boxes for scene in asked.scenes if scene.picture is picture)


def _products(scenes: Sequence[ComposedScene]) -> int:
    return sum(len(scene.boxes) for scene in scenes)


def _grocery(shared: Path, grocery: Grocery, count: int) -> Asked:
    cutouts = [(product.sku, cut_out(read_picture(product.iconic))) for product in grocery.classes]
    shown = [(sku, cutout) for sku, cutout in cutouts if cutout is not None]
    encoder = open_encoder(_spec(shared, grocery_foreground_head(shared, grocery)))
    return Asked("Grocery", compose(shown, _shops(grocery), count, seed=11), encoder, _attention(shared))


def _parts(
    shared: Path,
    grocery: Grocery,
    parts: Sequence[Part],
    count: int,
    seed: int,
    heights: tuple[float, float] = HEIGHTS,
) -> Asked:
    render_parts(shared, parts)
    cutouts = [
        (part.sku, cutout)
        for part in parts[:_COMPOSED]
        for path in catalogue_photos([part], range(1))
        if (cutout := cut_out(read_picture(path))) is not None
    ]
    encoder = open_encoder(_spec(shared, foreground_head(shared)))
    scenes = compose(cutouts, _shops(grocery), count, seed, heights)
    return Asked("cart-parts", scenes, encoder, _attention(shared))


def _recogniser_of_grocery(shared: Path, grocery: Grocery, encoder: Encoder) -> Recogniser:
    rows = grocery.of(TRAIN)
    spec = _spec(shared, grocery_foreground_head(shared, grocery))
    samples = Samples.from_labels(
        vectors(spec, [photo.path for photo in rows]),
        [photo.sku for photo in rows],
        [photo.sha256 for photo in rows],
        layout(spec),
    )
    return _recogniser(samples, encoder, TrainingPolicy())


def _recogniser_of_parts(shared: Path, parts: Sequence[Part], encoder: Encoder) -> Recogniser:
    spec, paths = _spec(shared, foreground_head(shared)), photos(parts, TEACHING)
    skus = [part.sku for part in parts for _ in TEACHING]
    samples = Samples.from_labels(vectors(spec, paths), skus, [str(path) for path in paths], layout(spec))
    return _recogniser(samples, encoder, TrainingPolicy(photos_per_scene=1))


def _recogniser(samples: Samples, encoder: Encoder, policy: TrainingPolicy) -> Recogniser:
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.TRAINED), policy)
    return Recogniser.of_heads(trained.heads, calibrate(trained, _PROMISE), encoder.fingerprint)


def _shops(grocery: Grocery) -> list[Image.Image]:
    return [read_picture(photo.path) for photo in grocery.of(VALIDATION)[::6]]


def _spec(shared: Path, head: Path) -> EncoderSpec:
    isolation = IsolationSpec(IsolationMethod.FOREGROUND, head)
    return EncoderSpec(ENCODER, plain(shared).weights, isolation=isolation, colour=True)


def _attention(shared: Path) -> Encoder:
    return open_encoder(EncoderSpec(ENCODER, plain(shared).weights, isolation=IsolationSpec(IsolationMethod.ATTENTION)))


def _finders(of: Asked, detector: YoloxDetector) -> dict[str, Finder]:
    def first_look(picture: Image.Image) -> Sequence[Box]:
        return regions_of(of.encoder.isolate([picture])[0], picture, MOST_REGIONS)

    def wide(encoder: Encoder) -> Finder:
        def look(picture: Image.Image) -> Sequence[Box]:
            view, left, top = wide_view(picture)
            return in_picture(encoder.isolate([view])[0], left, top, picture)[:MOST_REGIONS]

        return look

    def boxes(least: float) -> Finder:
        def look(picture: Image.Image) -> Sequence[Box]:
            found = [detection.box for detection in detector.detect(picture) if detection.score >= least]
            return distinct(found, picture)[:MOST_REGIONS]

        return look

    def both(picture: Image.Image) -> Sequence[Box]:
        return agreed(wide(of.encoder)(picture), boxes(0.25)(picture), picture)[:MOST_REGIONS]

    def ground_then_boxes(picture: Image.Image) -> Sequence[Box]:
        return distinct(things_on_plain_ground(picture), picture)[:MOST_REGIONS] or boxes(0.1)(picture)

    def closer(picture: Image.Image) -> Sequence[Box]:
        return distinct(closer_boxes(picture, of.encoder.isolate), picture)[:MOST_REGIONS]

    return {
        "foreground head, first look": first_look,
        "foreground head, wide look": wide(of.encoder),
        "foreground head, closer look": closer,
        "attention, wide look": wide(of.attention),
        "boxes, score .1": boxes(0.1),
        "boxes, score .25": boxes(0.25),
        "head, wide look, and boxes": both,
        "plain ground": lambda picture: distinct(things_on_plain_ground(picture), picture)[:MOST_REGIONS],
        _GROUND_THEN_BOXES: ground_then_boxes,
        _GROUND_THEN_CLOSER: _served(of.encoder),
    }


_GROUND_THEN_BOXES = "plain ground, else boxes, score .1"
_GROUND_THEN_CLOSER = "plain ground, else head, closer look"
_NAMED = ("foreground head, first look", _GROUND_THEN_BOXES, _GROUND_THEN_CLOSER)


def _served(encoder: Encoder) -> Finder:
    """What `serving` does with this encoder."""
    return lambda picture: find_regions(encoder.isolate([picture])[0], picture, MOST_REGIONS, encoder.isolate)


def _found(of: Asked, find: Finder) -> tuple[str, ...]:
    hits: dict[str, list[bool]] = {"table": [], "shop": []}
    false, spent = 0, 0.0
    for scene in of.scenes:
        start = time.process_time()
        boxes = list(find(scene.picture))
        spent += time.process_time() - start
        matched = [row is not None for row in matches(scene.boxes, boxes)]
        hits[scene.ground].extend(matched)
        false += len(boxes) - sum(matched)
    return (
        f"{np.mean([*hits['table'], *hits['shop']]):.3f}",
        f"{np.mean(hits['table']):.3f}",
        f"{np.mean(hits['shop']):.3f}",
        f"{false / len(of.scenes):.2f}",
        f"{1000 * spent / len(of.scenes):.0f}",
    )


def _named(of: Asked, recogniser: Recogniser, find: Finder, *, alone: bool = False) -> tuple[str, ...]:
    right: list[bool] = []
    sure: list[bool] = []
    unseen = 0
    for scene in of.scenes:
        boxes = list(find(scene.picture))
        pairs = zip(scene.skus, matches(scene.boxes, boxes), strict=True)
        recognised = _recognised(of, recogniser, scene.picture, boxes, alone=alone)
        for sku, row in pairs:
            if row is None:
                continue
            believed = recognised[row]
            right.append(believed.candidates[0].sku == sku)
            unseen += believed.verdict is Verdict.UNSEEN
            if believed.verdict is Verdict.SURE:
                sure.append(right[-1])
    count = _products(of.scenes)
    return (
        f"{len(right) / count:.3f}",
        f"{sum(right) / count:.3f}",
        f"{np.mean(right):.3f}" if right else "-",
        f"{len(sure) / count:.3f}",
        f"{np.mean(sure):.3f}" if sure else "-",
        f"{unseen / count:.3f}",
    )


def _recognised(
    of: Asked, recogniser: Recogniser, picture: Image.Image, boxes: Sequence[Box], *, alone: bool
) -> list[Recognition]:
    """What is believed of the things on one photo: in company, as `serving` judges them, or each by itself."""
    seen = of.encoder.encode(region_crops(picture, boxes))
    return recogniser.recognise(seen, of.encoder.fingerprint, [] if alone else [slice(0, len(boxes))])


def matches(truth: Sequence[Box], found: Sequence[Box]) -> list[int | None]:
    """Row of the found box of each true one, best overlap first; None where none has an IoU of .5."""
    pairs = sorted(
        (
            (intersection_over_union(true, box), place, row)
            for place, true in enumerate(truth)
            for row, box in enumerate(found)
        ),
        reverse=True,
    )
    rows: list[int | None] = [None] * len(truth)
    for overlap, place, row in pairs:
        if overlap >= _HIT and rows[place] is None and row not in rows:
            rows[place] = row
    return rows


def _single(
    of: Asked, recogniser: Recogniser, asked: Sequence[Single], finders: Mapping[str, Finder]
) -> list[tuple[str, ...]]:
    pictures = [read_picture(photo.path) for photo in asked]
    count = len(asked)
    wholes = recogniser.recognise(of.encoder.encode(pictures), of.encoder.fingerprint)
    whole_only: Finder = lambda _: ()  # noqa: E731 - one of a table of finders
    rows = []
    for name, find in {"whole photo only": whole_only, **finders}.items():
        several, right, sure, spent = 0, [], [], 0.0
        for photo, picture, believed in zip(asked, pictures, wholes, strict=True):
            start = time.process_time()
            boxes = list(find(picture))
            spent += time.process_time() - start
            boxes = boxes if len(boxes) > 1 else []
            parts = _recognised(of, recogniser, picture, boxes, alone=False)
            judged = [Judged(box, part) for box, part in zip(boxes, parts, strict=True)]
            answer = settled(Judged(whole(picture), believed), judged)[0].recognition
            several += bool(boxes)
            right.append(answer.candidates[0].sku == photo.sku)
            if answer.verdict is Verdict.SURE:
                sure.append(right[-1])
        share_sure = f"{np.mean(sure):.3f}" if sure else "-"
        rows.append(
            (
                *(name, f"{several / count:.3f}", f"{np.mean(right):.3f}", f"{len(sure) / count:.3f}", share_sure),
                f"{1000 * spent / count:.0f}",
            )
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
