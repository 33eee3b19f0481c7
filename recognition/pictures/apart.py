"""Measuring strangers' pictures in processes of their own, bound in memory and time: one that kills its reader is bad.

The first look at new bytes is the dangerous one. It is taken here; what comes back is JSON of numbers, so that a
picture that took its reader over could still only lie about its own quality.
"""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeAlias

from recognition.errors import UnreadablePictureError
from recognition.pictures.picture_reader import SECONDS
from recognition.pictures.quality import PictureQuality
from recognition.vocabulary import PictureReason

Measured: TypeAlias = PictureQuality | UnreadablePictureError

_PATIENCE = 3 * SECONDS  # seconds: a busy machine gives a process less than one of CPU for one of time
_LONGEST_ANSWER = 64 * 1024
_ROOT = Path(__file__).resolve().parents[2]


class PictureReaders:
    """Reader processes, one for each core. In a `with`; a reader that dies or hangs is replaced."""

    def __init__(self, count: int | None = None) -> None:
        """Begin with no process: each starts with its first picture."""
        self._pool = ThreadPoolExecutor(count or os.cpu_count() or 1, thread_name_prefix="pictures")
        self._own = threading.local()
        self._readers: list[_Reader] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for reader in self._readers:
            reader.stop()

    def measure(self, paths: Sequence[Path]) -> Iterator[Measured]:
        """What was measured of each file, or why it is no picture we accept, in the order given."""
        return self._pool.map(self._measure, paths)

    def _measure(self, path: Path) -> Measured:
        reader: _Reader | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = _Reader()
            self._readers.append(reader)
        return reader.measure(path)


class _Reader:
    """One process, and its next one where a picture has cost it its life."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def measure(self, path: Path) -> Measured:
        """Ask for one file."""
        process = self._process = self._process or _start()
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            process.stdin.write(json.dumps(str(path.absolute())).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            pass  # it is gone; that it says nothing will show
        try:
            return _understood(_line(process))
        except (ValueError, TypeError, KeyError):
            self.stop()
            return UnreadablePictureError(PictureReason.UNREADABLE, "the process that read it died or hung over it")

    def stop(self) -> None:
        """End the process; the next picture starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "recognition.pictures.picture_reader"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=_ROOT,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "OPENBLAS_NUM_THREADS": "1",  # its threads would each take addresses, and have nothing to do
            "OMP_NUM_THREADS": "1",
        },
    )


def _understood(line: bytes) -> Measured:
    """What a reader said.

    Raises:
        ValueError, TypeError, KeyError: it is none of what readers say.
    """
    said = json.loads(line)
    if "reason" in said:
        return UnreadablePictureError(PictureReason(said["reason"]), str(said["detail"]))
    return PictureQuality(**said)


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    """The next line of a process; cut off where it ends, or takes too long, or says too much."""
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], _PATIENCE)
        part = os.read(process.stdout.fileno(), _LONGEST_ANSWER) if ready else b""
        if not part or len(line) > _LONGEST_ANSWER:
            return b""
        line += part
    return line
