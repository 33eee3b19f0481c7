"""Audit: measure what is new, group near duplicates, decide every class's tier and every photo's side of the split."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.audit.split import assign_parts
from recognition.audit.tiers import TierPolicy, decide_tier
from recognition.errors import UnreadablePictureError
from recognition.pictures.apart import Measured, PictureReaders, readers_for
from recognition.pictures.quality import judge_picture
from recognition.vocabulary import PictureReason, Tier
from tasks.duplicates import drop_placeholders, group_duplicates
from tasks.labels import settle_disputes
from tasks.ledger import decision
from tasks.loop import Loop, stage
from tasks.progress import report_progress
from tasks.withdrawal import withdrawn_products
from warehouse.audits import (
    ClassAuditRow,
    append_class_audits,
    class_counts,
    current_tiers,
    photos_to_split,
    store_parts,
)
from warehouse.images import (
    ImageRef,
    MeasuredRow,
    store_measurements,
    unmeasured_images,
)
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.session import Session

_SHARD = 256


@dataclass(frozen=True)
class AuditReport:
    """What the audit found."""

    measured: int
    refused: int
    trained: int
    gallery: int
    quarantined: int
    tier_changes: int
    missing: int = 0

    @property
    def problem(self) -> str | None:
        """What the night should say of it."""
        return f"{self.missing} stored photos are missing: is the image store in its place?" if self.missing else None


@task(name="audit", cache_policy=NO_CACHE)
def audit_catalogue(loop: Loop) -> AuditReport:
    """Judge new photos, then every class."""
    with stage(loop, "audit") as done:
        measured, refused, missing = _measure_new(loop)
        with loop.parts.warehouse.write() as db:
            group_duplicates(db)
            drop_placeholders(loop, db)
            settle_disputes(db)
            tiers, changes = _decide_tiers(db, loop)
            split_photos(db)
        counts = Counter(tiers.values())
        report = AuditReport(
            measured=measured,
            refused=refused,
            trained=counts[Tier.TRAINED],
            gallery=counts[Tier.GALLERY],
            quarantined=counts[Tier.QUARANTINED],
            tier_changes=changes,
            missing=missing,
        )
        done.summary = (
            f"{measured} photos measured, {refused} refused; {report.trained} trained, {report.gallery} gallery, "
            f"{report.quarantined} quarantined"
        )
    return report


def _measure_new(loop: Loop) -> tuple[int, int, int]:
    """How many were measured, refused and missing; shard by shard, so that a killed audit goes on where it was."""
    with loop.parts.warehouse.read() as db:
        waiting = unmeasured_images(db)
    refused = missing = 0
    images = loop.parts.paths.images
    with PictureReaders(readers_for(len(waiting))) as readers:
        for at in range(0, len(waiting), _SHARD):
            shard = waiting[at : at + _SHARD]
            measured = readers.measure([images / image.path for image in shard])
            found = [_row(image, seen) for image, seen in zip(shard, measured, strict=True)]
            # A file that is missing is perhaps back tomorrow: it is not judged.
            rows = [row for row in found if row.reason is not PictureReason.MISSING]
            missing += len(found) - len(rows)
            refused += _store(loop, rows)
            report_progress("audit", at + len(found), len(waiting))
    return len(waiting) - missing, refused, missing


def _store(loop: Loop, rows: Sequence[MeasuredRow]) -> int:
    """Store what was measured, with a decision on each photo that is of no use; how many those are."""
    bad = [row for row in rows if row.reason is not PictureReason.OK]
    with loop.parts.warehouse.write() as db:
        store_measurements(db, rows)
        record_decisions(
            db,
            [
                decision(
                    loop.run_id,
                    SubjectKind.IMAGE,
                    row.sha256,
                    "drop",
                    row.reason,
                    key="measure",
                    found=_measured(row),
                )
                for row in bad
            ],
        )
    return len(bad)


def _measured(row: MeasuredRow) -> dict[str, object]:
    """The measurements behind a decision."""
    return {"width": row.width, "height": row.height, "sharpness": row.sharpness, "contrast": row.contrast}


def _row(image: ImageRef, found: Measured) -> MeasuredRow:
    if isinstance(found, UnreadablePictureError):
        return MeasuredRow(image.sha256, None, None, None, None, None, None, found.reason)
    return MeasuredRow(
        sha256=image.sha256,
        width=found.width,
        height=found.height,
        sharpness=found.sharpness,
        brightness=found.brightness,
        contrast=found.contrast,
        phash=found.phash,
        reason=judge_picture(found),
    )


def _decide_tiers(db: Session, loop: Loop) -> tuple[dict[str, Tier], int]:
    limits = loop.parts.settings.audit
    policy = TierPolicy(limits.trained_minimum, limits.hysteresis, limits.max_conflict_share)
    before = current_tiers(db)
    counts = class_counts(db)
    withdrawn = withdrawn_products(db)
    decided = {
        sku: decide_tier(replace(count, withdrawn=sku in withdrawn), before.get(sku), policy)
        for sku, count in counts.items()
    }
    now = datetime.now(UTC)
    append_class_audits(
        db,
        loop.run_id,
        [
            ClassAuditRow(
                sku, count.samples, count.images, count.conflicts, count.unusable, found.tier, found.reason, now
            )
            for (sku, count), found in zip(counts.items(), decided.values(), strict=True)
        ],
    )
    changed = [found for sku, found in decided.items() if before.get(sku) is not found.tier]
    record_decisions(
        db,
        [
            decision(
                loop.run_id,
                SubjectKind.SKU,
                found.sku,
                f"tier {found.tier}",
                found.reason,
                before=before.get(found.sku),
                samples=found.samples,
                trained_minimum=policy.trained_minimum,
            )
            for found in changed
        ],
    )
    return {sku: found.tier for sku, found in decided.items()}, len(changed)


def split_photos(db: Session) -> None:
    """Put new photos on a side: only their classes are looked at, a settled one stays as it is."""
    photos = photos_to_split(db)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for photo in photos:
        members[photo.group_id].append(photo.sha256)
    groups = {photo.group_id: photo.sku for photo in photos}
    existing = {photo.sha256: photo.part for photo in photos if photo.part is not None}
    store_parts(db, assign_parts(groups, members, existing))
