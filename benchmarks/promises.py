"""Which rule for sure answers keeps its promise, and answers most? Behind recognition/triage/promise.py.

    python -m benchmarks.promises

Grocery Store Dataset, official splits, whole pictures, frozen ViT-Tiny. In each draw 20 of the 81 products are left out
of training: their photos are the unseen ones. Every rule finds its threshold on the same evidence, within the train
split; the rule is chosen by the val split, the test split is asked too. Needs SKULOOP_SHARED (default ../shared).

The peers: fixed-sequence testing and a Bonferroni-corrected grid (Angelopoulos et al., "Learn then Test", 2021), each
with the bound of Clopper and Pearson (1934), and an isotonic curve of the risk (Barlow et al., 1972).
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION
from benchmarks.grocery_vectors import ENCODER, grocery_vectors, labelled
from benchmarks.machine import this_machine
from benchmarks.recognition_grocery import with_classes_of
from recognition.heads.samples import Rows, Samples
from recognition.heads.scoring import Ranking
from recognition.heads.training import TrainedHeads, TrainingPolicy, train_heads
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.triage.effective_size import effective_sizes
from recognition.triage.promise import Evidence, ThresholdRule, least_safe_threshold
from recognition.triage.thresholds import NEVER_SURE
from recognition.triage.verdict import judge
from recognition.vocabulary import Tier, Verdict
from skuloop.output import console, print_table
from tasks.settings import shared_data

_LEFT_OUT = 20
_PROMISES = (0.90, 0.95, 0.97, 0.99)
_UNSEEN_SHARE = CalibrationPolicy().unseen_share
_STEP, _GRID = 0.02, 10
_TRAINING = TrainingPolicy(learn=False, superclasses=1)  # class means, flat: what validation chooses on these photos
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """Ranked photos of one split: those of taught products with their class rows, and those of products left out."""

    known: Ranking
    targets: Rows
    unseen: Ranking


@dataclass(frozen=True)
class Realised:
    """What came of one draw: sure answers among known photos and among unseen ones, and how many of them were right."""

    expected: float
    sure: float
    sure_right: float
    sure_unseen: float

    @property
    def answered(self) -> float:
        """Share of all photos that is answered sure, at the share of unseen ones that calibration counted on."""
        return (1 - _UNSEEN_SHARE) * self.sure + _UNSEEN_SHARE * self.sure_unseen

    @property
    def right(self) -> float:
        """Share of all photos that is answered sure and right."""
        return (1 - _UNSEEN_SHARE) * self.sure_right


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--wrong-labels", type=float, default=0.0, help="share of train photos that are labelled wrong")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 150
    found: dict[tuple[str, float, str], list[Realised]] = {}
    for draw in range(chosen.draws):
        trained, splits = _draw(draw, chosen.wrong_labels)
        for promised in _PROMISES:
            for name, rule in RULES.items():
                for split, asked in splits.items():
                    found.setdefault((split, promised, name), []).append(_realised(trained, asked, promised, rule))
        print(f"draw {draw + 1} of {chosen.draws} is measured", file=sys.stderr, flush=True)
    machine = this_machine()
    for split in (VALIDATION, TEST):
        print_table(
            f"Photos of the {split} split, {chosen.draws} draws of {_LEFT_OUT} products that are not taught, "
            f"{_UNSEEN_SHARE:.0%} unseen, {chosen.wrong_labels:.1%} wrong labels in training "
            f"({machine.cpu}, {machine.cores} cores, {ENCODER}, frozen)",
            ("promised", "rule", "never sure", "sure expected", "sure of known", "right of sure", "worst draw"),
            [_row(promised, name, draws) for (of, promised, name), draws in found.items() if of == split],
        )
    return 0


def _draw(draw: int, wrong_labels: float) -> tuple[TrainedHeads, Mapping[str, Asked]]:
    grocery, spec = grocery_vectors(shared_data())
    train = labelled(grocery.of(TRAIN), spec)
    taught = np.sort(np.random.default_rng(draw).permutation(len(train.classes))[_LEFT_OUT:])
    few = _mislabelled(train.of_classes(taught), wrong_labels, draw)
    trained = train_heads(few, dict.fromkeys(few.classes, Tier.TRAINED), replace(_TRAINING, seed=draw))
    splits = {split: with_classes_of(train, labelled(grocery.of(split), spec)) for split in (VALIDATION, TEST)}
    return trained, {split: _asked(trained, found, taught) for split, found in splits.items()}


def _mislabelled(samples: Samples, share: float, seed: int) -> Samples:
    """The samples with that share of them labelled as some product drawn by lot."""
    random = np.random.default_rng(seed)
    wrong = random.random(len(samples)) < share
    return replace(samples, targets=np.where(wrong, random.permutation(samples.targets), samples.targets))


def _asked(trained: TrainedHeads, photos: Samples, taught: Rows) -> Asked:
    known, unseen = photos.of_classes(taught), photos.vectors[~np.isin(photos.targets, taught)]
    recogniser = Recogniser.of_heads(trained.heads, calibrate(trained), ENCODER)
    return Asked(recogniser.rank(known.vectors), known.targets, recogniser.rank(unseen))


def _realised(trained: TrainedHeads, asked: Asked, promised: float, rule: ThresholdRule) -> Realised:
    thresholds = calibrate(trained, CalibrationPolicy(sure_precision=promised), rule)
    heads = trained.heads
    sure, of_unseen = (
        np.array([found.verdict is Verdict.SURE for found in judge(ranking, heads.classes, heads.tiers, thresholds)])
        for ranking in (asked.known, asked.unseen)
    )
    right = asked.known.rows[:, 0] == asked.targets
    return Realised(
        thresholds.expected_coverage, float(sure.mean()), float((sure & right).mean()), float(of_unseen.mean())
    )


def _row(promised: float, name: str, draws: Sequence[Realised]) -> tuple[str, ...]:
    answered = [draw.answered for draw in draws]
    precision = [draw.right / draw.answered for draw in draws if draw.answered]
    return (
        f"{promised:.0%}",
        name,
        f"{sum(not share for share in answered)} of {len(draws)}",
        f"{np.mean([draw.expected for draw in draws]):.1%}",
        f"{np.mean([draw.sure for draw in draws]):.1%}",
        f"{np.mean(precision):.3f}" if precision else "-",
        f"{min(precision):.3f}" if precision else "-",
    )


@dataclass(frozen=True)
class _Curve:
    """Evidence from the surest photo on: what the first 1, 2, ... n photos say."""

    confidence: Floats
    wrong: NDArray[np.bool_]
    weights: Floats
    accepted: Floats
    error: Floats
    worth: Floats

    @classmethod
    def of(cls, evidence: Evidence) -> "_Curve":
        ordered = evidence.where(np.argsort(-evidence.confidence, kind="stable"))
        accepted = np.cumsum(ordered.weights)
        error = np.cumsum(ordered.weights * ordered.wrong) / np.maximum(accepted, 1e-12)
        worth = effective_sizes(ordered.weights, ordered.clusters, ordered.correlations)
        return cls(ordered.confidence, ordered.wrong, ordered.weights, accepted, error, worth)

    def bound(self, risk: float) -> Floats:
        """[n] of the error, from above, wrong with that probability."""
        from scipy.stats import beta

        wrong = self.error * self.worth
        return np.asarray(beta.ppf(1 - risk, wrong + 1, np.maximum(self.worth - wrong, 1e-9)), dtype=np.float64)

    def ends(self, tested: Iterable[int]) -> NDArray[np.int64]:
        """The last photo of the same confidence as each of these."""
        return np.searchsorted(-self.confidence, -self.confidence[list(tested)], side="right") - 1

    def least(self, safe: NDArray[np.int64]) -> float:
        """The least confidence of these photos."""
        return float(self.confidence[safe].min(initial=NEVER_SURE))


def _fixed_sequence(risk: float) -> ThresholdRule:
    """From strict to lenient, two per cent of the photos a step, until the first that cannot be called safe."""

    def rule(evidence: Evidence, sure_precision: float, /) -> float:
        curve = _Curve.of(evidence)
        if not len(curve.wrong):
            return NEVER_SURE
        needed = 1.5 * np.log(risk) / np.log(sure_precision)
        first = min(int(np.searchsorted(np.maximum.accumulate(curve.worth), needed)), len(curve.worth) - 1)
        steps = np.arange(curve.accepted[first], curve.accepted[-1], _STEP * curve.accepted[-1])
        ends = curve.ends(np.searchsorted(curve.accepted, steps).tolist())
        safe = np.logical_and.accumulate(curve.bound(risk)[ends] <= 1 - sure_precision)
        return curve.least(ends[safe])

    return rule


def _grid(risk: float) -> ThresholdRule:
    """Ten thresholds, each tested at a tenth of the risk."""

    def rule(evidence: Evidence, sure_precision: float, /) -> float:
        curve = _Curve.of(evidence)
        if not len(curve.wrong):
            return NEVER_SURE
        steps = np.linspace(1 / _GRID, 1, _GRID) * curve.accepted[-1]
        ends = curve.ends(np.searchsorted(curve.accepted, steps).clip(0, len(curve.wrong) - 1).tolist())
        return curve.least(ends[curve.bound(risk / _GRID)[ends] <= 1 - sure_precision])

    return rule


def _isotonic(evidence: Evidence, sure_precision: float, /) -> float:
    """Smooth the risk to one that only rises with less confidence, then as ours."""
    from sklearn.isotonic import isotonic_regression

    curve = _Curve.of(evidence)
    if not len(curve.wrong):
        return NEVER_SURE
    risk = isotonic_regression(curve.wrong.astype(np.float64), sample_weight=curve.weights)
    error = np.cumsum(curve.weights * risk) / curve.accepted
    safe = (error * curve.worth + 1) / (curve.worth + 1) <= 1 - sure_precision
    return curve.least(np.flatnonzero(safe & (np.diff(curve.confidence, append=-np.inf) < 0)))


RULES: Mapping[str, ThresholdRule] = {
    "fixed sequence, risk .5": _fixed_sequence(0.5),
    "fixed sequence, risk .1": _fixed_sequence(0.1),
    "Bonferroni grid, risk .5": _grid(0.5),
    "isotonic curve": _isotonic,
    "conformal selection (ours)": least_safe_threshold,
}

if __name__ == "__main__":
    sys.exit(main())
