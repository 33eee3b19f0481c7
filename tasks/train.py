"""Train a candidate, judge it, publish it or refuse it. Run again, it finds its own release and changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.files import write_durably
from recognition.heads.superclasses import superclass_names
from recognition.heads.training import TrainingPolicy
from recognition.isolation.opening import find_isolation_weights
from recognition.release.bundle import ReleaseContent, write_bundle
from recognition.release.candidate import gate_evidence, index_candidate, train_candidate
from recognition.release.card import release_card
from recognition.release.card_plots import draw_card_plots
from recognition.release.gate import GatePolicy, judge_candidate
from recognition.release.manifest import EncoderIdentity
from recognition.triage.calibration import CalibrationPolicy
from recognition.vocabulary import GateReason, Part, ReleaseStatus
from tasks.catalogue_map import draw_map
from tasks.disk import of_release
from tasks.doubts import record_suspicions
from tasks.loop import Loop, require_disk, stage
from tasks.progress import report_line
from tasks.published import ask_incumbent, follow_history, open_whole
from tasks.references import reference_writer
from tasks.release_record import record_refresh, record_release
from tasks.teaching import Teaching, gather_teaching, scene_size
from tasks.wiring import Parts
from warehouse.matches import product_identity
from warehouse.products import titles
from warehouse.releases import ReleaseRow, current_release, release_history, superclass_ids


@dataclass(frozen=True)
class TrainReport:
    """What became of the candidate; `top1` and `baselines` are on its holdout, None where nothing is held out."""

    release_id: str
    status: ReleaseStatus
    reason: str
    explanation: str
    unchanged: bool
    method: str
    top1: float | None = None
    baselines: tuple[tuple[str, float], ...] = ()


@task(name="train", cache_policy=NO_CACHE)
def train_release(loop: Loop) -> TrainReport:
    """Train on everything that is labelled, and publish what is not worse; where only prices changed, publish those.

    Raises:
        NotEnoughDataError: there is nothing to tell apart yet.
    """
    with stage(loop, "train") as done:
        teaching = gather_teaching(loop.parts)
        require_disk(loop, "train", of_release(loop.parts, len(teaching.products)))
        with loop.parts.warehouse.read() as db:
            history, current = release_history(db), current_release(db)
        report = _settled(loop.parts, teaching, history, current)
        if report is None and current is not None and teaching.taught_the_same(current.release_id):
            report = _refresh_products(loop, teaching, history, current)
        if report is None:
            report = _train(loop, teaching, history, current)
        follow_history(loop.parts)
        done.summary = f"{report.release_id} {report.status}: {report.explanation}"
    return report


def _settled(
    loop_parts: Parts, teaching: Teaching, history: Sequence[ReleaseRow], current: ReleaseRow | None
) -> TrainReport | None:
    """The report of a release that was made of exactly this and is as it should be; None where there is work."""
    if current is not None and teaching.taught_the_same(current.release_id):
        same = teaching.serves_the_same(current.release_id) and open_whole(loop_parts, current) is not None
        return _found(current, "nothing has changed since it was published") if same else None
    made_before = [row for row in history if teaching.taught_the_same(row.release_id)]
    for row in reversed(made_before):
        if row.status is ReleaseStatus.ROLLED_BACK:
            why = "the same photos made this release, which was rolled back: it waits for a new label or setting"
            return replace(_found(row, why), status=ReleaseStatus.REFUSED, reason=GateReason.WITHDRAWN)
        if row.status is ReleaseStatus.REFUSED and row.incumbent == (current.release_id if current else None):
            return _found(row, "nothing has changed since it was refused")
    return None


def _found(row: ReleaseRow, explanation: str) -> TrainReport:
    return TrainReport(row.release_id, row.status, row.reason, explanation, unchanged=True, method=row.published_method)


def _refresh_products(
    loop: Loop, teaching: Teaching, history: Sequence[ReleaseRow], current: ReleaseRow
) -> TrainReport | None:
    """The current heads with today's products as a new release; None where the current bundle is damaged."""
    bundle = open_whole(loop.parts, current)
    if bundle is None:
        return None
    release_id = teaching.release_id(len(history) + 1)
    card = f"# Release {release_id}\n\nThe heads of {current.release_id} with newer products and prices.\n"
    content = ReleaseContent.after(bundle, release_id, current.release_id, teaching.products, card)
    write_bundle(loop.parts.paths.releases, content)
    record_refresh(loop, release_id, current)
    explanation = f"the heads of {current.release_id} with newer products and prices"
    return TrainReport(
        release_id,
        ReleaseStatus.PUBLISHED,
        GateReason.PRODUCTS_REFRESHED,
        explanation,
        unchanged=False,
        method=current.published_method,
    )


