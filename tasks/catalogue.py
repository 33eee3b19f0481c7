"""Serve the catalogue as it is now, without training: products that came are added to the release, those gone leave it.

A cycle trains anew and needs none of this. Between two cycles it makes a release of the heads that the last one
trained, with the rows of the products that came and without those of products that went, and the gate judges it like
any other. The same catalogue on the same heads is the same release: a second run finds it and changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.files import write_durably
from recognition.release.bundle import Bundle, ReleaseContent, write_bundle
from recognition.release.candidate import LabelledPhotos
from recognition.release.changed import (
    CatalogueChange,
    ChangedRelease,
    change_evidence,
    change_release,
    changed_card,
)
from recognition.release.gate import GatePolicy, GateVerdict, judge_candidate
from recognition.release.products import ProductCard
from recognition.vocabulary import GateReason, Part, ReleaseStatus
from tasks.loop import Loop, stage
from tasks.published import ask_incumbent, follow_history, open_whole
from tasks.references import reference_writer
from tasks.release_record import record_change
from tasks.teaching import (
    LabelledPhoto,
    changed_by,
    changed_release_id,
    encoded_photos,
    labelled_photos,
    product_cards,
    taught_by,
)
from tasks.wiring import Parts
from warehouse.matches import product_identity
from warehouse.products import titles
from warehouse.releases import ReleaseRow, current_release, release_history


@dataclass(frozen=True)
class CatalogueReport:
    """What became of the catalogue's changes.

    Attributes:
        release_id: the release that serves them, or that was refused; None where there is none to change.
        came: products that it serves and its heads were not taught.
        went: products that its heads were taught and it does not serve.
    """

    release_id: str | None
    explanation: str
    status: ReleaseStatus | None = None
    reason: str = ""
    came: int = 0
    went: int = 0
    unchanged: bool = True

    @property
    def problem(self) -> str | None:
        """What the night should say of it."""
        if self.unchanged or self.status is not ReleaseStatus.REFUSED:
            return None
        return (
            f"the catalogue as it is waits for the next cycle ({self.came} products came, {self.went} left): "
            f"{self.release_id} was refused, {self.explanation}"
        )


@task(name="catalogue", cache_policy=NO_CACHE)
def follow_catalogue(loop: Loop) -> CatalogueReport:
    """Publish what came to the catalogue and what left it since the heads were trained, if the release is not worse."""
    with stage(loop, "catalogue") as done:
        report = _follow(loop)
        done.summary = report.explanation
    return report


def _follow(loop: Loop) -> CatalogueReport:
    follow_history(loop.parts)
    with loop.parts.warehouse.read() as db:
        history, current = release_history(db), current_release(db)
    if current is None:
        return CatalogueReport(None, "no release yet: products wait for the first cycle")
    base = trained_base(loop.parts, history, current)
    if base is None:
        return CatalogueReport(current.release_id, "the release with the trained heads is damaged: a cycle mends that")
    if base.manifest.encoder.fingerprint != loop.parts.fingerprint:
        return CatalogueReport(current.release_id, "the encoder was changed: a cycle makes a release of the new one")
    labelled, tiers = labelled_photos(loop.parts)
    with loop.parts.warehouse.read() as db:
        product_of = product_identity(db)
    change = _change_since(loop.parts, base, labelled, gone_of(base.heads.classes, tiers, product_of))
    return _settled(change, history, current) or _publish(loop, base, change, labelled, history, current)


def gone_of(taught: Collection[str], served: Collection[str], product_of: Mapping[str, str]) -> tuple[str, ...]:
    """The taught classes that are to be answered no more, sorted.

    A class that became another name of a taught product stays until a cycle teaches that product its photos: it is
    the same thing on the shelf.

    Args:
        taught: SKUs of the heads.
        served: SKUs that would be served now: neither quarantined nor another name of one.
        product_of: SKU -> the product that it was merged into.
    """
    return tuple(sorted(sku for sku in taught if sku not in served and product_of.get(sku) not in taught))


def trained_base(loop_parts: Parts, history: Sequence[ReleaseRow], current: ReleaseRow) -> Bundle | None:
    """The newest published release that has the current one's heads just as they were trained; None if damaged."""
    taught = taught_by(current.release_id)
    rows = [
        row
        for row in history
        if taught_by(row.release_id) == taught
        and not changed_by(row.release_id)
        and row.status is ReleaseStatus.PUBLISHED
    ]
    opened = (open_whole(loop_parts, row) for row in reversed(rows))
    return next((bundle for bundle in opened if bundle is not None), None)


