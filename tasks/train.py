"""Train a candidate, judge it, publish it or refuse it. Run again, it finds its own release and changes nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.errors import RecognitionError
from recognition.files import write_durably
from recognition.heads.superclasses import superclass_names
from recognition.heads.training import TrainingPolicy
from recognition.release.bundle import ReleaseContent, open_bundle, write_bundle
from recognition.release.candidate import Incumbent, LabelledPhotos, gate_evidence, train_candidate
from recognition.release.card import release_card
from recognition.release.gate import GatePolicy, judge_candidate
from recognition.release.manifest import EncoderIdentity
from recognition.release.pointer import current_release_id, publish
from recognition.release.products import ProductCard
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import CalibrationPolicy
from recognition.vocabulary import Part, ReleaseStatus, Tier
from tasks.catalogue_map import draw_map
from tasks.loop import Loop, stage
from tasks.release_record import record_release
from tasks.teaching import content_digest, labelled_photos, product_cards
from tasks.wiring import Parts
from warehouse.products import titles
from warehouse.releases import (
    ReleaseRow,
    current_release,
    release_history,
)

_DIGITS = 8


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
    """Train on everything that is labelled, and publish what is not worse.

    Raises:
        NotEnoughDataError: there is nothing to tell apart yet.
    """
    with stage(loop, "train") as done:
        photos, tiers = labelled_photos(loop.parts)
        products = product_cards(loop.parts)
        digest = content_digest(loop.parts, photos, tiers, products)
        report = _found_again(loop.parts, digest) or _train(loop, photos, tiers, products, digest)
        follow_history(loop.parts)
        done.summary = f"{report.release_id} {report.status}: {report.explanation}"
    return report


def follow_history(parts: Parts) -> str | None:
    """Point to the newest release that history calls published, and return its id.

    History is written before the pointer, so a run that was killed between the two is finished by the next one.
    """
    with parts.warehouse.read() as db:
        current = current_release(db)
    if current is None:
        return None
    if current_release_id(parts.paths.releases) != current.release_id:
        open_bundle(parts.paths.releases / current.release_id)
        publish(parts.paths.releases, current.release_id)
    return current.release_id


def _found_again(loop_parts: Parts, digest: str) -> TrainReport | None:
    """The report of a release made of exactly this content, if there was one, whatever became of it."""
    with loop_parts.warehouse.read() as db:
        same = [row for row in release_history(db) if row.release_id.endswith(f"-{digest}")]
    if not same:
        return None
    row = same[-1]
    explanation = f"nothing has changed since it was {row.status}"
    return TrainReport(row.release_id, row.status, row.reason, explanation, unchanged=True, method=row.published_method)


def _train(
    loop: Loop, photos: LabelledPhotos, tiers: dict[str, Tier], products: list[ProductCard], digest: str
) -> TrainReport:
    parts_, settings = loop.parts, loop.parts.settings
    with parts_.warehouse.read() as db:
        release_id = f"r{len(release_history(db)) + 1:04d}-{digest}"
        before = current_release(db)
        names_of_skus = titles(db)
    candidate = train_candidate(
        photos, tiers, parts_.fingerprint, TrainingPolicy(), CalibrationPolicy(**settings.promise.model_dump())
    )
    incumbent = _incumbent(parts_, before, photos)
    verdict = judge_candidate(gate_evidence(candidate, photos, incumbent), GatePolicy(**settings.gate.model_dump()))
    encoder = EncoderIdentity(parts_.encoder.name, parts_.fingerprint, parts_.encoder.image_size)
    heads = candidate.trained.heads
    names = superclass_names(heads.classes, heads.superclass_of, names_of_skus)
    card = release_card(release_id, encoder, candidate, verdict)
    write_durably(loop.reports / f"{release_id}.md", card.encode())
    draw_map(loop, heads, names, release_id)
    if verdict.publish:
        content = ReleaseContent(
            release_id=release_id,
            parent=before.release_id if before else None,
            created_at=datetime.now(UTC),
            encoder=encoder,
            method=candidate.trained.chosen.method,
            heads=heads,
            thresholds=candidate.thresholds,
            superclass_names=names,
            products=products,
            card=card,
        )
        write_bundle(parts_.paths.releases, content)
    record_release(loop, release_id, candidate, verdict, before, names)
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


def _incumbent(loop_parts: Parts, row: ReleaseRow | None, photos: LabelledPhotos) -> Incumbent | None:
    """The current release asked about the holdout, on vectors of its own encoder.

    A damaged incumbent cannot be compared with; a cycle then heals the loop by publishing anew.
    """
    if row is None:
        return None
    try:
        bundle = open_bundle(loop_parts.paths.releases / row.release_id)
    except RecognitionError:
        return None
    holdout = photos.where(Part.HOLDOUT)
    sku_of = dict(zip(holdout.sha256s, holdout.skus, strict=True))
    sha256s, vectors = loop_parts.vectors.load(row.fingerprint, list(holdout.sha256s))
    recognitions = Recogniser.of_bundle(bundle).recognise(vectors, row.fingerprint) if sha256s else []
    return Incumbent(bundle.heads.classes, recognitions, tuple(sku_of[sha256] for sha256 in sha256s))
