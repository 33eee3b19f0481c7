"""Flow runs and their stages; crawls and what they could not get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recognition.vocabulary import FetchReason, RunStatus
from warehouse.errors import WarehouseError
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class RunRow:
    """One flow run; `label` is the night or cycle it works for, `pid` and `host` tell whether it still lives."""

    run_id: str
    flow: str
    label: str
    pid: int
    host: str
    started_at: datetime
    finished_at: datetime | None = None
    status: RunStatus = RunStatus.RUNNING
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of a run: how long it took and what came of it."""

    stage: str
    seconds: float
    summary: str


@dataclass(frozen=True, slots=True)
class CrawlRow:
    """One finished crawl of one source; `reached` is False where the source as a whole did not answer."""

    crawl_id: str
    source: str
    run_id: str
    products: int
    photos: int
    images: int
    failures: int
    seconds: float
    reached: bool
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class CrawlFailureRow:
    """One thing a source offered that a crawl could not take."""

    source: str
    url: str
    reason: FetchReason
    detail: str
    crawl_id: str
    at: datetime


def start_run(db: Session, row: RunRow) -> None:
    """Record that a run began; the retry of a known run makes it running again under its new process."""
    db.run_over("runs/start", [row])


def record_versions(db: Session, run_id: str, versions: Mapping[str, str]) -> None:
    """Record what a run decides with, name by name; what was recorded first stays."""
    db.run_over_pairs("runs/add_versions", versions, run_id=run_id)


def finish_run(db: Session, run_id: str, status: RunStatus, reason: str | None = None) -> None:
    """Record how a run ended; the first end stays.

    Raises:
        WarehouseError: There is no such run.
    """
    if not db.value("runs/exists", run_id=run_id):
        raise WarehouseError(f"there is no run {run_id!r}; call start_run first")
    db.run("runs/finish", run_id=run_id, status=status, reason=reason)


def add_stage(db: Session, run_id: str, stage: str, seconds: float, summary: str) -> None:
    """Record one stage of a run; a stage that ran again replaces its record."""
    db.run("runs/add_stage", run_id=run_id, stage=stage, seconds=seconds, summary=summary)


def stages(db: Session, run_id: str) -> list[StageRow]:
    """Return the stages of a run in the order in which they ended."""
    return db.rows(StageRow, "runs/stages", run_id=run_id)


def running_runs(db: Session) -> list[RunRow]:
    """Return the runs that began and did not end, oldest first."""
    return db.rows(RunRow, "runs/running")


def record_crawl(db: Session, row: CrawlRow) -> None:
    """Record a crawl once."""
    db.run_over("runs/record_crawl", [row])


def record_failures(db: Session, rows: Sequence[CrawlFailureRow]) -> int:
    """Record failures, one row per source, URL and reason; a crawl counts as one attempt. Return how many changed."""
    return db.run_over("runs/record_failures", rows)


def clock_set_back(db: Session, crawl_id: str) -> timedelta | None:
    """How far the items of a crawl must be moved to stand behind those of the crawls of its source that came before it.

    None where the clock ran on between them, as it should.
    """
    found = db.value("runs/clock_set_back", crawl_id=crawl_id)
    return found if isinstance(found, timedelta) else None


def mark_folded(db: Session, crawl_id: str) -> None:
    """Record that a crawl's feed is in the tables: call it in the session that folds the feed.

    Raises:
        WarehouseError: There is no such crawl.
    """
    if not db.run("runs/mark_folded", crawl_id=crawl_id):
        raise WarehouseError(f"there is no crawl {crawl_id!r}; call record_crawl first")