def _change_since(
    loop_parts: Parts, base: Bundle, labelled: Sequence[LabelledPhoto], gone: tuple[str, ...]
) -> CatalogueChange:
    """What came, and has an encoded photo to learn from; and what went: no class is gone because its vectors are."""
    taught = set(base.heads.classes)
    photos = encoded_photos(loop_parts, [photo for photo in labelled if photo.sku not in taught])
    teaches = {sku for sku, part in zip(photos.skus, photos.parts, strict=True) if part is Part.TRAIN}
    return CatalogueChange(photos.take([row for row, sku in enumerate(photos.skus) if sku in teaches]), gone)


def _settled(change: CatalogueChange, history: Sequence[ReleaseRow], current: ReleaseRow) -> CatalogueReport | None:
    """The report where nothing is to be done; None where there is."""
    digest, taught = change.digest(), taught_by(current.release_id)
    if digest == changed_by(current.release_id):
        return _report(current, change, "the release serves the catalogue as it is")
    same = [row for row in history if (taught_by(row.release_id), changed_by(row.release_id)) == (taught, digest)]
    if digest and any(row.status is ReleaseStatus.ROLLED_BACK for row in same):
        return _report(current, change, "the release of these changes was rolled back: they wait for the next cycle")
    if any(row.status is ReleaseStatus.REFUSED and row.incumbent == current.release_id for row in same):
        return _report(current, change, "the release of these changes was refused: they wait for the next cycle")
    return None


def _report(row: ReleaseRow, change: CatalogueChange, explanation: str) -> CatalogueReport:
    return CatalogueReport(row.release_id, explanation, row.status, row.reason, len(change.skus), len(change.gone))


def _publish(
    loop: Loop,
    base: Bundle,
    change: CatalogueChange,
    labelled: Sequence[LabelledPhoto],
    history: Sequence[ReleaseRow],
    current: ReleaseRow,
) -> CatalogueReport:
    """Make the release, ask the gate, and publish or refuse it."""
    parts = loop.parts
    holdout = encoded_photos(parts, [photo for photo in labelled if photo.part is Part.HOLDOUT])
    changed = change_release(base, change, holdout)
    products = product_cards(parts)
    release_id = changed_release_id(len(history) + 1, taught_by(current.release_id), products, change.digest())
    verdict = _judged(parts, changed, holdout, current)
    with parts.warehouse.read() as db:
        card = changed_card(release_id, changed, verdict, titles(db))
    write_durably(loop.reports / f"{release_id}.md", card.encode())
    if verdict.publish:
        write_bundle(parts.paths.releases, _content(parts, changed, release_id, current, products, card))
    record_change(loop, release_id, changed, verdict, current)
    follow_history(parts)
    found = f"{len(change.skus)} came to the catalogue, {len(change.gone)} left it"
    return CatalogueReport(
        release_id=release_id,
        explanation=f"{release_id}: {found}" if verdict.publish else verdict.explanation,
        status=ReleaseStatus.PUBLISHED if verdict.publish else ReleaseStatus.REFUSED,
        reason=verdict.reason,
        came=len(change.skus),
        went=len(change.gone),
        unchanged=False,
    )


def _judged(parts: Parts, changed: ChangedRelease, holdout: LabelledPhotos, current: ReleaseRow) -> GateVerdict:
    incumbent = ask_incumbent(parts, current, holdout)
    with parts.warehouse.read() as db:
        product_of = product_identity(db)
    evidence = change_evidence(changed, holdout, incumbent, product_of)
    verdict = judge_candidate(evidence, GatePolicy(**parts.settings.gate.model_dump()))
    return replace(verdict, reason=GateReason.CATALOGUE_CHANGED) if verdict.publish else verdict


def _content(
    parts: Parts,
    changed: ChangedRelease,
    release_id: str,
    current: ReleaseRow,
    products: Sequence[ProductCard],
    card: str,
) -> ReleaseContent:
    content = ReleaseContent.after(changed.base, release_id, current.release_id, products, card)
    return replace(
        content,
        heads=changed.heads,
        index=changed.index,
        recall=changed.recall,
        write_references=reference_writer(parts, changed.heads.classes, current),
    )
