"""Write a judged candidate into history: the release, its figures, its superclasses, the decision and its checks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime

from recognition.heads.scoring import Heads
from recognition.heads.superclass_ids import match_superclasses
from recognition.release.candidate import Candidate
from recognition.release.changed import ChangedRelease
from recognition.release.gate import GateVerdict
from recognition.release.report import Report
from recognition.vocabulary import GateReason, ReleaseStatus, Tier
from tasks.ledger import decision
from tasks.loop import Loop
from warehouse.audits import class_rows
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.releases import (
    ConfusionRow,
    MetricRow,
    ReleaseRow,
    SuperclassMetricRow,
    SuperclassRow,
    add_confusions,
    add_release,
    add_superclass_metrics,
    confusions,
    metrics,
    next_superclass_id,
    superclass_ids,
    superclass_metrics,
    superclasses,
)
from warehouse.session import Session

_THIS = "this release"


def record_release(
    loop: Loop,
    release_id: str,
    candidate: Candidate,
    verdict: GateVerdict,
    before: ReleaseRow | None,
    names: Mapping[int, str],
) -> None:
    """Store what became of the candidate; a release that is in history already is left as it is."""
    heads, tiers = candidate.trained.heads, Counter(candidate.trained.heads.tiers)
    with loop.parts.warehouse.write() as db:
        quarantined = sum(row.tier is Tier.QUARANTINED for row in class_rows(db))
        row = ReleaseRow(
            release_id=release_id,
            cycle_id=loop.label,
            encoder=loop.parts.encoder.name,
            fingerprint=candidate.fingerprint,
            status=ReleaseStatus.PUBLISHED if verdict.publish else ReleaseStatus.REFUSED,
            reason=verdict.reason,
            published_method=candidate.trained.chosen.method,
            incumbent=before.release_id if before else None,
            classes_trained=tiers[Tier.TRAINED],
            classes_gallery=tiers[Tier.GALLERY],
            classes_quarantined=quarantined,
            samples=candidate.training_photos,
            created_at=datetime.now(UTC),
        )
        groups = _superclasses(db, heads, before, names)
        if add_release(db, row, _metrics(candidate), groups):
            add_superclass_metrics(db, release_id, _superclass_metrics(candidate.report))
            add_confusions(db, release_id, _confusions(candidate.report))
        record_decisions(
            db,
            [
                decision(
                    loop.run_id,
                    SubjectKind.RELEASE,
                    release_id,
                    "publish" if verdict.publish else "refuse",
                    verdict.reason,
                    checks=[asdict(check) for check in verdict.checks],
                )
            ],
        )


def _metrics(candidate: Candidate) -> list[MetricRow]:
    rows = [MetricRow("top1", name, accuracy) for name, accuracy in candidate.baselines.items()]
    if candidate.report is not None:
        rows += [MetricRow(name, _THIS, value) for name, value in candidate.report.figures().items()]
    rows += [
        MetricRow("unseen_auroc", _THIS, candidate.thresholds.unseen_auroc),
        MetricRow("unseen_fpr", _THIS, candidate.thresholds.unseen_fpr),
        MetricRow("promised_precision", _THIS, candidate.thresholds.promised_precision),
        MetricRow("expected_coverage", _THIS, candidate.thresholds.expected_coverage),
    ]
    return rows


def _superclass_metrics(report: Report | None) -> list[SuperclassMetricRow]:
    figures = report.superclasses if report else ()
    return [SuperclassMetricRow(of.superclass, of.photos, of.right, of.sure, of.sure_right) for of in figures]


def _confusions(report: Report | None) -> list[ConfusionRow]:
    found = report.confused if report else ()
    return [ConfusionRow(of.sku, of.taken_for, of.photos) for of in found]


def _superclasses(
    db: Session, heads: Heads, before: ReleaseRow | None, names: Mapping[int, str]
) -> list[SuperclassRow]:
    """The superclass of each SKU, under the id of the superclass before that it shares most classes with."""
    known = superclass_ids(db, before.release_id) if before else {}
    matched = match_superclasses(known, heads.classes, heads.superclass_of, next_superclass_id(db))
    rows = zip(heads.classes, heads.superclass_of.tolist(), strict=True)
    return [SuperclassRow(sku, row, names[row], matched.ids[row]) for sku, row in rows]


def record_refresh(loop: Loop, release_id: str, current: ReleaseRow) -> None:
    """Store a release that has the heads of the current one and newer products: its figures are theirs."""
    with loop.parts.warehouse.write() as db:
        row = replace(
            current,
            release_id=release_id,
            cycle_id=loop.label,
            reason=GateReason.PRODUCTS_REFRESHED,
            incumbent=current.release_id,
            created_at=datetime.now(UTC),
            seq=None,
        )
        if add_release(db, row, metrics(db, current.release_id), superclasses(db, current.release_id)):
            add_superclass_metrics(db, release_id, superclass_metrics(db, current.release_id))
            add_confusions(db, release_id, confusions(db, current.release_id))
        why = decision(loop.run_id, SubjectKind.RELEASE, release_id, "publish", row.reason, heads_of=current.release_id)
        record_decisions(db, [why])


def record_change(
    loop: Loop, release_id: str, changed: ChangedRelease, verdict: GateVerdict, current: ReleaseRow
) -> None:
    """Store what became of a release for a catalogue that changed, and tell each product that came or went of it."""
    base, change, tiers = changed.base.manifest.release_id, changed.change, Counter(changed.heads.tiers)
    figures = changed.report.figures() if changed.report else {}
    status = ReleaseStatus.PUBLISHED if verdict.publish else ReleaseStatus.REFUSED
    with loop.parts.warehouse.write() as db:
        row = replace(
            current,
            release_id=release_id,
            cycle_id=loop.label,
            status=status,
            reason=verdict.reason,
            incumbent=current.release_id,
            classes_trained=tiers[Tier.TRAINED],
            classes_gallery=tiers[Tier.GALLERY],
            created_at=datetime.now(UTC),
            seq=None,
        )
        numbers = [MetricRow(name, _THIS, value) for name, value in figures.items()]
        if add_release(db, row, numbers, _changed_superclasses(db, changed)):
            add_superclass_metrics(db, release_id, _superclass_metrics(changed.report))
            add_confusions(db, release_id, _confusions(changed.report))
        action = "publish" if verdict.publish else "refuse"
        why = decision(
            *(loop.run_id, SubjectKind.RELEASE, release_id, action, verdict.reason),
            heads_of=base,
            came=len(change.skus),
            went=len(change.gone),
            checks=[asdict(check) for check in verdict.checks],
        )
        told = [
            decision(loop.run_id, SubjectKind.SKU, sku, f"{what} in {release_id}", verdict.reason, heads_of=base)
            for what, skus in (("serve", change.skus), ("leave out", change.gone))
            for sku in skus
            if verdict.publish
        ]
        record_decisions(db, [why, *told])


def _changed_superclasses(db: Session, changed: ChangedRelease) -> list[SuperclassRow]:
    """The superclass of each SKU, under the names and ids that the trained release gave them."""
    trained = superclasses(db, changed.base.manifest.release_id)
    ids = {row.superclass: row.superclass_id for row in trained}
    names = changed.base.superclass_names
    rows = zip(changed.heads.classes, changed.heads.superclass_of.tolist(), strict=True)
    return [SuperclassRow(sku, row, names.get(row, ""), ids.get(row)) for sku, row in rows]
