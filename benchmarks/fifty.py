"""Should the classes below 50 photos teach the metric? Behind docs/adr/0003-what-fifty-decides.md.

    python -m benchmarks.fifty

Grocery Store Dataset, official train and test split, frozen ViT-Tiny. Every class has its prototype in every row; what
differs is which classes the whitening is learned from. Needs SKULOOP_SHARED (default ../shared).
"""

import sys

import numpy as np

from benchmarks.grocery_photos import TEST, TRAIN
from benchmarks.grocery_vectors import ENCODER, grocery_vectors, labelled
from recognition.audit.tiers import TierPolicy
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Samples
from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import Whitening, fit_whitening, plain_cosine
from skuloop.output import console, print_table
from tasks.settings import shared_data


def main() -> int:
    if not console.is_terminal:
        console.width = 110
    grocery, spec = grocery_vectors(shared_data())
    train, test = labelled(grocery.of(TRAIN), spec), labelled(grocery.of(TEST), spec)
    minimum = TierPolicy().trained_minimum
    large = train.counts() >= minimum
    of_large = train.take(large[train.targets])
    ways = [
        ("nothing: the encoder's own cosine", 0, plain_cosine(train)),
        (f"the {int(large.sum())} classes with {minimum} photos and more", len(of_large), fit_whitening(of_large)),
        (f"all {len(large)} classes", len(train), fit_whitening(train)),
    ]
    print_table(
        f"Nearest prototype on the {len(test)} photos of the official test split ({ENCODER})",
        ("the metric is learned from", "photos", "top-1, all classes", f"top-1, classes below {minimum}"),
        [(name, photos, *_accuracies(train, test, metric, large)) for name, photos, metric in ways],
    )
    return 0


def _accuracies(train: Samples, test: Samples, metric: Whitening, large: np.ndarray) -> tuple[str, str]:
    if train.classes != test.classes:
        raise RuntimeError("the two splits must hold the same classes")
    prototypes = class_prototypes(metric.apply(train.vectors), train.targets, len(train.classes))
    rows, _ = scan_prototypes(prototypes)(metric.apply(test.vectors), 1)
    right = rows[:, 0] == test.targets
    return f"{right.mean():.3f}", f"{right[~large[test.targets]].mean():.3f}"


if __name__ == "__main__":
    sys.exit(main())
