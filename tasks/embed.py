"""Embed what the configured encoder has not seen, shard by shard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.encoders import EncodedBatch, encode_files
from recognition.vocabulary import PictureReason
from tasks.cluster import Photo, encode_on_cluster
from tasks.disk import of_vectors
from tasks.loop import Loop, require_disk, stage
from tasks.progress import report_progress
from tasks.settings import Engine
from tasks.wiring import Parts
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
        embedded = unreadable = 0
        for batch in _encoded(parts, [(image.sha256, image.path) for image in waiting]):
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


def _encoded(parts: Parts, photos: Sequence[Photo]) -> Iterator[EncodedBatch]:
    """By processes of this machine, or by the cluster of the settings: the same shards of the same vectors."""

    def on_progress(so_far: int, total: int) -> None:
        report_progress("embed", so_far, total)

    if parts.settings.cluster.engine is Engine.DASK:
        return encode_on_cluster(parts, photos, on_progress)
    return encode_files(
        parts.encoder,
        [(sha256, parts.paths.images / path) for sha256, path in photos],
        workers=parts.settings.encoder.workers or None,
        on_progress=on_progress,
    )


def _refused(sha256: str, why: PictureReason) -> MeasuredRow:
    """A photo that could be measured once but no longer be read."""
    return MeasuredRow(sha256, None, None, None, None, None, None, why)
