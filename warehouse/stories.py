"""The story of one subject: a SKU over time and beside its rivals, one photo, one release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.vocabulary import LabelOrigin, Tier, Verdict
from warehouse.ledger import DecisionRow, SubjectKind, decisions_for
from warehouse.session import Session

_SHORTEST = 6  # digits of a SHA-256 that may stand for all of it


@dataclass(frozen=True, slots=True)
class CountRow:
    """What one audit counted of a class: a row only where something changed."""

    run_id: str
    at: datetime
    tier: Tier
    reason: str
    samples: int
    images: int


@dataclass(frozen=True, slots=True)
class ShownPhoto:
    """One photo that somebody or some release says shows a class, the labelled and usable ones first."""

    sha256: str
    path: str
    reason: str | None
    said_by: str | None
    part: str | None


@dataclass(frozen=True, slots=True)
class Rival:
    """A product that this one is mistaken for or that stands beside it when a release hesitates."""

    sku: str
    title: str | None
    mistaken: int
    beside: int


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known of one photo; what was never measured is None."""

    sha256: str
    path: str
    format: str
    first_seen_run: str
    width: int | None
    height: int | None
    sharpness: float | None
    brightness: float | None
    contrast: float | None
    reason: str | None
    group_id: str | None
    part: str | None


@dataclass(frozen=True, slots=True)
class OriginFact:
    """Where a photo was found."""

    source: str
    origin: str
    sku: str | None
    kind: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody said of a photo, and whether it stands."""

    at: datetime
    origin: LabelOrigin
    actor: str
    kind: str
    sku: str | None
    stands: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a release took a photo for."""

    at: datetime
    release_id: str
    night_id: str
    verdict: Verdict
    sku: str | None
    confidence: float
    similarity: float


@dataclass(frozen=True, slots=True)
class ImageStory:
    """Everything the warehouse can say of one photo."""

    facts: ImageFacts
    origins: tuple[OriginFact, ...]
    statements: tuple[Statement, ...]
    judgements: tuple[Judgement, ...]
    questions: tuple[tuple[str, str, str, str], ...]
    twins: tuple[ShownPhoto, ...]
    decisions: tuple[DecisionRow, ...]


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """One candidate and what became of it."""

    seq: int
    release_id: str
    created_at: datetime
    status: str
    reason: str
    published_method: str
    incumbent: str | None
    encoder: str
    fingerprint: str
    classes_trained: int
    classes_gallery: int
    classes_quarantined: int
    samples: int


@dataclass(frozen=True, slots=True)
class CheckFact:
    """One check of the gate."""

    about: str
    passed: bool
    found: str


@dataclass(frozen=True, slots=True)
class MistakeFact:
    """Photos of one product that a release took for another."""

    seen_on: str
    sku: str
    taken_for: str
    photos: int
    superclass: str | None
    taken_for_superclass: str | None


@dataclass(frozen=True, slots=True)
class ReleaseStory:
    """Everything the warehouse can say of one release."""

    facts: ReleaseFacts
    checks: tuple[CheckFact, ...]
    metrics: tuple[tuple[str, str, float], ...]
    mistakes: tuple[MistakeFact, ...]
    decisions: tuple[DecisionRow, ...]


def counts_over_time(db: Session, sku: str) -> list[CountRow]:
    """Return what each audit counted of a class, oldest first."""
    return db.rows(CountRow, "stories/counts", sku=sku)


def photos_of(db: Session, sku: str, most: int) -> list[ShownPhoto]:
    """Return photos of a class: those its labels rest on, those set aside, those that a release takes for it."""
    return db.rows(ShownPhoto, "stories/photos", sku=sku, most=most)


def rivals_of(db: Session, sku: str, most: int = 8) -> list[Rival]:
    """Return the products that are confused with one, in either direction, the worst first."""
    return db.rows(Rival, "stories/rivals", sku=sku, most=most)


def image_story(db: Session, start: str) -> ImageStory | None:
    """Return the story of the one photo whose SHA-256 begins with `start`; None for none, or for several."""
    if len(start) < _SHORTEST:
        return None
    found = db.rows(ImageFacts, "stories/image", start=start.lower())
    if len(found) != 1:
        return None
    (facts,) = found
    sha256 = facts.sha256
    return ImageStory(
        facts=facts,
        origins=tuple(db.rows(OriginFact, "stories/origins", sha256=sha256)),
        statements=tuple(db.rows(Statement, "stories/statements", sha256=sha256)),
        judgements=tuple(db.rows(Judgement, "stories/judgements", sha256=sha256)),
        questions=_four(db.tuples("stories/questions", sha256=sha256)),
        twins=tuple(db.rows(ShownPhoto, "stories/twins", sha256=sha256)),
        decisions=tuple(decisions_for(db, SubjectKind.IMAGE, sha256)),
    )


def release_story(db: Session, release_id: str) -> ReleaseStory | None:
    """Return the story of one release, or None if there is none of that id."""
    facts = db.first(ReleaseFacts, "stories/release", release_id=release_id)
    if facts is None:
        return None
    return ReleaseStory(
        facts=facts,
        checks=tuple(db.rows(CheckFact, "stories/checks", release_id=release_id)),
        metrics=tuple(
            (metric, method, value) for metric, method, value in db.tuples("stories/metrics", release_id=release_id)
        ),
        mistakes=tuple(db.rows(MistakeFact, "stories/mistakes", release_id=release_id)),
        decisions=tuple(decisions_for(db, SubjectKind.RELEASE, release_id)),
    )


def _four(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((key, kind, arm, status) for key, kind, arm, status in rows)
