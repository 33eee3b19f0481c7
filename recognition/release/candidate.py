"""A candidate release: trained on one side of the split, measured on the other beside flat baselines and incumbent."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.encoders.protocol import Block
from recognition.heads.baselines import baseline_predictions
from recognition.heads.samples import Samples, Vectors
from recognition.heads.training import TrainedHeads, TrainingPolicy, train_heads
from recognition.index.building import index_for
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index
from recognition.index.recall import Recall, recall_queries
from recognition.release.comparison import PairedComparison, compare
from recognition.release.evaluation import Evaluation
from recognition.release.gate import GateEvidence
from recognition.release.recogniser import Recogniser
from recognition.release.report import Report, report_on
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.triage.thresholds import Thresholds
from recognition.triage.verdict import Recognition
from recognition.vocabulary import Part, Tier

RECALL_QUERIES = 2000  # a miss among them is half of what the gate allows


@dataclass(frozen=True)
class LabelledPhotos:
    """Labelled photos of one encoder, row by row.

    Attributes:
        sha256s: n content keys.
        vectors: [n, d] float32, L2-normalised.
        skus: n labels.
        groups: n near-duplicate groups.
        parts: n sides of the sticky split.
        layout: what the columns are, see `Encoder.layout`; empty means one block.
        views: n times whether it is a composited view of a photo, under a key of its own; empty for none at all.
        catalogue: n times whether it is the shop's own photo, or a view of one; empty for none at all.
    """

    sha256s: tuple[str, ...]
    vectors: Vectors
    skus: tuple[str, ...]
    groups: tuple[str, ...]
    parts: tuple[Part, ...]
    layout: tuple[Block, ...] = ()
    views: tuple[bool, ...] = ()
    catalogue: tuple[bool, ...] = ()

    def digest(self) -> str:
        """Hex digest of which photo is taught as what: the same digest trains the same heads."""
        catalogue = ["catalogue" if of else "" for of in self.catalogue] or [""] * len(self.sha256s)
        rows = sorted(zip(self.sha256s, self.skus, self.groups, self.parts, catalogue, strict=True))
        return hashlib.sha256("\n".join("|".join(row) for row in rows).encode()).hexdigest()

    def samples(self) -> Samples:
        """The same, by class row."""
        return Samples.from_labels(self.vectors, self.skus, self.groups, self.layout, self.views, self.catalogue)

    def where(self, part: Part) -> "LabelledPhotos":
        """The photos on one side of the split."""
        return self.take([row for row, of in enumerate(self.parts) if of is part])

    def take(self, rows: Sequence[int]) -> "LabelledPhotos":
        """The photos in those rows."""
        return LabelledPhotos(
            sha256s=tuple(self.sha256s[row] for row in rows),
            vectors=self.vectors[rows],
            skus=tuple(self.skus[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            parts=tuple(self.parts[row] for row in rows),
            layout=self.layout,
            views=tuple(self.views[row] for row in rows) if self.views else (),
            catalogue=tuple(self.catalogue[row] for row in rows) if self.catalogue else (),
        )


@dataclass(frozen=True)
class Candidate:
    """A trained candidate and what was measured of it.

    Attributes:
        fingerprint: of the encoder whose vectors it was trained on.
        report: on the holdout; None where the holdout is empty.
        baselines: top-1 accuracy of each flat baseline on the same holdout.
        training_photos: how many photos it was trained on.
        training_views: how many composited views of catalogue photos beside them.
    """

    trained: TrainedHeads
    thresholds: Thresholds
    fingerprint: str
    report: Report | None
    baselines: Mapping[str, float]
    training_photos: int
    training_views: int = 0

    @property
    def evaluation(self) -> Evaluation | None:
        """Of all photos of the holdout; None where it is empty."""
        return self.report.overall if self.report else None

    @property
    def recogniser(self) -> Recogniser:
        """The candidate, ready to answer."""
        return Recogniser.of_heads(self.trained.heads, self.thresholds, self.fingerprint)


@dataclass(frozen=True)
class Incumbent:
    """The current release, and what it says of the holdout.

    Attributes:
        recognitions: by sha256, of the holdout photos that its own encoder has seen.
        index: what it searches.
    """

    classes: tuple[str, ...]
    recognitions: Mapping[str, Recognition]
    index: Index | None = None


def train_candidate(
    photos: LabelledPhotos,
    tiers: Mapping[str, Tier],
    fingerprint: str,
    training: TrainingPolicy | None = None,
    calibration: CalibrationPolicy | None = None,
    superclasses_before: Mapping[str, int] | None = None,
) -> Candidate:
    """Train on one side of the split and measure on the other.

    Args:
        photos: of both sides.
        tiers: of each class.
        fingerprint: of the encoder.
        training: what may be tried.
        calibration: what sure answers promise.
        superclasses_before: SKU -> superclass id of the release before.

    Raises:
        NotEnoughDataError: there is nothing to tell apart.
    """
    samples, holdout = photos.where(Part.TRAIN).samples(), photos.where(Part.HOLDOUT)
    trained = train_heads(samples, tiers, training, superclasses_before)
    thresholds = calibrate(trained, calibration)
    recogniser = Recogniser.of_heads(trained.heads, thresholds, fingerprint)
    return Candidate(
        trained=trained,
        thresholds=thresholds,
        fingerprint=fingerprint,
        report=report_on(recogniser, holdout.vectors, holdout.skus, holdout.groups),
        baselines=_baseline_accuracies(samples, holdout),
        training_photos=int(samples.photos.sum()),
        training_views=int((~samples.photos).sum()),
    )


def gate_evidence(
    candidate: Candidate, photos: LabelledPhotos, incumbent: Incumbent | None, product_of: Mapping[str, str]
) -> GateEvidence:
    """What the gate needs to know, every figure measured on the holdout.

    Args:
        candidate: the candidate.
        photos: of both sides.
        incumbent: the current release, if there is one.
        product_of: SKU -> the product that it was merged into: a merged class is kept where its product is served.
    """
    evaluation, holdout = candidate.evaluation, photos.where(Part.HOLDOUT)
    classes = set(candidate.trained.heads.classes)
    shared = on_shared_classes(candidate.recogniser, holdout, incumbent)
    return GateEvidence(
        photos=len(holdout.skus),
        candidate_top1=evaluation.top1 if evaluation else None,
        baseline_top1=max(candidate.baselines.values(), default=None),
        shared_candidate_top1=shared.candidate_top1 if shared else None,
        incumbent_top1=shared.incumbent_top1 if shared else None,
        paired=shared.paired if shared else None,
        candidate_classes=len(classes),
        incumbent_classes=len(incumbent.classes) if incumbent else None,
        kept_classes=sum(product_of.get(sku, sku) in classes for sku in incumbent.classes) if incumbent else None,
        sure_photos=round(evaluation.coverage * evaluation.photos) if evaluation else 0,
        sure_precision=evaluation.sure_precision if evaluation else None,
        promised_precision=candidate.thresholds.promised_precision,
    )


def index_candidate(candidate: Candidate, photos: LabelledPhotos, incumbent: Incumbent | None) -> tuple[Index, Recall]:
    """The candidate's index, and what it finds: asked with the holdout, with moved prototypes where that is small.

    Where the metric is the encoder's own, most prototypes stay from one release to the next, and so do their codes.
    """
    heads = candidate.trained.heads
    asked = heads.metric.apply(photos.where(Part.HOLDOUT).vectors[:RECALL_QUERIES])
    queries = recall_queries(asked, heads.prototypes, RECALL_QUERIES)
    before = incumbent.index if incumbent else None
    return index_for(Embeddings.of_prototypes(heads.prototypes), queries, before)


def _baseline_accuracies(samples: Samples, holdout: LabelledPhotos) -> dict[str, float]:
    if not holdout.skus:
        return {}
    row_of = {sku: row for row, sku in enumerate(samples.classes)}
    targets = np.array([row_of.get(sku, -1) for sku in holdout.skus])
    predictions = baseline_predictions(samples, holdout.vectors)
    return {name: float((rows == targets).mean()) for name, rows in predictions.items()}


@dataclass(frozen=True)
class Shared:
    """Candidate and incumbent on the same photos."""

    candidate_top1: float
    incumbent_top1: float
    paired: PairedComparison


def on_shared_classes(candidate: Recogniser, holdout: LabelledPhotos, incumbent: Incumbent | None) -> Shared | None:
    """Both asked about the same photos: of classes that both know, seen by both encoders; None where there are none.

    The paired comparison asks for the best class that both know, because more classes are harder for anyone.
    """
    if incumbent is None:
        return None
    classes = set(incumbent.classes) & set(candidate.heads.classes)
    asked = incumbent.recognitions
    photos = enumerate(zip(holdout.sha256s, holdout.skus, strict=True))
    rows = [row for row, (sha256, sku) in photos if sku in classes and sha256 in asked]
    if not rows:
        return None
    skus = [holdout.skus[row] for row in rows]
    ours = candidate.recognise(holdout.vectors[rows], candidate.fingerprint)
    theirs = [asked[holdout.sha256s[row]] for row in rows]
    return Shared(
        candidate_top1=float(_right(ours, skus).mean()),
        incumbent_top1=float(_right(theirs, skus).mean()),
        paired=compare(_right(ours, skus, classes), _right(theirs, skus, classes)),
    )


def _right(
    found: Sequence[Recognition], skus: Sequence[str], among: Collection[str] | None = None
) -> NDArray[np.bool_]:
    """[n] whether the best candidate, of those among the classes if any are named, is the true SKU."""
    best = (
        next((candidate.sku for candidate in one.candidates if among is None or candidate.sku in among), None)
        for one in found
    )
    return np.array([sku == true for sku, true in zip(best, skus, strict=True)], dtype=np.bool_)
