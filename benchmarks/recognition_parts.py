"""Cart-parts: thousands of look-alikes in clutter, method by method. Behind docs/benchmarks.md.

    python -m benchmarks.recognition_parts [--classes 300 1000 2000] [--fresh]

Every class teaches with photos 00-49 and is asked with 50-54; products 2000-2299 are never taught. The encoder is a
frozen supervised ViT-Tiny everywhere, a stand-in for the default one. Heads, metric and weights are chosen by
cross-validation within the teaching photos; which layers are pooled was chosen on photos 45-49 of the first 300
classes, taught with 00-44. Nothing was chosen on a test photo. Photos are rendered one by one: each is a scene of its
own. Needs SKULOOP_SHARED (default ../shared); the first run renders and encodes for half an hour and more.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.machine import this_machine
from benchmarks.parts_methods import FLAT, LINEAR, STEPS, Method
from benchmarks.parts_photos import (
    CATALOGUE,
    TEACHING,
    TEST,
    UNSEEN,
    Part,
    look_alikes,
    photos,
    read_parts,
    render_parts,
)
from benchmarks.parts_results import Figures, kept
from benchmarks.parts_vectors import ENCODER, isolating, layout, plain, vectors
from recognition.encoders import EncoderSpec
from recognition.encoders.protocol import unit_rows
from recognition.heads.samples import Samples
from recognition.heads.scoring import Ranking, rank
from recognition.heads.training import METHOD, TrainedHeads, TrainingPolicy, train_heads
from recognition.release.evaluation import Outcomes, evaluation_of
from recognition.release.intervals import share_interval
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate, fit_known_product
from recognition.triage.separation import auroc, false_positive_rate
from recognition.vocabulary import IsolationMethod, Tier
from skuloop.output import console, print_table
from tasks.settings import shared_data

_POLICY = TrainingPolicy(photos_per_scene=1)
_UNSEEN_PHOTOS = range(20)
_LINEAR_UP_TO = 1000  # classes: beyond, a softmax over encoder columns takes longer than all the rest
_OURS = "ours, as a cycle trains it"
_Embedding = tuple[str, EncoderSpec]


@dataclass(frozen=True)
class Split:
    """What is taught and what is asked, for the first `classes` classes on one embedding."""

    taught: Samples
    asked: Samples
    look_alike: np.ndarray


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="+", default=[300, 1000, 2000])
    parser.add_argument(
        "--whole-up-to", type=int, default=300, help="classes up to which the whole picture is encoded too"
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 150
    shared = shared_data()
    render_parts(shared, read_parts(shared))
    whole: _Embedding = ("whole picture", plain(shared))
    product: _Embedding = ("foreground", isolating(shared, IsolationMethod.FOREGROUND))
    rows, ours = [], []
    for size in chosen.classes:
        embeddings = (whole, product) if size <= chosen.whole_up_to else (product,)
        methods = [(embedding, *method) for embedding in embeddings for method in FLAT.items()]
        methods += [(product, *method) for method in STEPS.items()]
        for embedding, name, method in methods:
            if name != LINEAR or size <= _LINEAR_UP_TO:
                label = f"{size}/{embedding[0]}/{name}"
                figures = kept(
                    label, lambda e=embedding, m=method, n=size: _accuracy(shared, e[1], m, n), fresh=chosen.fresh
                )
                rows.append(_row(size, embedding[0], name, figures))
        found = kept(f"{size}/ours/method {METHOD}", lambda n=size: _ours(shared, product[1], n), fresh=chosen.fresh)
        rows.append(_row(size, "foreground", _OURS, found))
        ours.append((size, found))
        print(f"{size} classes are measured", file=sys.stderr, flush=True)
    machine = this_machine()
    where = f"{machine.cpu}, {machine.cores} cores, {ENCODER}, frozen"
    print_table(
        f"Exact top-1 on five test photos a class ({where})",
        ("classes", "embedding", "method", "top-1", "95 % interval", "look-alikes", "top-3", "seconds"),
        rows,
    )
    print_table(f"Ours: verdicts ({where})", _VERDICTS, [_verdicts(*row) for row in ours])
    print_table(f"Ours: products that nobody taught ({where})", _STRANGERS, [_strangers(*row) for row in ours])
    return 0


_VERDICTS = (
    *("classes", "published", "macro top-1", "out of fold", "sure", "right of sure", "promised"),
    "train s",
)
_STRANGERS = (
    *("classes", "unseen AUROC", "FPR at 95 % TPR", "expected AUROC", "expected FPR"),
    *("ratio and cosine alone", "their FPR", "of max-softmax", "of ratio alone", "of cosine alone"),
    *("unseen called unseen", "known called unseen", "at most"),
)


def _row(size: int, embedding: str, method: str, figures: Figures) -> tuple[object, ...]:
    return (
        size,
        embedding,
        method,
        f"{figures['top1']:.3f}",
        f"{figures['low']:.3f}-{figures['high']:.3f}",
        f"{figures['look_alikes']:.3f}",
        f"{figures['top3']:.3f}" if "top3" in figures else "",
        f"{figures['seconds']:.0f}",
    )


def _verdicts(size: int, figures: Figures) -> tuple[object, ...]:
    return (
        *(size, figures["method"], f"{figures['macro']:.3f}", f"{figures['expected']:.3f}"),
        *(f"{figures['coverage']:.1%}", f"{figures['sure_right']:.2%}", f"{figures['promised']:.0%}"),
        f"{figures['train_seconds']:.0f}",
    )


def _strangers(size: int, figures: Figures) -> tuple[object, ...]:
    told = ("auroc", "fpr", "expected_auroc", "expected_fpr", "alone_auroc", "alone_fpr")
    scores = ("softmax_auroc", "ratio_auroc", "cosine_auroc")
    shares = ("unseen_called", "known_called", "known_lost")
    return (
        size,
        *(f"{figures[name]:.3f}" for name in (*told, *scores)),
        *(f"{figures[name]:.1%}" for name in shares),
    )


def _accuracy(shared: Path, spec: EncoderSpec, method: Method, size: int) -> dict[str, float | str]:
    split = _split(shared, spec, size)
    taught, asked = split.taught, split.asked
    if method in FLAT.values():
        taught, asked = _first_block(taught), _first_block(asked)
    return _shares(method(taught, asked) == asked.targets, split)


def _first_block(samples: Samples) -> Samples:
    """The embedding without colour: the flat methods would give both the same weight."""
    return replace(samples, vectors=unit_rows(samples.vectors[:, : samples.layout[0].width]), layout=())


def _shares(right: np.ndarray, split: Split) -> dict[str, float | str]:
    interval = share_interval(right, split.asked.targets)
    alike = right[split.look_alike]
    return {
        "top1": float(right.mean()),
        "low": interval.low,
        "high": interval.high,
        "look_alikes": float(alike.mean()) if len(alike) else float("nan"),
    }


def _ours(shared: Path, spec: EncoderSpec, size: int) -> dict[str, float | str]:
    """Train, calibrate and judge as a cycle does, and ask about unseen products too."""
    import time

    split = _split(shared, spec, size)
    started = time.perf_counter()
    trained = train_heads(split.taught, dict.fromkeys(split.taught.classes, Tier.TRAINED), _POLICY)
    policy = CalibrationPolicy()
    thresholds = calibrate(trained, policy)
    recogniser = Recogniser.of_heads(trained.heads, thresholds, ENCODER)
    seconds = time.perf_counter() - started
    skus = [split.asked.classes[target] for target in split.asked.targets]
    outcomes = Outcomes.of(recogniser.recognise(split.asked.vectors, ENCODER), skus)
    found = evaluation_of(outcomes)
    if found is None:
        raise RuntimeError("there are no test photos")
    return (
        _shares(outcomes.right, split)
        | _unseen(shared, spec, recogniser, split)
        | _alone(shared, spec, trained, recogniser, split)
        | {
            "expected_auroc": thresholds.unseen_auroc,
            "expected_fpr": thresholds.unseen_fpr,
            "known_lost": policy.known_lost,
            "top3": found.top3,
            "macro": found.macro_top1,
            "coverage": found.coverage,
            "sure_right": found.sure_precision if found.sure_precision is not None else float("nan"),
            "promised": policy.sure_precision,
            "expected": _expected(trained),
            "method": trained.chosen.method,
            "train_seconds": seconds,
        }
    )


def _expected(trained: TrainedHeads) -> float:
    return trained.tried[trained.chosen]


def _unseen(shared: Path, spec: EncoderSpec, recogniser: Recogniser, split: Split) -> dict[str, float | str]:
    known, unseen = _ranked(shared, spec, recogniser, split)
    probability, least = recogniser.thresholds.known.probability, recogniser.thresholds.least_known
    return {
        "auroc": auroc(probability(known), probability(unseen)),
        "fpr": false_positive_rate(probability(known), probability(unseen)),
        "unseen_called": float((probability(unseen) < least).mean()),
        "known_called": float((probability(known) < least).mean()),
        "ratio_auroc": auroc(known.ratio, unseen.ratio),
        "softmax_auroc": auroc(known.probability[:, 0], unseen.probability[:, 0]),
        "cosine_auroc": auroc(known.familiarity, unseen.familiarity),
    }


def _alone(
    shared: Path, spec: EncoderSpec, trained: TrainedHeads, recogniser: Recogniser, split: Split
) -> dict[str, float | str]:
    """How well the same evidence tells them apart by ratio and cosine alone, beside no others and no length."""
    heads = trained.heads
    kept, held_out, known, unseen = (
        replace(ranking, familiarity_of_others=nothing, ratio_of_others=nothing, log_length=nothing)
        for ranking in (
            rank(trained.class_kept.candidates, heads.coarse_weight, heads.scale),
            rank(trained.class_held_out.candidates, heads.coarse_weight, heads.scale),
            *_ranked(shared, spec, recogniser, split),
        )
        for nothing in [np.zeros_like(ranking.ratio)]
    )
    probability = fit_known_product(kept, held_out, CalibrationPolicy().unseen_share).probability
    return {
        "alone_auroc": auroc(probability(known), probability(unseen)),
        "alone_fpr": false_positive_rate(probability(known), probability(unseen)),
    }


def _ranked(shared: Path, spec: EncoderSpec, recogniser: Recogniser, split: Split) -> tuple[Ranking, Ranking]:
    """Test photos of the catalogue, and photos of products that nobody taught."""
    never = read_parts(shared)[UNSEEN.start : UNSEEN.stop]
    return recogniser.rank(split.asked.vectors), recogniser.rank(vectors(spec, photos(never, _UNSEEN_PHOTOS)))


@cache
def _split(shared: Path, spec: EncoderSpec, size: int) -> Split:
    parts = read_parts(shared)[CATALOGUE.start : size]
    taught, asked = (_samples(spec, parts, numbers) for numbers in (TEACHING, TEST))
    alike = look_alikes(parts)
    return Split(taught, asked, np.array([asked.classes[target] in alike for target in asked.targets]))


def _samples(spec: EncoderSpec, parts: Sequence[Part], numbers: range) -> Samples:
    skus = [part.sku for part in parts for _ in numbers]
    paths = photos(parts, numbers)
    return Samples.from_labels(vectors(spec, paths), skus, [str(path) for path in paths], layout(spec))


if __name__ == "__main__":
    sys.exit(main())
