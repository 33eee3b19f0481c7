"""Embed what the configured encoder has not seen, shard by shard."""

from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.encoders import encode_files
from recognition.vocabulary import PictureReason
from tasks.disk import of_vectors
from tasks.loop import Loop, require_disk, stage
from tasks.progress import report_progress
from warehouse.images import MeasuredRow, store_measurements, usable_images


@dataclass(frozen=True)
class EmbedReport:
    """How many photos were new to the encoder, and how many it could not read."""

    encoder: str
    fingerprint: str
    embedded: int
    unreadable: int


@task(name="embed", cache_policy=NO_CACHE)
def embed_new(loop: Loop) -> EmbedReport:
    """Encode every usable photo once. Each shard is stored as it comes: a killed run goes on where it was.

    Raises:
        EncoderUnavailableError: the encoder cannot be loaded.
    """
    parts = loop.parts
    with stage(loop, "embed") as done:
        known = parts.vectors.known(parts.fingerprint)
        with parts.warehouse.read() as db:
            waiting = [image for image in usable_images(db) if image.sha256 not in known]
        require_disk(loop, "embed", of_vectors(len(waiting)))
        items = [(image.sha256, parts.paths.images / image.path) for image in waiting]
        embedded = unreadable = 0
        batches = encode_files(
            parts.encoder,
            items,
            workers=parts.settings.encoder.workers or None,
            on_progress=lambda so_far, total: report_progress("embed", so_far, total),
        )
        for batch in batches:
            parts.vectors.append(parts.fingerprint, batch.sha256s, batch.vectors)
            embedded += len(batch.sha256s)
            unreadable += len(batch.unreadable)
            spoilt = [(sha, why) for sha, why in batch.unreadable if why is not PictureReason.MISSING]
            with parts.warehouse.write() as db:
                store_measurements(
                    db, [MeasuredRow(sha, None, None, None, None, None, None, why) for sha, why in spoilt]
                )
        done.summary = f"{embedded} photos by {parts.encoder.name}"
    return EmbedReport(parts.encoder.name, parts.fingerprint, embedded, unreadable)


def _refused(sha256: str, why: PictureReason) -> MeasuredRow:
    """A photo that could be measured once but no longer be read."""
    return MeasuredRow(sha256, None, None, None, None, None, None, why)
