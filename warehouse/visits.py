"""What visits to shops cost, and when what failed is tried again."""

from collections.abc import Sequence
from dataclasses import dataclass

from warehouse.runs import CrawlFailureRow
from warehouse.session import Session

MOST_ATTEMPTS = 6
"""So many crawls in a row may fail on an address before it is given up: a month of nights, with waits that double."""


@dataclass(frozen=True, slots=True)
class VisitCost:
    """What a visit to a shop brought and cost, and which manners were kept; see the comments on `crawl_visit`."""

    pages: int
    pages_unchanged: int
    pages_unasked: int
    pages_postponed: int
    images_new: int
    images_known: int
    images_failed: int
    failed_by_reason: str
    requests: int
    bytes: int
    seconds_between: float
    asked_delay: float | None
    pauses: int
    paused_seconds: float
    closed: str | None


@dataclass(frozen=True, slots=True)
class VisitRow(VisitCost):
    """What one crawl of a shop cost."""

    crawl_id: str


@dataclass(frozen=True, slots=True)
class CrawlReportRow(VisitCost):
    """One line of the report on a run's crawls; see the comments on `crawl_report`."""

    source: str
    products: int
    seconds: float


def record_visit(db: Session, row: VisitRow) -> None:
    """Record what a crawl cost, once."""
    db.run_over("visits/record", [row])


def schedule_retries(
    db: Session, source: str, crawl_id: str, failures: Sequence[CrawlFailureRow], *, complete: bool
) -> None:
    """Say when what failed is tried again: after 1, 2, 4, 8, ... crawls of the source, and not after MOST_ATTEMPTS.

    What was due in this crawl and did not fail is settled, if the crawl was `complete`.
    """
    crawl = _number_of(db, source, crawl_id)
    db.run_over("visits/schedule", failures, crawl=crawl, most=MOST_ATTEMPTS)
    if complete:
        db.run("visits/settle", source=source, crawl=crawl, crawl_id=crawl_id)


def postponed(db: Session, source: str, crawl_id: str) -> frozenset[str]:
    """The addresses of a source that failed and are not due in this crawl."""
    return frozenset(
        url for (url,) in db.tuples("visits/postponed", source=source, crawl=_number_of(db, source, crawl_id))
    )


def most_bytes(db: Session, source: str) -> int | None:
    """The most that one of the last crawls of a source received; 0 after its first, None before it."""
    found = db.value("visits/most_bytes", source=source)
    return None if found is None else int(found)


def crawl_reports(db: Session, run_id: str) -> list[CrawlReportRow]:
    """What the crawls of a run brought and cost, by source."""
    return db.rows(CrawlReportRow, "visits/of_run", run_id=run_id)


def _number_of(db: Session, source: str, crawl_id: str) -> int:
    """Which crawl of its source it is, counted from 1; those that reached nothing do not count."""
    return int(db.value("visits/crawls", source=source, crawl_id=crawl_id)) + 1