def _train(loop: Loop, teaching: Teaching, history: Sequence[ReleaseRow], current: ReleaseRow | None) -> TrainReport:
    loop_parts, settings = loop.parts, loop.parts.settings
    release_id = teaching.release_id(len(history) + 1)
    with loop_parts.warehouse.read() as db:
        before = superclass_ids(db, current.release_id) if current else {}
        product_of = product_identity(db)
    photos = teaching.photos
    report_line(f"train: {len(photos.skus)} labelled photos of {len(set(photos.skus))} products")
    candidate = train_candidate(
        teaching.photos,
        teaching.tiers,
        loop_parts.fingerprint,
        TrainingPolicy(photos_per_scene=scene_size(loop_parts, teaching.photos)),
        CalibrationPolicy(**settings.promise.model_dump()),
        superclasses_before=before,
    )
    report_line(f"train: {candidate.trained.chosen.method} chosen; now the index, and the gate")
    incumbent = ask_incumbent(loop_parts, current, teaching.photos.where(Part.HOLDOUT))
    index, recall = index_candidate(candidate, teaching.photos, incumbent)
    evidence = replace(
        gate_evidence(candidate, teaching.photos, incumbent, product_of),
        damaged_incumbent=current is not None and incumbent is None,
        index_recall=recall,
    )
    verdict = judge_candidate(evidence, GatePolicy(**settings.gate.model_dump()))
    encoder = EncoderIdentity.of(loop_parts.encoder, loop_parts.fingerprint)
    heads = candidate.trained.heads
    with loop_parts.warehouse.read() as db:
        title_of = titles(db)
    names = superclass_names(heads.classes, heads.superclass_of, title_of)
    card = release_card(release_id, encoder, candidate, verdict, title_of)
    plots = draw_card_plots(candidate.report, candidate.thresholds.promised_precision) if candidate.report else {}
    for name, data in {f"{release_id}.md": card.encode(), **plots}.items():
        write_durably(loop.reports / name, data)
    report_line(f"train: {verdict.explanation}; now the picture of the catalogue")
    draw_map(loop, heads, names, release_id)
    if verdict.publish:
        content = ReleaseContent(
            release_id=release_id,
            parent=current.release_id if current else None,
            created_at=datetime.now(UTC),
            encoder=encoder,
            method=candidate.trained.chosen.method,
            heads=heads,
            thresholds=candidate.thresholds,
            superclass_names=names,
            products=teaching.products,
            card=card,
            index=index,
            recall=recall,
            write_references=reference_writer(loop_parts, heads.classes, current),
            isolation_weights=find_isolation_weights(loop_parts.encoder.isolation),
            attachments=plots,
        )
        write_bundle(loop_parts.paths.releases, content)
    record_release(loop, release_id, candidate, verdict, current, names)
    record_suspicions(loop, teaching.taught, teaching.photos.where(Part.TRAIN), candidate.trained)
    evaluation = candidate.evaluation
    return TrainReport(
        release_id=release_id,
        status=ReleaseStatus.PUBLISHED if verdict.publish else ReleaseStatus.REFUSED,
        reason=verdict.reason,
        explanation=verdict.explanation,
        unchanged=False,
        method=candidate.trained.chosen.method,
        top1=evaluation.top1 if evaluation else None,
        baselines=tuple(candidate.baselines.items()),
    )
