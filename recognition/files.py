"""Files that are whole or absent, whatever dies while they are written; and their fingerprints."""

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

_SYNCED_AT_ONCE = 16  # a disk has little to do with one at a time


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what the block writes there takes its place at once, durably.

    If the block raises or the process dies, `path` is as it was. What a killed process left behind is never read, and
    is removed by the next one that writes `path`.
    """
    temporary = _prepared(path)
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replaced_together(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Like `replaced`, for many files: they reach the disk side by side, then take their places one after the other.

    If the block raises, every path is as it was; whatever dies later, each is as it was or new, whole.
    """
    temporaries = [_prepared(path) for path in paths]
    try:
        yield temporaries
        with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
            list(pool.map(sync, temporaries))
        for temporary, path in zip(temporaries, paths, strict=True):
            temporary.replace(path)
        for folder in {path.parent for path in paths}:
            sync(folder)
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file in one step: after a crash it is the old one or the new one, whole."""
    with replaced(path) as temporary:
        temporary.write_bytes(data)


def sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's renames, safely to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _prepared(path: Path) -> Path:
    """A temporary path beside `path`, whose folder is there and free of what dead processes left of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    return path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")


def _remove_leftovers(path: Path) -> None:
    beginning = f".{path.name}."
    for found in path.parent.iterdir():  # no glob: it would compile a pattern for each of a million images
        if found.name.startswith(beginning) and ".tmp" in found.name:
            pid = found.name.removeprefix(beginning).split(".", 1)[0]
            if pid.isdecimal() and not _is_alive(int(pid)):
                found.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
