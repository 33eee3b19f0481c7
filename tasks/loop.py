"""One run of the loop: its lock, its record, its stages.

The lock is held by the kernel for as long as the process lives: whatever kills the process frees the lock. A run that
finds records of running runs while it holds the lock knows that their processes are gone, and says so.
"""

import json
import os
import re
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from recognition.vocabulary import RunStatus
from tasks.ledger import decision
from tasks.settings import Settings
from tasks.versions import versions
from tasks.wiring import Parts, build_parts
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.runs import RunRow, add_stage, finish_run, record_versions, running_runs, start_run

_GIB = 1024**3
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


class RunSkippedError(Exception):
    """This run is not needed, or not now; the message says why, and a skipped run is recorded."""


class AlreadyRunningError(RunSkippedError):
    """Another night or cycle is at work on this store; the message says which."""


class BadLabelError(Exception):
    """A label that is not fit to name files and rows; it becomes the name of a folder."""


class DiskFullError(Exception):
    """There is too little free disk space to begin a stage."""


@dataclass(frozen=True)
class Loop:
    """A run in progress.

    Attributes:
        parts: what it works with.
        flow: `nightly` or `cycle`.
        run_id: its record in the warehouse.
        label: the night or cycle it works for; work is keyed by it, so a second run of it finds its own traces.
    """

    parts: Parts
    flow: str
    run_id: str
    label: str

    @property
    def reports(self) -> Path:
        """Folder for the pictures of this night or cycle."""
        return self.parts.paths.reports / self.label


@dataclass
class Stage:
    """What a stage says of itself when it is done."""

    summary: str = ""


@contextmanager
def open_loop(settings: Settings, flow: str, label: str) -> Iterator[Loop]:
    """Hold the lock and keep the record of one run.

    Raises:
        BadLabelError: the label cannot name a folder.
        AlreadyRunningError: another run holds the lock; a skipped run is recorded.
    """
    if not _LABEL.fullmatch(label):
        raise BadLabelError(f"{label!r} cannot name a night or cycle: up to 61 letters, digits, '.', '_' and '-'.")
    run_id = _new_id(flow, label)
    with _only_one(Parts(settings), flow, label, run_id):
        parts = build_parts(settings)
        _sweep_dead_runs(parts)
        with parts.warehouse.write() as db:
            start_run(db, _run_row(run_id, flow, label))
            record_versions(db, run_id, versions(parts))
        try:
            yield Loop(parts, flow, run_id, label)
        except BaseException as error:
            _finish(parts, run_id, RunStatus.FAILED, f"{type(error).__name__}: {error}")
            raise


def record_skip(settings: Settings, flow: str, label: str, reason: str) -> None:
    """Leave the row of a run that was not needed."""
    _record_skipped(build_parts(settings), _run_row(_new_id(flow, label), flow, label), reason)


def finish(loop: Loop, problems: tuple[str, ...]) -> RunStatus:
    """Record the end of a run: completed, or degraded with what went wrong."""
    status = RunStatus.DEGRADED if problems else RunStatus.COMPLETED
    _finish(loop.parts, loop.run_id, status, "; ".join(problems) or None)
    return status


@contextmanager
def stage(loop: Loop, name: str, needs: int = 0) -> Iterator[Stage]:
    """Measure a stage and record its seconds and summary.

    Args:
        loop: the run.
        name: of the stage.
        needs: bytes that it is going to write, as far as that can be told before.

    Raises:
        DiskFullError: before the stage begins, if less than `free_disk_gib` would be left.
    """
    require_disk(loop, name, needs)
    begun, found = time.monotonic(), Stage()
    yield found
    with loop.parts.warehouse.write() as db:
        add_stage(db, loop.run_id, name, time.monotonic() - begun, found.summary)


def require_disk(loop: Loop, name: str, needs: int) -> None:
    """Return if a stage that is going to write `needs` bytes leaves enough; for stages that learn it on their way.

    Raises:
        DiskFullError: less than `free_disk_gib` would be left.
    """
    free = shutil.disk_usage(loop.parts.paths.store).free / _GIB
    kept, needed = loop.parts.settings.free_disk_gib, needs / _GIB
    if free < kept + needed:
        raise DiskFullError(
            f"{free:.2f} GiB free under {loop.parts.paths.store}, {kept + needed:.2f} are required: {needed:.2f} that "
            f"{name} is going to write, and {kept:.2f} that must be left (free_disk_gib). "
            "Free some space and run again: the work done so far is kept."
        )


@contextmanager
def _only_one(parts: Parts, flow: str, label: str, run_id: str) -> Iterator[None]:
    parts.paths.locks.mkdir(parents=True, exist_ok=True)
    holder = parts.paths.locks / "loop.json"
    lock = FileLock(parts.paths.locks / "loop.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        reason = f"{_describe(holder)} is at work on {parts.paths.store}; this {flow} was skipped. Run it again later."
        _record_skipped(parts, _run_row(run_id, flow, label), reason)
        raise AlreadyRunningError(reason) from error
    try:
        holder.write_text(json.dumps({"flow": flow, "label": label, "pid": os.getpid()}))
        yield
    finally:
        lock.release()


def _describe(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text())
        return f"the {found['flow']} {found['label']} (process {found['pid']})"
    except (OSError, ValueError, KeyError):  # it is just being written
        return "another run"


def _record_skipped(parts: Parts, row: RunRow, reason: str) -> None:
    with parts.warehouse.write() as db:
        start_run(db, row)
        finish_run(db, row.run_id, RunStatus.SKIPPED, reason)


def _sweep_dead_runs(parts: Parts) -> None:
    """Mark runs that never ended as crashed: their process is gone, or it would hold the lock."""
    with parts.warehouse.write() as db:
        for row in running_runs(db):
            reason = f"process {row.pid} on {row.host} ended without a word"
            finish_run(db, row.run_id, RunStatus.CRASHED, reason)
            record_decisions(db, [decision(row.run_id, SubjectKind.RUN, row.run_id, "sweep", "crashed", detail=reason)])


def _finish(parts: Parts, run_id: str, status: RunStatus, reason: str | None) -> None:
    with parts.warehouse.write() as db:
        finish_run(db, run_id, status, reason)


def _new_id(flow: str, label: str) -> str:
    return f"{flow}-{label}-{uuid.uuid4().hex[:8]}"


def _run_row(run_id: str, flow: str, label: str) -> RunRow:
    return RunRow(run_id, flow, label, os.getpid(), socket.gethostname(), datetime.now(UTC))
