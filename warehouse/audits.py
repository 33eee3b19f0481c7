"""What the audit decided: the part of each image, the tier of each class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.audit.tiers import ClassCount
from recognition.vocabulary import Part, Tier, TierReason
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class ClassAuditRow:
    """What one audit found and decided of one class; `samples` counts near-duplicate groups, `images` files."""

    sku: str
    samples: int
    images: int
    conflicts: int
    unusable: int
    tier: Tier
    reason: TierReason
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class PhotoToSplit:
    """A labelled photo, its near-duplicate group with the SKU that the group goes under, and its side so far."""

    sha256: str
    group_id: str
    sku: str
    part: Part | None


def class_counts(db: Session) -> dict[str, ClassCount]:
    """Return what each class has, by SKU: `recognition.audit.tiers.count_classes` over every statement that stands.

    What people disagree about counts as `warehouse.labels.store_settled` has it.
    """
    return {row[0]: ClassCount(*row) for row in db.tuples("audits/count_classes")}


def parts(db: Session) -> dict[str, Part]:
    """Return sha256 -> side of the split."""
    return {sha256: Part(part) for sha256, part in db.tuples("audits/parts")}


def photos_to_split(db: Session) -> list[PhotoToSplit]:
    """Return the photos of all classes in which some group is not on one side of the split as a whole."""
    return db.rows(PhotoToSplit, "audits/photos_to_split")


def store_parts(db: Session, parts_by_image: Mapping[str, Part]) -> int:
    """Store sides of the split; return how many images are new or moved."""
    return db.run_over_pairs("audits/store_parts", dict(parts_by_image))


def current_tiers(db: Session) -> dict[str, Tier]:
    """Return SKU -> tier by the latest audit that said anything of it."""
    return {sku: Tier(tier) for sku, tier in db.tuples("audits/current_tiers")}


def append_class_audits(db: Session, run_id: str, rows: Sequence[ClassAuditRow]) -> int:
    """Append the findings that differ from the last ones of their class; return how many."""
    return db.run_over("audits/append", rows, run_id=run_id)


def class_rows(db: Session) -> list[ClassAuditRow]:
    """Return the latest finding of each class, by SKU."""
    return db.rows(ClassAuditRow, "audits/latest")
