"""The headline: releases that never saw a test photo, beside flat baselines on the same vectors and training photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.grocery_photos import GroceryPhoto
from benchmarks.grocery_taught import Taught
from recognition.heads.baselines import NEAREST_PROTOTYPE, baseline_predictions
from recognition.heads.samples import Samples, Vectors
from recognition.release.bundle import open_bundle
from recognition.release.evaluation import Evaluation, evaluate
from recognition.release.recogniser import Recogniser
from recognition.triage.verdict import Recognition
from tasks.wiring import Parts

_RESAMPLES = 10_000
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One method on the official test split; a photo that the audit refused counts as wrong for every method."""

    method: str
    right: int
    photos: int
    share: float


@dataclass(frozen=True, slots=True)
class ReleaseAccuracy:
    """A release that never saw a test photo, and the baselines that learned from the same photos.

    Attributes:
        method: what was published.
        training_photos: labelled photos that it was trained on; its holdout is not among them.
        not_recognised: test photos that the audit refused, so that nothing recognised them.
        accuracies: the release first.
        lead: its accuracy less that of the nearest prototype.
        lead_low: lower end of the 95 % interval of the lead (paired bootstrap over the test photos).
        lead_high: upper end of it.
        coverage: share of the recognised photos that it is sure of.
        sure_right: share of the sure answers that are right; None where it is never sure.
        promised: what it promises of sure answers.
    """

    release_id: str
    method: str
    training_photos: int
    not_recognised: int
    accuracies: tuple[Accuracy, ...]
    lead: float
    lead_low: float
    lead_high: float
    coverage: float
    sure_right: float | None
    promised: float


def measure_release(parts: Parts, taught: Taught, test: Sequence[GroceryPhoto], seed: int) -> ReleaseAccuracy:
    """Measure a release on the test photos, whose vectors the nights have stored by now.

    Raises:
        ValueError: a training photo is among the test photos, or no test photo was recognised.
    """
    if set(taught.sha256s) & {photo.sha256 for photo in test}:
        raise ValueError(f"{taught.release_id} was trained on test photos: it must not be measured on them")
    sku_of = {photo.sha256: photo.sku for photo in test}
    sha256s, vectors = parts.vectors.load(parts.fingerprint, [photo.sha256 for photo in test])
    skus = [sku_of[sha256] for sha256 in sha256s]
    bundle = open_bundle(parts.paths.releases / taught.release_id)
    recognitions = Recogniser.of_bundle(bundle).recognise(vectors, parts.fingerprint)
    evaluation = _evaluated(recognitions, skus)
    hits = {"this release": np.array([found.candidates[0].sku for found in recognitions]) == np.array(skus)}
    hits |= _baseline_hits(taught.samples, vectors, skus)
    low, high = _lead_interval(hits["this release"], hits[NEAREST_PROTOTYPE], len(test), seed)
    accuracies = tuple(
        Accuracy(name, int(hit.sum()), len(test), float(hit.sum() / len(test))) for name, hit in hits.items()
    )
    share = {accuracy.method: accuracy.share for accuracy in accuracies}
    return ReleaseAccuracy(
        release_id=taught.release_id,
        method=bundle.manifest.method,
        training_photos=len(taught.sha256s),
        not_recognised=len(test) - len(sha256s),
        accuracies=accuracies,
        lead=share["this release"] - share[NEAREST_PROTOTYPE],
        lead_low=low,
        lead_high=high,
        coverage=evaluation.coverage,
        sure_right=evaluation.sure_precision,
        promised=bundle.manifest.thresholds.promised_precision,
    )


def _evaluated(recognitions: Sequence[Recognition], skus: Sequence[str]) -> Evaluation:
    evaluation = evaluate(recognitions, skus)
    if evaluation is None:
        raise ValueError("no test photo was recognised")
    return evaluation


def _baseline_hits(samples: Samples, vectors: Vectors, skus: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """For each flat baseline, [n] whether it names the true SKU."""
    classes = np.array(samples.classes)
    predictions = baseline_predictions(samples, vectors)
    return {name: classes[rows] == np.array(skus) for name, rows in predictions.items()}


def _lead_interval(ours: NDArray[np.bool_], theirs: NDArray[np.bool_], photos: int, seed: int) -> tuple[float, float]:
    """95 % interval of the difference in accuracy: only photos on which the two differ matter, so they are drawn."""
    rng = np.random.default_rng(seed)
    wins, losses = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    drawn = rng.multinomial(photos, [wins / photos, losses / photos, 1 - (wins + losses) / photos], _RESAMPLES)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / photos, _INTERVAL)
    return float(low), float(high)
