"""Views of products that have catalogue photos and hardly a camera photo: what they are taught by on their first days.

Each view has a key of its content, and its vector is kept under it: a second night costs nothing, and a killed one goes
on where it was. Views are made where the settings ask for them, and the encoder isolates the product
(docs/adr/0010-views-on-the-first-days.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.encoders import EncodedBatch, encode_files
from recognition.isolation.views import VIEWS_VERSION, CatalogueView
from recognition.vocabulary import PictureReason
from tasks.disk import of_vectors
from tasks.ledger import decision
from tasks.loop import Loop, require_disk, stage
from tasks.progress import report_progress
from tasks.teaching import LabelledPhoto, labelled_photos, photos_with_views, views_wanted
from tasks.wiring import Parts
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions, subjects_of

NO_VIEWS = f"leave without {VIEWS_VERSION}"


@dataclass(frozen=True)
class ViewsReport:
    """How many views were drawn and encoded, how many still wait, and from how many photos none can be made."""

    encoded: int
    waiting: int = 0
    not_plain: int = 0


@task(name="views", cache_policy=NO_CACHE)
def encode_views(loop: Loop) -> ViewsReport:
    """Draw and encode the views that are missing, as many as a run may.

    Raises:
        EncoderUnavailableError: the encoder cannot be loaded.
    """
    parts = loop.parts
    if not views_wanted(parts):
        return ViewsReport(0)
    with stage(loop, "views") as done:
        missing = _missing(parts)
        todo = missing[: parts.settings.first_day.most_views]
        require_disk(loop, "views", of_vectors(len(todo)))
        encoded, refused = 0, set[str]()
        photo_of = {view.key: view.photo for view in todo}
        for batch in _encoded(parts, todo):
            parts.vectors.append(parts.fingerprint, batch.sha256s, batch.vectors)
            encoded += len(batch.sha256s)
            spoilt = {photo_of[key] for key, why in batch.unreadable if why is PictureReason.NOT_PLAIN} - refused
            refused |= spoilt
            with parts.warehouse.write() as db:
                record_decisions(db, [_without_views(loop, photo) for photo in sorted(spoilt)])
        report = ViewsReport(encoded, len(missing) - len(todo), len(refused))
        done.summary = (
            f"{encoded} views, {report.waiting} wait; {report.not_plain} photos are not on a plain background"
        )
    return report


def _missing(parts: Parts) -> list[CatalogueView]:
    """The views that are wanted and not encoded; the first of every photo before the second of any."""
    photos = _eligible(parts)
    known = parts.vectors.known(parts.fingerprint) if photos else set()
    images = parts.paths.images
    views = [
        CatalogueView(photo.sha256, images / photo.path, number)
        for number in range(parts.settings.first_day.views)
        for photo in photos
    ]
    return [view for view in views if view.key not in known]


def _eligible(parts: Parts) -> list[LabelledPhoto]:
    photos, _ = labelled_photos(parts)
    with parts.warehouse.read() as db:
        without = subjects_of(db, SubjectKind.IMAGE, NO_VIEWS)
    return [photo for photo in photos_with_views(parts, photos) if photo.sha256 not in without]


def _encoded(parts: Parts, views: Sequence[CatalogueView]) -> Iterator[EncodedBatch]:
    ordered = sorted(views, key=lambda view: (view.photo, view.number))  # a photo is cut out once for all its views
    return encode_files(
        parts.encoder,
        [(view.key, view) for view in ordered],
        workers=parts.settings.encoder.workers or None,
        on_progress=lambda so_far, total: report_progress("views", so_far, total),
    )


def _without_views(loop: Loop, photo: str) -> DecisionRow:
    return decision(loop.run_id, SubjectKind.IMAGE, photo, NO_VIEWS, PictureReason.NOT_PLAIN, key=VIEWS_VERSION)
