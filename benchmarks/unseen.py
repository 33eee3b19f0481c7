"""How well are products told apart from those that were never taught? Behind recognition/triage/calibration.py.

    python -m benchmarks.unseen

Grocery Store Dataset, official train and test split, frozen ViT-Tiny with the isolation and colour that the val split
chose (`benchmarks.recognition_grocery`). In each of three draws 20 of the 81 products are left out of training; then
the test photos of the others are known, those of the 20 are unseen. Nothing is tuned on them. An oracle that is taught
the unseen products too says what is left to win. Needs SKULOOP_SHARED (default ../shared).
"""

import sys
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.grocery_photos import TEST, TRAIN, read_grocery
from benchmarks.parts_vectors import ENCODER
from benchmarks.recognition_grocery import foreground_spec, samples_like, samples_of
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Samples
from recognition.heads.scoring import Ranking, rank, scan_prototypes
from recognition.heads.training import OutOfFold, TrainedHeads, TrainingPolicy, train_heads
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.triage.separation import auroc, false_positive_rate
from recognition.vocabulary import Tier, Verdict
from skuloop.output import console, print_table
from tasks.settings import shared_data

_DRAWS, _LEFT_OUT = 3, 20
_PROMISES = (0.95, 0.97, 0.99)
_UNSEEN_SHARE = CalibrationPolicy().unseen_share
_TRAINING = TrainingPolicy(learn=False, superclasses=1)  # class means, flat: what validation chooses on these photos
Floats = NDArray[np.floating]


def main() -> int:
    if not console.is_terminal:
        console.width = 130
    shared = shared_data()
    grocery = read_grocery(shared / "data" / "grocery")
    spec = foreground_spec(shared, grocery)
    train = samples_of(spec, grocery.of(TRAIN))
    test = samples_like(spec, grocery.of(TEST), train)
    scores: dict[str, list[tuple[float, float]]] = {}
    promises: dict[float, list[tuple[float, ...]]] = {}
    for draw in range(_DRAWS):
        shuffled = np.random.default_rng(draw).permutation(len(train.classes))
        taught, left_out = np.sort(shuffled[_LEFT_OUT:]), np.sort(shuffled[:_LEFT_OUT])
        few, known, unseen = train.of_classes(taught), test.of_classes(taught), test.of_classes(left_out)
        trained = train_heads(few, dict.fromkeys(few.classes, Tier.GALLERY), _TRAINING)
        for name, figures in _separations(trained, few, known, unseen):
            scores.setdefault(name, []).append(figures)
        for promised in _PROMISES:
            promises.setdefault(promised, []).append(_realised(trained, known, unseen.vectors, promised))
    heading = f"{_DRAWS} draws of {_LEFT_OUT} products that are not taught, test photos, mean ({ENCODER})"
    print_table(heading, ("score", "AUROC", "FPR at 95 % TPR"), _means(scores))
    columns = ("promised", "sure expected", "sure of known", "right of sure", "unseen called unseen")
    print_table(
        f"The same photos, {_UNSEEN_SHARE:.0%} of them unseen",
        columns,
        [(f"{promised:.0%}", *row) for promised, row in _rows(promises)],
    )
    return 0


def _separations(
    trained: TrainedHeads, train: Samples, known: Samples, unseen: Samples
) -> Iterable[tuple[str, tuple[float, float]]]:
    """Name of each score, with its AUROC and FPR on the test photos, and what the evidence of training expected."""
    thresholds = calibrate(trained)
    recogniser = Recogniser.of_heads(trained.heads, thresholds, ENCODER)
    ours, theirs = recogniser.rank(known.vectors), recogniser.rank(unseen.vectors)
    yield "largest softmax", _both(ours.probability[:, 0], theirs.probability[:, 0])
    yield (
        "5 nearest photos, mean cosine",
        _both(*(_nearest_photos(recogniser, train, samples.vectors) for samples in (known, unseen))),
    )
    yield "nearest prototype, cosine", _both(ours.familiarity, theirs.familiarity)
    yield "likelihood ratio", _both(ours.ratio, theirs.ratio)
    yield "what a release says", _both(*(thresholds.known.probability(ranking) for ranking in (ours, theirs)))
    held_out = _ranked(trained, trained.class_held_out)
    beside = _ranked(trained, trained.class_kept)
    yield (
        "the same, expected by training from classes held out, beside known photos of the same heads",
        _both(*(thresholds.known.probability(ranking) for ranking in (beside, held_out))),
    )
    yield (
        "likelihood ratio, expected from classes held out of the ranking alone",
        _both(_ranked(trained, trained.out_of_fold).ratio, _without_own_class(trained)),
    )
    yield "oracle: a half of the photos of each unseen product teaches it", _both(*_oracle(recogniser, known, unseen))


