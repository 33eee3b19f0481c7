"""Several products on one photo: which way to find them finds how many, how exactly, and at what cost.

    python -m benchmarks.scenes_of_several --named

Scenes are composed (synthetic, see `benchmarks.composed_scenes`): cut-outs of catalogue pictures of the Grocery Store
Dataset and of cart-parts, on tables and on shops out of focus, boxes known. The foreground head of Grocery was taught
with the same catalogue pictures, as in a real shop; the scenes of cart-parts show products that no head ever saw.
Identification: a release taught with the Grocery train split, without any catalogue picture, names each crop. What
looking for several products costs a photo of one is asked of photos of the official test split. Frozen ViT-Tiny, a
stand-in for the default encoder; yolox_nano. Needs SKULOOP_SHARED (default ../shared) and the foreground heads that
`benchmarks.recognition_grocery` and `benchmarks.recognition_parts` teach.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.composed_scenes import ComposedScene, compose
from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION, Grocery, read_grocery
from benchmarks.machine import this_machine
from benchmarks.parts_photos import UNSEEN, catalogue_photos, read_parts, render_parts
from benchmarks.parts_vectors import ENCODER, layout, plain, vectors
from recognition.encoders import Encoder, EncoderSpec, open_encoder
from recognition.heads.samples import Samples
from recognition.heads.training import train_heads
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
from recognition.vocabulary import IsolationMethod, Tier, Verdict
from serving.several import Judged, settled
from skuloop.output import console, print_table
from tasks.settings import shared_data

_HIT = 0.5
_OUT = Path(__file__).resolve().parent / "out"
_PROMISE = CalibrationPolicy(unseen_share=0.05)

Finder = Callable[[Image.Image], Sequence[Box]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a way to find products is asked about."""

    name: str
    scenes: Sequence[ComposedScene]
    encoder: Encoder
    attention: Encoder


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scenes", type=int, default=120, help="of each data set")
    options.add_argument("--named", action="store_true", help="also teach a release, and name what was found")
    options.add_argument("--single", type=int, default=400, help="photos of one product, with --named")
    chosen = options.parse_args()
    if not console.is_terminal:
        console.width = 160
    shared = shared_data()
    detector = YoloxDetector(shared / "weights" / "yolox_nano.onnx")
    grocery = read_grocery(shared / "data" / "grocery")
    every = [_grocery(shared, grocery, chosen.scenes), _parts(shared, grocery, chosen.scenes)]
    machine = this_machine()
    for asked in every:
        print_table(
            f"{asked.name}: {len(asked.scenes)} composed scenes, {sum(len(scene.boxes) for scene in asked.scenes)} "
            f"products ({machine.cpu}, {machine.cores} cores, one thread)",
            ("way to find", "found at IoU .5", "on tables", "in shops", "false boxes a scene", "CPU ms a photo"),
            [(name, *_found(asked, find)) for name, find in _finders(asked, detector).items()],
        )
    if chosen.named:
        _name(every[0], shared, grocery, detector, chosen.single)
    return 0


def _name(asked: Asked, shared: Path, grocery: Grocery, detector: YoloxDetector, count: int) -> None:
    recogniser = _recogniser(shared, grocery, asked.encoder)
    finders = _finders(asked, detector)
    print_table(
        "Grocery scenes: what a release taught with the train split says of each product",
        ("way to find", "named right, of all", "answered sure, of all", "right, of sure"),
        [(name, *_named(asked, recogniser, find)) for name, find in finders.items()],
    )
    print_table(
        f"{count} photos of one product (official test split): does looking for several spoil the answer?",
        ("way to find", "two or more regions", "top-1", "sure", "right of sure"),
        _single(asked, recogniser, grocery, finders, count),
    )


def _grocery(shared: Path, grocery: Grocery, count: int) -> Asked:
    cutouts = [(product.sku, cut_out(read_picture(product.iconic))) for product in grocery.classes]
    shown = [(sku, cutout) for sku, cutout in cutouts if cutout is not None]
    encoder = open_encoder(_spec(shared, _head("grocery")))
    return Asked("Grocery", compose(shown, _shops(grocery), count, seed=11), encoder, _attention(shared))


def _parts(shared: Path, grocery: Grocery, count: int) -> Asked:
    parts = read_parts(shared)[UNSEEN.start : UNSEEN.stop]
    render_parts(shared, parts)
    cutouts = [
        (part.sku, cutout)
        for part in parts[:120]
        for path in catalogue_photos([part], range(1))
        if (cutout := cut_out(read_picture(path))) is not None
    ]
    encoder = open_encoder(_spec(shared, _head("parts")))
    return Asked("cart-parts", compose(cutouts, _shops(grocery), count, seed=12), encoder, _attention(shared))


