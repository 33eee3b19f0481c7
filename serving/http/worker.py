"""An encoder process as its server sees it: started, asked, and started again when it dies."""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

from recognition import errors
from recognition.encoders import EncoderSpec
from recognition.errors import EncoderUnavailableError, RecognitionError
from recognition.pictures.reading import PictureLimits
from serving.http.encoding import encode_for
from serving.http.wire import Deed, Report, Task, receive_report, receive_words, send_task

_Said = TypeVar("_Said")

START_SECONDS = 300.0
"""A first start may fetch weights, and a busy machine takes long to import torch."""

_NONSENSE = (ValueError, KeyError, TypeError, AttributeError)


class WorkerDiedError(Exception):
    """The process is gone, or says nothing in time, or nonsense."""


@dataclass
class Worker:
    """One encoder process. Its methods block: each worker is used by one thread at a time, but for `kill`.

    A process that says nothing, or stops reading what it is sent, blocks them: `kill` ends the wait.

    Attributes:
        limits: what a photo may cost.
        extra_bytes: memory that it may take beyond its encoder's.
        fingerprint: of its encoder, once it has started.
    """

    limits: PictureLimits
    extra_bytes: int
    fingerprint: str = ""
    _process: BaseProcess | None = field(default=None, init=False)
    _pipe: Connection | None = field(default=None, init=False)

    def start(self, spec: EncoderSpec) -> None:
        """Start the process and wait until its encoder is open.

        Raises:
            EncoderUnavailableError: the encoder cannot be loaded, or the process dies.
            RecognitionError: whatever else opening it met.
        """
        spawn = multiprocessing.get_context("spawn")  # a forked child of a process with threads can hang
        self._pipe, theirs = spawn.Pipe()
        arguments = (theirs, spec, self.limits, self.extra_bytes)
        self._process = spawn.Process(target=encode_for, args=arguments, name="skuloop-encoder", daemon=True)
        self._process.start()
        theirs.close()  # so that its death ends what we read
        try:
            words = self._said(START_SECONDS)
        except WorkerDiedError as error:
            raise EncoderUnavailableError(
                f"an encoder process did not start ({error}). Mostly memory has run out: serve with fewer workers."
            ) from error
        if "fingerprint" not in words:
            raise _error_of(words)
        self.fingerprint = words["fingerprint"]

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process is not None and self._process.is_alive()

    def look(self, task: Task) -> Report:
        """Have photos looked at.

        Raises:
            WorkerDiedError: nothing came of it; the process is ended, and must be started before it is asked again.
        """
        report = self._asked(task, receive_report)
        if len(report.looks) != len(task.photos):
            self.stop()
            raise WorkerDiedError("it answered about other photos")
        return report

    def draw(self, photo: bytes) -> bytes:
        """Have a photo drawn anew, as a JPEG of the bare picture; nothing where it cannot be read.

        Raises:
            WorkerDiedError: as above.
        """
        return self._asked(Task((photo,), deed=Deed.DRAW), lambda pipe: pipe.recv_bytes())

    def kill(self) -> None:
        """End the process: whoever waits for it hears that it died. Any thread may call this."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process at once: it holds nothing that would be lost."""
        self.kill()
        if self._process is not None:
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()

    def _asked(self, task: Task, receive: Callable[[Connection], _Said]) -> _Said:
        pipe = self._pipe
        if pipe is None:
            raise WorkerDiedError("it was not started")
        try:
            send_task(pipe, task)
            return receive(pipe)
        except (OSError, EOFError, *_NONSENSE) as error:
            self.stop()
            raise WorkerDiedError(f"{type(error).__name__}: {error}") from error

    def _said(self, seconds: float) -> dict[str, str]:
        assert self._pipe is not None  # noqa: S101 - only called by start
        try:
            if not self._pipe.poll(seconds):
                self.stop()
                raise WorkerDiedError(f"nothing was heard for {seconds:.0f} s")
            return receive_words(self._pipe)
        except (OSError, EOFError, *_NONSENSE) as error:
            self.stop()
            raise WorkerDiedError(type(error).__name__) from error


def _error_of(words: dict[str, str]) -> RecognitionError:
    kind = getattr(errors, words.get("error", ""), None)
    if isinstance(kind, type) and issubclass(kind, RecognitionError) and kind is not errors.UnreadablePictureError:
        return kind(words.get("message", ""))
    return EncoderUnavailableError(words.get("message", "the encoder process said nothing of use"))