def _ranked(trained: TrainedHeads, photos: OutOfFold) -> Ranking:
    return rank(photos.candidates, trained.heads.coarse_weight, trained.heads.scale)


def _without_own_class(trained: TrainedHeads) -> Floats:
    candidates, targets = trained.out_of_fold.candidates, trained.out_of_fold.targets
    return np.where(candidates.rows == targets[:, None], -np.inf, candidates.ratio).max(axis=1)


def _nearest_photos(recogniser: Recogniser, train: Samples, vectors: NDArray[np.float32]) -> Floats:
    _, cosines = scan_prototypes(recogniser.whiten(train.vectors))(recogniser.whiten(vectors), 5)
    return cosines.mean(axis=1)


def _oracle(recogniser: Recogniser, known: Samples, unseen: Samples) -> tuple[Floats, Floats]:
    """How much nearer each photo is to a known product than to an unseen one, as if that had been taught."""
    teaches = np.arange(len(unseen)) % 2 == 0
    told = unseen.take(teaches)
    theirs = class_prototypes(recogniser.whiten(told.vectors), told.targets, len(told.classes))

    def lead(vectors: NDArray[np.float32]) -> Floats:
        whitened = recogniser.whiten(vectors)
        return (whitened @ recogniser.heads.prototypes.T).max(axis=1) - (whitened @ theirs.T).max(axis=1)

    return lead(known.vectors), lead(unseen.take(~teaches).vectors)


def _both(known: Floats, unseen: Floats) -> tuple[float, float]:
    return auroc(known, unseen), false_positive_rate(known, unseen)


def _realised(trained: TrainedHeads, known: Samples, unseen: NDArray[np.float32], promised: float) -> tuple[float, ...]:
    """Coverage expected and realised, precision on the mix of known and unseen, share of unseen called unseen."""
    thresholds = calibrate(trained, CalibrationPolicy(sure_precision=promised))
    recogniser = Recogniser.of_heads(trained.heads, thresholds, ENCODER)
    ours, theirs = (recogniser.recognise(vectors, ENCODER) for vectors in (known.vectors, unseen))
    sure = np.array([found.verdict is Verdict.SURE for found in ours])
    right = np.array([found.sku == known.classes[row] for found, row in zip(ours, known.targets, strict=True)])
    mistaken = np.mean([found.verdict is Verdict.SURE for found in theirs])
    called_unseen = np.mean([found.verdict is Verdict.UNSEEN for found in theirs])
    answered = (1 - _UNSEEN_SHARE) * sure.mean() + _UNSEEN_SHARE * mistaken
    precise = (1 - _UNSEEN_SHARE) * (sure & right).mean() / answered if answered else float("nan")
    return thresholds.expected_coverage, float(sure.mean()), float(precise), float(called_unseen)


def _means(scores: dict[str, list[tuple[float, float]]]) -> list[tuple[str, ...]]:
    return [(name, *(f"{value:.3f}" for value in np.mean(figures, axis=0))) for name, figures in scores.items()]


def _rows(promises: dict[float, list[tuple[float, ...]]]) -> Iterable[tuple[float, list[str]]]:
    for promised, figures in promises.items():
        expected, sure, precise, called_unseen = np.array(figures).T
        right = "none sure" if np.isnan(precise).all() else f"{np.nanmean(precise):.3f}"
        yield promised, [f"{expected.mean():.1%}", f"{sure.mean():.1%}", right, f"{called_unseen.mean():.1%}"]


if __name__ == "__main__":
    sys.exit(main())
