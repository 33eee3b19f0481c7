"""Many files to vectors: worker processes with one thread each, handing over a shard at a time.

The caller stores each shard as it comes, so a kill loses the shards in flight and nothing else.
"""

import ctypes
import logging
import multiprocessing
import os
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import numpy as np
from PIL import Image

from recognition.encoders.backbone import batch_size
from recognition.encoders.crew import Crew
from recognition.encoders.device import CPU
from recognition.encoders.opening import open_encoder
from recognition.encoders.protocol import Encoder, Vectors
from recognition.encoders.spec import HANDCRAFTED, EncoderSpec
from recognition.encoders.weights import find_weights
from recognition.errors import RecognitionError, UnreadablePictureError
from recognition.isolation.views import CatalogueView
from recognition.pictures.reading import read_picture
from recognition.vocabulary import PictureReason

Item: TypeAlias = tuple[str, Path | CatalogueView]
"""SHA-256 of a file, and where it lies; or key of a view, and the view, which is drawn where it is encoded."""

_Handover: TypeAlias = tuple[str, float]
"""Name of the file that a worker wrote, and the seconds it took to encode what is in it."""

SHARD = 128
SMALL_JOB = 64  # below this no worker is started, even if asked for
WORTH_WORKERS = 512  # files: importing torch takes a worker about as long as encoding these takes one process
MAX_TRIES = 3
_M_MMAP_MAX, _M_TRIM_THRESHOLD, _M_TOP_PAD = -4, -1, -2  # glibc's names in malloc.h

_log = logging.getLogger(__name__)


class EncodingFailedError(RecognitionError):
    """Worker processes keep dying over the same files."""


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """What became of one shard: each of its files is in exactly one of the two lists, in the order given.

    Attributes:
        sha256s: The files that were encoded.
        vectors: [n, d] float32, row i belongs to `sha256s[i]`.
        unreadable: The files that are no picture we accept, each with its reason.
    """

    sha256s: tuple[str, ...]
    vectors: Vectors
    unreadable: tuple[tuple[str, PictureReason], ...]


@dataclass(frozen=True, slots=True)
class _Shard:
    items: tuple[Item, ...]
    tries: int = 0


