"""Measuring strangers' pictures in processes of their own, bound in memory and time: one that kills its reader is bad.

The first look at new bytes is the dangerous one. It is taken here; what comes back is JSON of numbers, so that a
picture that took its reader over could still only lie about its own quality.
"""

import json
import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeAlias

from pydantic import BaseModel, TypeAdapter

from recognition.errors import UnreadablePictureError
from recognition.pictures.bounds import start_reader
from recognition.pictures.picture_reader import SECONDS
from recognition.pictures.quality import PictureQuality
from recognition.vocabulary import PictureReason

Measured: TypeAlias = PictureQuality | UnreadablePictureError

_PATIENCE = 3 * SECONDS  # seconds: a busy machine gives a process less than one of CPU for one of time
_LONGEST_ANSWER = 64 * 1024
_WORTH_A_READER = 64  # pictures: to start a process takes as long as to measure so many


def readers_for(pictures: int) -> int:
    """How many processes are worth to be started for so many pictures: one for each core, or fewer."""
    return max(min(pictures // _WORTH_A_READER, os.cpu_count() or 1), 1)


class PictureReaders:
    """Reader processes. In a `with`; a reader that dies or hangs is replaced."""

    def __init__(self, count: int) -> None:
        """Begin with no process: each starts with its first picture."""
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="pictures")
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

    def measure(self, path: Path, *, again: bool = True) -> Measured:
        """Ask for one file; `again` where its reader was killed, as the system does where its memory runs out."""
        try:
            return _understood(self._ask(path))
        except EOFError:
            if self.stop() == -signal.SIGKILL and again:
                return self.measure(path, again=False)
        except (TimeoutError, ValueError):
            self.stop()
        return UnreadablePictureError(PictureReason.UNREADABLE, "the process that read it died or hung over it")

    def stop(self) -> int | None:
        """End the process; the next picture starts another. How it ended, as `subprocess` tells it."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.kill()
        process.communicate()
        return process.returncode

    def _ask(self, path: Path) -> bytes:
        """The line that the process answers.

        Raises:
            EOFError: it ended instead.
            TimeoutError: it takes too long.
            ValueError: it says too much.
        """
        process = self._process = self._process or start_reader("recognition.pictures.picture_reader")
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes were asked for
        try:
            process.stdin.write(json.dumps(str(path.absolute())).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise EOFError from error
        return _line(process.stdout.fileno())


def _line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([descriptor], [], [], _PATIENCE)[0]:
            raise TimeoutError
        part = os.read(descriptor, _LONGEST_ANSWER)
        if not part:
            raise EOFError
        line += part
        if len(line) > _LONGEST_ANSWER:
            raise ValueError("more than an answer")
    return line


class _Refusal(BaseModel):
    reason: PictureReason
    detail: str


_ANSWER: TypeAdapter[PictureQuality | _Refusal] = TypeAdapter(PictureQuality | _Refusal)


def _understood(line: bytes) -> Measured:
    """What a reader said.

    Raises:
        ValueError: it is none of what readers say.
    """
    said = _ANSWER.validate_json(line, strict=True)
    return UnreadablePictureError(said.reason, said.detail) if isinstance(said, _Refusal) else said
