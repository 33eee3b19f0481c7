"""Errors of the labelling package; each message says what to do."""

from collections.abc import Sequence
from pathlib import Path


class LabellingError(Exception):
    """Base of every error that labelling raises on purpose."""


class LabelStudioDownError(LabellingError):
    """Label Studio did not answer, or the connection broke before its answer arrived.

    What was asked for may still have been done: reconcile before asking again.
    """


class LabelStudioAuthError(LabellingError):
    """Label Studio answered, but refuses the token."""


class LabelStudioRefusedError(LabellingError):
    """Label Studio understood who asks, and refused what was asked for."""

    def __init__(self, action: str, status: int | None, detail: str) -> None:
        super().__init__(f"Label Studio refused to {action} (HTTP {status}): {detail}")
        self.status = status


class LabelStudioServerError(LabellingError):
    """The local Label Studio server could not be started."""

    def __init__(self, what: str, remedy: str, log: Path | None = None, last_lines: Sequence[str] = ()) -> None:
        story = "".join(f"\n    {line}" for line in last_lines)
        where = f"\nThe end of {log}:{story}" if log is not None and last_lines else ""
        super().__init__(f"{what} {remedy}{where}")
        self.log = log
        self.last_lines = tuple(last_lines)