def encode_files(
    spec: EncoderSpec,
    items: Sequence[Item],
    *,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[EncodedBatch]:
    """Encode files in shards of up to SHARD, yielding each as soon as it is ready (so in no fixed order).

    Small jobs, `workers=1` and devices other than the CPU run in this process. A shard whose worker dies is tried again
    in a new one. Workers are spawned: a script that calls this needs the usual `if __name__ == "__main__"`.

    Args:
        spec: The encoder.
        items: (sha256, path) of each file.
        workers: Processes, never more than there are shards. None takes as many as measurably add to the throughput,
            one per core that this process may use at most, but none for fewer than WORTH_WORKERS files.
        on_progress: Called with (files done, files in all) after each shard.

    Raises:
        EncoderUnavailableError: before any file is touched, if the encoder cannot be loaded.
        EncodingFailedError: workers died MAX_TRIES times over one shard.
    """
    shards = [_Shard(tuple(items[at : at + SHARD])) for at in range(0, len(items), SHARD)]
    count = min(workers or usable_cores(), len(shards))
    small = SMALL_JOB if workers else WORTH_WORKERS
    alone = count <= 1 or len(items) < small or _device(spec) != CPU
    crew = Crew(count, measured=workers is None)
    batches = _encode_here(spec, shards) if alone else _encode_in_workers(_settled(spec), shards, crew)
    done = 0
    for batch in batches:
        done += len(batch.sha256s) + len(batch.unreadable)
        if on_progress is not None:
            on_progress(done, len(items))
        yield batch


def _encode_here(spec: EncoderSpec, shards: Sequence[_Shard]) -> Iterator[EncodedBatch]:
    for shard in shards:
        yield _encode_shard(open_encoder(spec), shard.items, _device(spec))


def _encode_in_workers(spec: EncoderSpec, shards: Sequence[_Shard], crew: Crew) -> Iterator[EncodedBatch]:
    """Run pool after pool until no shard is left: when one worker dies, Python gives up its whole pool.

    Vectors come back through files and only their names through the pool's pipe. A worker that is killed in the middle
    of a message longer than the pipe takes at once would leave its parent reading for ever.
    """
    spawn = multiprocessing.get_context("spawn")  # a forked child of a process that has used torch can hang
    left: Sequence[_Shard] = shards
    with TemporaryDirectory(prefix="skuloop-encode-") as folder:
        while left:
            pool = ProcessPoolExecutor(min(crew.most, len(left)), mp_context=spawn, initializer=_start_worker)
            try:
                left = yield from _drain(pool, spec, left, Path(folder), crew)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _drain(
    pool: ProcessPoolExecutor, spec: EncoderSpec, shards: Sequence[_Shard], folder: Path, crew: Crew
) -> Generator[EncodedBatch, None, list[_Shard]]:
    """Yield until every shard is done or the pool breaks; return the shards that are left."""
    waiting, lost = deque(shards), list[_Shard]()
    running: dict[Future[_Handover], _Shard] = {}
    broken = False
    while running or (waiting and not broken):
        while waiting and not broken and len(running) < crew.in_flight:
            broken = not _submit(pool, spec, folder, waiting, running)
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            shard = running.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                broken = True
                lost.append(_again(shard))
            else:
                name, seconds = future.result()
                crew.note(len(shard.items), seconds)
                yield _take_batch(folder / name)
    if broken:
        _log.warning("a worker process died: %d shards are encoded again", len(lost))
    return [*lost, *waiting]


def _submit(
    pool: ProcessPoolExecutor,
    spec: EncoderSpec,
    folder: Path,
    waiting: deque[_Shard],
    running: dict[Future[_Handover], _Shard],
) -> bool:
    """Hand the next shard to the pool; False leaves it waiting, for the pool has broken meanwhile."""
    try:
        running[pool.submit(_encode_in_worker, spec, waiting[0].items, folder)] = waiting[0]
    except BrokenProcessPool:
        return False
    waiting.popleft()
    return True


def _again(shard: _Shard) -> _Shard:
    if shard.tries + 1 >= MAX_TRIES:
        raise EncodingFailedError(
            f"Worker processes died {MAX_TRIES} times over {len(shard.items)} files from {shard.items[0][1]} on. "
            f"Mostly memory has run out: use fewer workers or a smaller `encoder.image_size`. If it stays with "
            f"these files, take them out and report them."
        )
    return replace(shard, tries=shard.tries + 1)


def _encode_in_worker(spec: EncoderSpec, items: Sequence[Item], folder: Path) -> _Handover:
    """Encode a shard into a file of `folder`."""
    encoder, start = open_encoder(spec), time.perf_counter()
    batch = _encode_shard(encoder, items, _device(spec))
    seconds = time.perf_counter() - start
    name = f"{uuid.uuid4().hex}.npz"
    refused = np.array([sha256 for sha256, _ in batch.unreadable], dtype=np.str_)
    reasons = np.array([reason.value for _, reason in batch.unreadable], dtype=np.str_)
    sha256s = np.array(batch.sha256s, dtype=np.str_)
    np.savez(folder / name, vectors=batch.vectors, sha256s=sha256s, refused=refused, reasons=reasons)
    return name, seconds


def _take_batch(path: Path) -> EncodedBatch:
    """Read what a worker wrote, and remove it."""
    with np.load(path, allow_pickle=False) as stored:
        reasons = [PictureReason(reason) for reason in stored["reasons"].tolist()]
        unreadable = tuple(zip(stored["refused"].tolist(), reasons, strict=True))
        batch = EncodedBatch(tuple(stored["sha256s"].tolist()), stored["vectors"], unreadable)
    path.unlink()
    return batch


def _encode_shard(encoder: Encoder, items: Sequence[Item], device: str) -> EncodedBatch:
    sha256s, unreadable = list[str](), list[tuple[str, PictureReason]]()
    parts: list[Vectors] = [np.empty((0, encoder.dimension), dtype=np.float32)]
    at_once = batch_size(device)  # not the whole shard: a picture may have 25 million pixels
    for at in range(0, len(items), at_once):
        pictures = list[Image.Image]()
        batch = items[at : at + at_once]
        for (sha256, _), read in zip(batch, _read_all(batch, device), strict=True):
            if isinstance(read, PictureReason):
                unreadable.append((sha256, read))
            else:
                sha256s.append(sha256)
                pictures.append(read)
        parts.append(encoder.encode(pictures))
    return EncodedBatch(tuple(sha256s), np.concatenate(parts), tuple(unreadable))


def _read_all(items: Sequence[Item], device: str) -> list[Image.Image | PictureReason]:
    if device == CPU:
        return [_read(item) for item in items]
    with ThreadPoolExecutor(usable_cores()) as readers:  # one core cannot decode as fast as a GPU encodes
        return list(readers.map(_read, items))


def _read(item: Item) -> Image.Image | PictureReason:
    try:
        return item[1].picture() if isinstance(item[1], CatalogueView) else read_picture(item[1])
    except UnreadablePictureError as error:
        return error.reason


def _device(spec: EncoderSpec) -> str:
    return CPU if spec.name == HANDCRAFTED else spec.device


def _settled(spec: EncoderSpec) -> EncoderSpec:
    """The same encoder, its weights found once: workers do not each ask the hub, and a missing file is told at once."""
    return spec if spec.name == HANDCRAFTED else replace(spec, weights=find_weights(spec), threads=1)


def _start_worker() -> None:
    keep_memory()
    _end_with_parent()


def keep_memory() -> None:
    """Keep the pages of freed tensors for the next ones, which saves a tenth of the time; no-op without glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_M_TOP_PAD, 64 * 2**20)


def _end_with_parent() -> None:
    """End this worker when its parent is killed: siblings keep its queue open, so it would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
