"""Trained candidates, what they measured, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.vocabulary import ReleaseStatus
from warehouse.errors import WarehouseError
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One candidate; `incumbent` is the release it was compared with, `seq` its place in history (set on storing)."""

    release_id: str
    cycle_id: str
    encoder: str
    fingerprint: str
    status: ReleaseStatus
    reason: str
    published_method: str
    incumbent: str | None
    classes_trained: int
    classes_gallery: int
    classes_quarantined: int
    samples: int
    created_at: datetime
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A published release whose sure answers are right less often than it promised, as labels that came since show."""

    release_id: str
    promised: float
    realised: float
    checked: int


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One number about one method of a release."""

    metric: str
    method: str
    value: float


@dataclass(frozen=True, slots=True)
class SuperclassRow:
    """To which superclass a SKU belongs in a release.

    Attributes:
        superclass: its row in the heads of this release.
        name: for people.
        superclass_id: the same in every release; None in those made before ids were kept.
    """

    sku: str
    superclass: int
    name: str
    superclass_id: int | None = None


@dataclass(frozen=True, slots=True)
class SuperclassMetricRow:
    """Holdout photos of one superclass of a release: how many, answered correctly, sure, and both."""

    superclass: int
    photos: int
    correct: int
    sure: int
    sure_correct: int


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """How many holdout photos of `sku` a release took for another product."""

    sku: str
    taken_for: str
    photos: int


def add_release(
    db: Session, release: ReleaseRow, metrics: Sequence[MetricRow], superclasses: Sequence[SuperclassRow]
) -> bool:
    """Store a release with its numbers and superclasses; return False (and change nothing) if it was there already."""
    if not db.run_over("releases/add", [release]):
        return False
    db.run_over("releases/add_metrics", metrics, release_id=release.release_id)
    db.run_over("releases/add_superclasses", superclasses, release_id=release.release_id)
    return True


def release_history(db: Session) -> list[ReleaseRow]:
    """Return every release, oldest first."""
    return db.rows(ReleaseRow, "releases/history")


def current_release(db: Session) -> ReleaseRow | None:
    """Return the newest release that is published and not rolled back, or None."""
    return db.first(ReleaseRow, "releases/current")


def broken_promises(db: Session) -> list[BrokenPromise]:
    """Return the published releases that do not keep their promise, oldest first."""
    return db.rows(BrokenPromise, "releases/broken_promises")


def metrics(db: Session, release_id: str) -> list[MetricRow]:
    """Return the numbers of a release, by metric and method."""
    return db.rows(MetricRow, "releases/metrics", release_id=release_id)


def superclasses(db: Session, release_id: str) -> list[SuperclassRow]:
    """Return the superclass of each SKU of a release, by SKU."""
    return db.rows(SuperclassRow, "releases/superclasses", release_id=release_id)


def superclass_ids(db: Session, release_id: str) -> dict[str, int]:
    """Return SKU -> superclass id of a release; empty where it was made before ids were kept."""
    rows = superclasses(db, release_id)
    return {row.sku: row.superclass_id for row in rows if row.superclass_id is not None}


def next_superclass_id(db: Session) -> int:
    """Return the lowest superclass id above all that any release ever gave."""
    [(number,)] = db.tuples("releases/next_superclass_id")
    return int(number)


def add_superclass_metrics(db: Session, release_id: str, rows: Sequence[SuperclassMetricRow]) -> None:
    """Store what a release is worth on each of its superclasses."""
    db.run_over("releases/add_superclass_metrics", rows, release_id=release_id)


def add_confusions(db: Session, release_id: str, rows: Sequence[ConfusionRow]) -> None:
    """Store the commonest mistakes of a release on its holdout."""
    db.run_over("releases/add_confusions", rows, release_id=release_id)


def confusions(db: Session, release_id: str) -> list[ConfusionRow]:
    """Return the commonest mistakes of a release on its holdout, the commonest first."""
    return db.rows(ConfusionRow, "releases/confusions", release_id=release_id)


def superclass_metrics(db: Session, release_id: str) -> list[SuperclassMetricRow]:
    """Return what a release is worth on each of its superclasses that has holdout photos."""
    return db.rows(SuperclassMetricRow, "releases/superclass_metrics", release_id=release_id)


def set_release_status(db: Session, release_id: str, status: ReleaseStatus, reason: str) -> None:
    """Record what became of a release.

    Raises:
        WarehouseError: There is no such release.
    """
    if not db.run("releases/set_status", release_id=release_id, status=status, reason=reason):
        raise WarehouseError(f"there is no release {release_id!r}; `release_history` lists those there are")
