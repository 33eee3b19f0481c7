"""Encoding on more than one machine: a Dask cluster decodes and encodes, and this process alone writes tables.

Photos, weights and vectors go through the object store: workers read the first two, write Parquet shards, and hand back
nothing but the shard's name. A shard is written once, whoever dies: what is there already is not encoded again.
"""

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.encoders import EncodedBatch, EncoderSpec, encode_files
from recognition.errors import EncoderUnavailableError
from recognition.files import sha256_of, write_durably
from recognition.vocabulary import PictureReason
from tasks.settings import ClusterSettings
from tasks.wiring import Parts
from warehouse.errors import ObjectStoreError
from warehouse.objects import ObjectStore
from warehouse.vectors import read_shard, write_shard

SHARD = 128  # as on one machine: the same photos make the same shards
_AT_ONCE = 2048  # shards that are handed to the scheduler together
_FEW_PHOTOS = 1000  # so few are asked for one by one

Photo = tuple[str, str]
"""SHA-256 of a photo, and its path below the images root."""


@dataclass(frozen=True)
class ShardJob:
    """What one worker is to encode, and where it finds it."""

    objects: str
    spec: EncoderSpec
    fingerprint: str
    photos: tuple[Photo, ...]

    @property
    def name(self) -> str:
        """Of the shard: a key of what is in it."""
        key = hashlib.sha256("\n".join(sha for sha, _ in self.photos).encode()).hexdigest()[:32]
        return f"vectors/{self.fingerprint}/{key}"


@task(name="encode shard", cache_policy=NO_CACHE)
def encode_shard(job: ShardJob) -> str:
    """Encode one shard where this runs, and return its name. The list of what could not be read is written last."""
    store = ObjectStore(job.objects)
    if store.exists(f"{job.name}.json"):
        return job.name
    with tempfile.TemporaryDirectory(prefix="skuloop-") as scratch:
        folder = Path(scratch)
        spec = _fetched(store, job.spec)
        here = [(sha, _fetch(store, f"images/{path}", folder / sha)) for sha, path in job.photos]
        (batch,) = encode_files(spec, here, workers=1)
        if batch.sha256s:
            write_shard(folder / "shard", batch.sha256s, batch.vectors)
            store.put(f"{job.name}.parquet", folder / "shard")
    unreadable = [[sha, why.value] for sha, why in batch.unreadable]
    store.write(f"{job.name}.json", json.dumps(unreadable).encode())
    return job.name


def encode_on_cluster(
    parts: Parts, photos: Sequence[Photo], on_progress: Callable[[int, int], None]
) -> Iterator[EncodedBatch]:
    """Encode photos on the cluster of the settings, yielding the shards in the order of the photos.

    Raises:
        EncoderUnavailableError: prefect-dask is not installed, no object store is named, or workers keep dying.
        ObjectStoreError: the object store refuses.
    """
    if not photos:
        return
    cluster = parts.settings.cluster
    if cluster.objects is None:
        raise EncoderUnavailableError("cluster.engine is 'dask', but cluster.objects names no object store to share.")
    store = ObjectStore(cluster.objects)
    _send_photos(store, parts.paths.images, photos)
    spec = _sent(store, parts.encoder)
    jobs = [
        ShardJob(cluster.objects, spec, parts.fingerprint, tuple(photos[at : at + SHARD]))
        for at in range(0, len(photos), SHARD)
    ]
    done = 0
    for name in _run(cluster, jobs):
        batch = _collected(store, name)
        done += len(batch.sha256s) + len(batch.unreadable)
        on_progress(done, len(photos))
        yield batch


