"""How well are products told apart from those that were never taught? Behind recognition/triage/calibration.py.

    python -m benchmarks.unseen

Grocery Store Dataset, official train and test split, frozen ViT-Tiny. In each of three draws 20 of the 81 products are
left out of training; then the test photos of the others are known, those of the 20 are unseen. Nothing is tuned on
them. Needs SKULOOP_SHARED (default ../shared).
"""

import sys
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.grocery_photos import TEST, TRAIN
from benchmarks.grocery_vectors import ENCODER, grocery_vectors, labelled
from recognition.heads.samples import Samples
from recognition.heads.scoring import Ranking, rank, scan_prototypes
from recognition.heads.training import TrainedHeads, train_heads
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.triage.separation import auroc, false_positive_rate
from recognition.vocabulary import Tier, Verdict
from skuloop.output import console, print_table
from tasks.settings import shared_data

_DRAWS, _LEFT_OUT = 3, 20
_PROMISES = ((0.95, 0.1), (0.95, 0.5), (0.97, 0.1), (0.97, 0.5), (0.99, 0.5))
_UNSEEN_SHARE = CalibrationPolicy().unseen_share
Floats = NDArray[np.floating]


def main() -> int:
    if not console.is_terminal:
        console.width = 130
    grocery, spec = grocery_vectors(shared_data())
    train, test = labelled(grocery.of(TRAIN), spec, grouped=True), labelled(grocery.of(TEST), spec)
    scores: dict[str, list[tuple[float, float]]] = {}
    promises: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for draw in range(_DRAWS):
        taught = np.sort(np.random.default_rng(draw).permutation(len(train.classes))[_LEFT_OUT:])
        known, of_test = test.of_classes(taught), np.isin(test.targets, taught)
        few = train.of_classes(taught)
        trained = train_heads(few, dict.fromkeys(few.classes, Tier.GALLERY))
        for name, figures in _separations(trained, few, known, test.vectors[~of_test]):
            scores.setdefault(name, []).append(figures)
        for promise in _PROMISES:
            named = (f"{promise[0]:.0%}", f"{promise[1]:.1f}")
            promises.setdefault(named, []).append(_realised(trained, known, test.vectors[~of_test], *promise))
    heading = f"{_DRAWS} draws of {_LEFT_OUT} products that are not taught, test photos, mean ({ENCODER})"
    print_table(heading, ("score", "AUROC", "FPR at 95 % TPR"), _means(scores))
    columns = ("promised", "risk", "sure expected", "sure of known", "right of sure", "unseen called unseen")
    print_table(
        f"The same photos, {_UNSEEN_SHARE:.0%} of them unseen", columns, [(*key, *row) for key, row in _rows(promises)]
    )
    return 0


def _separations(
    trained: TrainedHeads, train: Samples, known: Samples, unseen: NDArray[np.float32]
) -> Iterable[tuple[str, tuple[float, float]]]:
    """Name of each score, with its AUROC and FPR on the test photos, and what the evidence of training expected."""
    recogniser = Recogniser.of_heads(trained.heads, calibrate(trained), ENCODER)
    ours, theirs = recogniser.rank(known.vectors), recogniser.rank(unseen)
    yield "largest softmax", _both(ours.probability[:, 0], theirs.probability[:, 0])
    yield (
        "5 nearest photos, mean cosine",
        _both(*(_nearest_photos(recogniser, train, vectors) for vectors in (known.vectors, unseen))),
    )
    yield "nearest prototype, cosine", _both(ours.familiarity, theirs.familiarity)
    yield "likelihood ratio", _both(ours.ratio, theirs.ratio)
    of_known, held_out = _ranked(trained)
    yield "likelihood ratio, expected from classes held out of everything", _both(of_known.ratio, held_out.ratio)
    yield (
        "likelihood ratio, expected from classes held out of the ranking alone",
        _both(of_known.ratio, _without_own_class(trained)),
    )


def _ranked(trained: TrainedHeads) -> tuple[Ranking, Ranking]:
    weight, scale = trained.heads.coarse_weight, trained.heads.scale
    return (
        rank(trained.out_of_fold.candidates, weight, scale),
        rank(trained.class_held_out.candidates, weight, scale),
    )


def _without_own_class(trained: TrainedHeads) -> Floats:
    candidates, targets = trained.out_of_fold.candidates, trained.out_of_fold.targets
    return np.where(candidates.rows == targets[:, None], -np.inf, candidates.ratio).max(axis=1)


def _nearest_photos(recogniser: Recogniser, train: Samples, vectors: NDArray[np.float32]) -> Floats:
    _, cosines = scan_prototypes(recogniser.whiten(train.vectors))(recogniser.whiten(vectors), 5)
    return cosines.mean(axis=1)


def _both(known: Floats, unseen: Floats) -> tuple[float, float]:
    return auroc(known, unseen), false_positive_rate(known, unseen)


def _realised(
    trained: TrainedHeads, known: Samples, unseen: NDArray[np.float32], precision: float, risk: float
) -> tuple[float, ...]:
    """Coverage expected and realised, precision on the mix of known and unseen, share of unseen called unseen."""
    thresholds = calibrate(trained, CalibrationPolicy(sure_precision=precision, risk=risk))
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


def _rows(promises: dict[tuple[str, str], list[tuple[float, ...]]]) -> Iterable[tuple[tuple[str, str], list[str]]]:
    for named, figures in promises.items():
        expected, sure, precise, called_unseen = np.array(figures).T
        right = "none sure" if np.isnan(precise).all() else f"{np.nanmean(precise):.3f}"
        yield named, [f"{expected.mean():.1%}", f"{sure.mean():.1%}", right, f"{called_unseen.mean():.1%}"]


if __name__ == "__main__":
    sys.exit(main())
