"""What is published: history in the warehouse decides, the pointer on disk follows."""

from recognition.errors import ReleaseDamagedError
from recognition.release.bundle import Bundle, open_bundle
from recognition.release.candidate import Incumbent, LabelledPhotos
from recognition.release.pointer import current_release_id, publish
from recognition.release.recogniser import Recogniser
from tasks.wiring import Parts
from tasks.withdrawal import withdrawn_products
from warehouse.releases import ReleaseRow, current_release


def follow_history(loop_parts: Parts) -> str | None:
    """Point to the newest release that history calls published, and return its id.

    History is written before the pointer, so a run that was killed between the two is finished by the next one; and a
    pointer that cannot be read is written anew.

    Raises:
        ReleaseDamagedError: that release is damaged.
    """
    with loop_parts.warehouse.read() as db:
        current = current_release(db)
    if current is None:
        return None
    try:
        pointed = current_release_id(loop_parts.paths.releases)
    except ReleaseDamagedError:
        pointed = None
    if pointed != current.release_id:
        open_bundle(loop_parts.paths.releases / current.release_id)
        publish(loop_parts.paths.releases, current.release_id)
    return current.release_id


def open_whole(loop_parts: Parts, row: ReleaseRow) -> Bundle | None:
    """The bundle of a release, or None where it is damaged: a cycle then heals the loop by publishing anew."""
    try:
        return open_bundle(loop_parts.paths.releases / row.release_id)
    except ReleaseDamagedError:
        return None


def ask_incumbent(loop_parts: Parts, row: ReleaseRow | None, holdout: LabelledPhotos) -> Incumbent | None:
    """The current release asked about the holdout, on vectors of its own encoder; None where there is none to ask.

    Its classes are those that a release after it is to keep: what a person has withdrawn is not lost.
    """
    bundle = open_whole(loop_parts, row) if row is not None else None
    if row is None or bundle is None:
        return None
    sha256s, vectors = loop_parts.vectors.load(row.fingerprint, list(holdout.sha256s))
    recognitions = Recogniser.of_bundle(bundle).recognise(vectors, row.fingerprint) if sha256s else []
    with loop_parts.warehouse.read() as db:
        withdrawn = withdrawn_products(db)
    kept = tuple(sku for sku in bundle.heads.classes if sku not in withdrawn)
    return Incumbent(kept, dict(zip(sha256s, recognitions, strict=True)), bundle.index)