def _run(cluster: ClusterSettings, jobs: Sequence[ShardJob]) -> Iterator[str]:
    try:
        from distributed import KilledWorker
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise EncoderUnavailableError(
            "cluster.engine is 'dask', but prefect-dask is not installed: `pip install 'skuloop[cluster]'`."
        ) from error
    here = {"n_workers": cluster.workers or None, "threads_per_worker": 1, "dashboard_address": None}
    runner = DaskTaskRunner(address=cluster.address) if cluster.address else DaskTaskRunner(cluster_kwargs=here)
    with runner:
        for at in range(0, len(jobs), _AT_ONCE):
            futures = [runner.submit(encode_shard, {"job": job}) for job in jobs[at : at + _AT_ONCE]]
            for future in futures:
                try:
                    yield str(future.result())
                except KilledWorker as error:
                    raise EncoderUnavailableError(f"workers of the cluster keep dying: {error}") from error


def _send_photos(store: ObjectStore, images: Path, photos: Sequence[Photo]) -> None:
    """Put what the workers need and the store has not; a photo's name is a key of its bytes."""
    names = {f"images/{path}": images / path for _, path in photos}
    # A bucket is listed by thousands of names, however few are new tonight.
    there = store.names("images") if len(names) > _FEW_PHOTOS else {name for name in names if store.exists(name)}
    for name, path in names.items():
        if name not in there and path.exists():
            store.put(name, path)


def _sent(store: ObjectStore, spec: EncoderSpec) -> EncoderSpec:
    """The spec with the names that its weights have in the store."""

    def send(file: Path | None) -> Path | None:
        if file is None:
            return None
        name = f"weights/{sha256_of(file)}{file.suffix}"
        if not store.exists(name):
            store.put(name, file)
        return Path(name)

    return _with_weights(spec, send)


def _fetched(store: ObjectStore, spec: EncoderSpec) -> EncoderSpec:
    """The spec with its weights on this machine, fetched once; their bytes are those that their name promises.

    Raises:
        ObjectStoreError: they are not, or the folder for them is not ours alone.
    """
    cache = _own_folder()

    def fetch(name: Path | None) -> Path | None:
        if name is None:
            return None
        file = cache / name.name
        if not _is_whole(file, name):
            file.unlink(missing_ok=True)
            _fetch(store, name.as_posix(), file)
            if file.exists() and not _is_whole(file, name):
                raise ObjectStoreError(
                    f"{store.url}: {name} is damaged: delete it, and the next run puts it there anew"
                )
        return file

    return _with_weights(spec, fetch)


def _is_whole(file: Path, name: Path) -> bool:
    return file.is_file() and sha256_of(file) == name.stem


def _own_folder() -> Path:
    """A folder for weights that nobody else on this machine can write to, the same for every job of this user.

    Raises:
        ObjectStoreError: it is somebody else's.
    """
    folder = Path(tempfile.gettempdir()) / f"skuloop-weights-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ObjectStoreError(f"{folder} is not this user's alone, so no weights are kept there: remove it")
    return folder


def _with_weights(spec: EncoderSpec, change: Callable[[Path | None], Path | None]) -> EncoderSpec:
    isolation = replace(spec.isolation, weights=change(spec.isolation.weights))
    return replace(spec, weights=change(spec.weights), isolation=isolation)


def _fetch(store: ObjectStore, name: str, file: Path) -> Path:
    """Bring an object to this machine; one that is not there leaves no file, and is missing as on one machine."""
    if store.exists(name):
        write_durably(file, store.read(name))
    return file


def _collected(store: ObjectStore, name: str) -> EncodedBatch:
    try:
        unreadable = tuple((sha, PictureReason(why)) for sha, why in json.loads(store.read(f"{name}.json")))
    except (ValueError, TypeError) as error:
        raise ObjectStoreError(f"{store.url}: {name}.json is damaged ({error}): delete it") from error
    if not store.exists(f"{name}.parquet"):  # none of its photos could be read
        return EncodedBatch((), np.empty((0, 0), np.float32), unreadable)
    with tempfile.TemporaryDirectory(prefix="skuloop-") as scratch:
        file = Path(scratch) / "shard"
        file.write_bytes(store.read(f"{name}.parquet"))
        sha256s, vectors = read_shard(file)
    return EncodedBatch(sha256s, vectors, unreadable)