def _recogniser(shared: Path, grocery: Grocery, encoder: Encoder) -> Recogniser:
    spec, photos = _spec(shared, _head("grocery")), grocery.of(TRAIN)
    samples = Samples.from_labels(
        vectors(spec, [photo.path for photo in photos]),
        [photo.sku for photo in photos],
        [photo.sha256 for photo in photos],
        layout(spec),
    )
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.TRAINED))
    return Recogniser.of_heads(trained.heads, calibrate(trained, _PROMISE), encoder.fingerprint)


def _head(name: str) -> Path:
    path = _OUT / f"{name}-foreground.safetensors"
    if not path.exists():
        raise SystemExit(f"{path} is not there: run benchmarks.recognition_{name} first.")
    return path


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

    def ground_first(picture: Image.Image) -> Sequence[Box]:
        return find_regions(of.encoder.isolate([picture])[0], picture, MOST_REGIONS)

    def ground_then_boxes(picture: Image.Image) -> Sequence[Box]:
        return distinct(things_on_plain_ground(picture), picture)[:MOST_REGIONS] or boxes(0.1)(picture)

    return {
        "foreground head, first look": first_look,
        "foreground head, wide look": wide(of.encoder),
        "attention, wide look": wide(of.attention),
        "boxes, score .1": boxes(0.1),
        "boxes, score .25": boxes(0.25),
        "head, wide look, and boxes": both,
        "plain ground": lambda picture: distinct(things_on_plain_ground(picture), picture)[:MOST_REGIONS],
        "plain ground, else head, first look": ground_first,
        "plain ground, else boxes, score .1": ground_then_boxes,
    }


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


def _named(of: Asked, recogniser: Recogniser, find: Finder) -> tuple[str, ...]:
    right: list[bool] = []
    sure: list[bool] = []
    count = 0
    for scene in of.scenes:
        boxes = list(find(scene.picture))
        pairs = zip(scene.skus, matches(scene.boxes, boxes), strict=True)
        rows = [(sku, row) for sku, row in pairs if row is not None]
        crops = region_crops(scene.picture, [boxes[row] for _, row in rows])
        recognised = recogniser.recognise(of.encoder.encode(crops), of.encoder.fingerprint)
        for (sku, _), believed in zip(rows, recognised, strict=True):
            right.append(believed.candidates[0].sku == sku)
            if believed.verdict is Verdict.SURE:
                sure.append(right[-1])
        count += len(scene.boxes)
    return f"{sum(right) / count:.3f}", f"{len(sure) / count:.3f}", f"{np.mean(sure):.3f}" if sure else "-"


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
    of: Asked, recogniser: Recogniser, grocery: Grocery, finders: Mapping[str, Finder], count: int
) -> list[tuple[str, ...]]:
    photos = grocery.of(TEST)
    photos = tuple(photos[int(row)] for row in np.random.default_rng(3).permutation(len(photos))[:count])
    pictures = [read_picture(photo.path) for photo in photos]
    wholes = recogniser.recognise(of.encoder.encode(pictures), of.encoder.fingerprint)
    whole_only: Finder = lambda _: ()  # noqa: E731 - one of a table of finders
    rows = []
    for name, find in {"whole photo only": whole_only, **finders}.items():
        several, right, sure = 0, [], []
        for photo, picture, believed in zip(photos, pictures, wholes, strict=True):
            boxes = list(find(picture))
            boxes = boxes if len(boxes) > 1 else []
            crops = region_crops(picture, boxes)
            parts = recogniser.recognise(of.encoder.encode(crops), of.encoder.fingerprint)
            judged = [Judged(box, part) for box, part in zip(boxes, parts, strict=True)]
            answer = settled(Judged(whole(picture), believed), judged)[0].recognition
            several += bool(boxes)
            right.append(answer.candidates[0].sku == photo.sku)
            if answer.verdict is Verdict.SURE:
                sure.append(right[-1])
        share_sure = f"{np.mean(sure):.3f}" if sure else "-"
        rows.append((name, f"{several / count:.3f}", f"{np.mean(right):.3f}", f"{len(sure) / count:.3f}", share_sure))
    return rows


if __name__ == "__main__":
    sys.exit(main())
