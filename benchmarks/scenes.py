"""How many photos make a scene? Behind docs/adr/0004-scenes.md.

    python -m benchmarks.scenes

Trains and calibrates on the official train split of the Grocery Store Dataset, once for each size of scene, and
compares what cross-validation expected with what the official val and test split bring. Both hold known products only,
so the promise is made for known products only (`unseen_share` 0). Needs SKULOOP_SHARED (default ../shared).
"""

import sys

from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION
from benchmarks.grocery_vectors import ENCODER, grocery_vectors, labelled
from recognition.heads.samples import Samples
from recognition.heads.training import TrainingPolicy, train_heads
from recognition.release.evaluation import Evaluation, evaluate
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.vocabulary import Tier
from skuloop.output import console, print_table
from tasks.settings import shared_data

_SIZES = (1, 2, 3, 4, 6)
_PROMISE = CalibrationPolicy(unseen_share=0.0)


def main() -> int:
    if not console.is_terminal:
        console.width = 130
    grocery, spec = grocery_vectors(shared_data())
    train = labelled(grocery.of(TRAIN), spec, grouped=True)
    val, test = labelled(grocery.of(VALIDATION), spec), labelled(grocery.of(TEST), spec)
    rows = [(size, *_trial(train, val, test, size)) for size in _SIZES]
    print_table(
        f"Trained on {len(train)} photos, {len(val)} val and {len(test)} test photos; "
        f"{_PROMISE.sure_precision:.0%} of the sure answers promised right ({ENCODER})",
        (
            "photos per scene",
            *("top-1 expected", "on val", "on test"),
            *("sure expected", "on val", "on test"),
            *("right of sure on val", "on test"),
        ),
        rows,
    )
    return 0


def _trial(train: Samples, val: Samples, test: Samples, size: int) -> tuple[str, ...]:
    tiers = dict.fromkeys(train.classes, Tier.GALLERY)  # one tier: one threshold, made on the evidence of all classes
    trained = train_heads(train, tiers, TrainingPolicy(photos_per_scene=size))
    thresholds = calibrate(trained, _PROMISE)
    recogniser = Recogniser.of_heads(trained.heads, thresholds, ENCODER)
    on_val, on_test = _measure(recogniser, val), _measure(recogniser, test)
    return (
        f"{trained.tried[trained.chosen]:.3f}",
        f"{on_val.top1:.3f}",
        f"{on_test.top1:.3f}",
        f"{thresholds.expected_coverage:.1%}",
        f"{on_val.coverage:.1%}",
        f"{on_test.coverage:.1%}",
        _sure(on_val),
        _sure(on_test),
    )


def _measure(recogniser: Recogniser, samples: Samples) -> Evaluation:
    skus = [samples.classes[target] for target in samples.targets]
    found = evaluate(recogniser.recognise(samples.vectors, ENCODER), skus)
    if found is None:
        raise RuntimeError("the split is empty")
    return found


def _sure(found: Evaluation) -> str:
    return "none sure" if found.sure_precision is None else f"{found.sure_precision:.3f}"


if __name__ == "__main__":
    sys.exit(main())
