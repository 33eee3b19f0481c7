"""A candidate release: trained on one side of the split, measured on the other beside flat baselines and incumbent."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recognition.heads.baselines import baseline_predictions
from recognition.heads.samples import Samples, Vectors
from recognition.heads.training import TrainedHeads, TrainingPolicy, train_heads
from recognition.release.evaluation import Evaluation, evaluate
from recognition.release.gate import GateEvidence
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.triage.thresholds import Thresholds
from recognition.triage.verdict import Recognition
from recognition.vocabulary import Part, Tier


@dataclass(frozen=True)
class LabelledPhotos:
    """Labelled photos of one encoder, row by row.

    Attributes:
        sha256s: n content keys.
        vectors: [n, d] float32, L2-normalised.
        skus: n labels.
        groups: n near-duplicate groups.
        parts: n sides of the sticky split.
    """

    sha256s: tuple[str, ...]
    vectors: Vectors
    skus: tuple[str, ...]
    groups: tuple[str, ...]
    parts: tuple[Part, ...]

    def digest(self) -> str:
        """Hex digest of which photo is taught as what: the same digest trains the same heads."""
        rows = sorted(zip(self.sha256s, self.skus, self.groups, self.parts, strict=True))
        return hashlib.sha256("\n".join("|".join(row) for row in rows).encode()).hexdigest()

    def where(self, part: Part) -> "LabelledPhotos":
        """The photos on one side of the split."""
        rows = [row for row, of in enumerate(self.parts) if of is part]
        return LabelledPhotos(
            sha256s=tuple(self.sha256s[row] for row in rows),
            vectors=self.vectors[rows],
            skus=tuple(self.skus[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            parts=(part,) * len(rows),
        )


@dataclass(frozen=True)
class Candidate:
    """A trained candidate and what was measured of it.

    Attributes:
        fingerprint: of the encoder whose vectors it was trained on.
        evaluation: on the holdout; None where the holdout is empty.
        baselines: top-1 accuracy of each flat baseline on the same holdout.
        training_photos: how many photos it was trained on.
    """

    trained: TrainedHeads
    thresholds: Thresholds
    fingerprint: str
    evaluation: Evaluation | None
    baselines: Mapping[str, float]
    training_photos: int

    @property
    def recogniser(self) -> Recogniser:
        """The candidate, ready to answer."""
        return Recogniser.of_heads(self.trained.heads, self.thresholds, self.fingerprint)


@dataclass(frozen=True)
class Incumbent:
    """The current release, and what it says of the holdout.

    Attributes:
        recognitions: by sha256, of the holdout photos that its own encoder has seen.
    """

    classes: tuple[str, ...]
    recognitions: Mapping[str, Recognition]


def train_candidate(
    photos: LabelledPhotos,
    tiers: Mapping[str, Tier],
    fingerprint: str,
    training: TrainingPolicy | None = None,
    calibration: CalibrationPolicy | None = None,
) -> Candidate:
    """Train on one side of the split and measure on the other.

    Raises:
        NotEnoughDataError: there is nothing to tell apart.
    """
    taught, holdout = photos.where(Part.TRAIN), photos.where(Part.HOLDOUT)
    samples = Samples.from_labels(taught.vectors, taught.skus, taught.groups)
    trained = train_heads(samples, tiers, training)
    thresholds = calibrate(trained, calibration)
    recogniser = Recogniser.of_heads(trained.heads, thresholds, fingerprint)
    return Candidate(
        trained=trained,
        thresholds=thresholds,
        fingerprint=fingerprint,
        evaluation=evaluate(recogniser.recognise(holdout.vectors, fingerprint), holdout.skus),
        baselines=_baseline_accuracies(samples, holdout),
        training_photos=len(taught.sha256s),
    )


def gate_evidence(candidate: Candidate, photos: LabelledPhotos, incumbent: Incumbent | None) -> GateEvidence:
    """What the gate needs to know, every figure measured on the holdout."""
    evaluation, holdout = candidate.evaluation, photos.where(Part.HOLDOUT)
    classes = candidate.trained.heads.classes
    shared_ours, shared_theirs = _on_shared_classes(candidate, holdout, incumbent)
    return GateEvidence(
        photos=len(holdout.skus),
        candidate_top1=evaluation.top1 if evaluation else None,
        baseline_top1=max(candidate.baselines.values(), default=None),
        shared_candidate_top1=shared_ours,
        incumbent_top1=shared_theirs,
        candidate_classes=len(classes),
        incumbent_classes=len(incumbent.classes) if incumbent else None,
        kept_classes=len(set(incumbent.classes) & set(classes)) if incumbent else None,
        sure_photos=round(evaluation.coverage * evaluation.photos) if evaluation else 0,
        sure_precision=evaluation.sure_precision if evaluation else None,
        promised_precision=candidate.thresholds.promised_precision,
    )


def _baseline_accuracies(samples: Samples, holdout: LabelledPhotos) -> dict[str, float]:
    if not holdout.skus:
        return {}
    row_of = {sku: row for row, sku in enumerate(samples.classes)}
    targets = np.array([row_of.get(sku, -1) for sku in holdout.skus])
    predictions = baseline_predictions(samples, holdout.vectors)
    return {name: float((rows == targets).mean()) for name, rows in predictions.items()}


def _on_shared_classes(
    candidate: Candidate, holdout: LabelledPhotos, incumbent: Incumbent | None
) -> tuple[float | None, float | None]:
    """Top-1 of candidate and incumbent on the same photos: of classes that both know, seen by both encoders."""
    if incumbent is None:
        return None, None
    classes = set(incumbent.classes) & set(candidate.trained.heads.classes)
    asked = incumbent.recognitions
    photos = enumerate(zip(holdout.sha256s, holdout.skus, strict=True))
    rows = [row for row, (sha256, sku) in photos if sku in classes and sha256 in asked]
    skus = [holdout.skus[row] for row in rows]
    ours = evaluate(candidate.recogniser.recognise(holdout.vectors[rows], candidate.fingerprint), skus)
    theirs = evaluate([asked[holdout.sha256s[row]] for row in rows], skus)
    return (ours.top1 if ours else None), (theirs.top1 if theirs else None)
