"""Crawl one source in a process of its own, and record what came of it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.vocabulary import FetchReason
from spiders.crawl import CrawlJob, CrawlSummary, files_of, run_crawl
from spiders.errors import SpiderError
from spiders.feed import VisitReport, read_failures
from spiders.folder import listing_digest
from spiders.sources import FolderSource, InboxSource, Source, with_absolute_path
from tasks.disk import of_crawl
from tasks.ledger import decision
from tasks.loop import Loop, stage
from tasks.progress import report_line
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.runs import CrawlFailureRow, CrawlRow, mark_folded, record_crawl, record_failures
from warehouse.session import Session
from warehouse.visits import VisitRow, postponed, record_visit, schedule_retries

_NOT_RETRIED = frozenset(
    {FetchReason.DUPLICATE, FetchReason.ROBOTS, FetchReason.BLOCKED, FetchReason.RATE_LIMITED, FetchReason.SITE_CHANGED}
)
"""Reasons that cost no request, or that tell of the source as a whole: nothing is put off for them."""


@dataclass(frozen=True)
class CrawlReport:
    """One crawl of one source; `problem` is None where it was reached."""

    source: str
    crawl_id: str
    products: int
    photos: int
    failures: int
    skipped: bool
    problem: str | None = None


@task(name="crawl", task_run_name="crawl {source.name}", cache_policy=NO_CACHE)
def crawl_source(loop: Loop, source: Source) -> CrawlReport:
    """Crawl a source once a night; a source that cannot be reached is a problem of the night, not its end."""
    job = _job(loop, source)
    needs = 0 if isinstance(source, FolderSource | InboxSource) else of_crawl(loop.parts, source.name)
    with stage(loop, f"crawl {source.name}", needs) as done:
        try:
            summary = run_crawl(job, report_line)
            _record(loop, job, summary)
        except SpiderError as error:
            done.summary = str(error)
            return CrawlReport(source.name, job.crawl_id, 0, 0, 0, skipped=False, problem=f"{source.name}: {error}")
        done.summary = f"{summary.products} products, {summary.photos} photos, {summary.failures} failures"
    problem = _problem(job, summary)
    return CrawlReport(
        source.name, job.crawl_id, summary.products, summary.photos, summary.failures, summary.skipped, problem
    )


def _job(loop: Loop, source: Source) -> CrawlJob:
    """A shop is crawled once for each label; a folder whenever its photos have changed, and never otherwise."""
    crawl_of = loop.label
    source = with_absolute_path(source, loop.parts.settings.home)
    if isinstance(source, FolderSource | InboxSource):
        crawl_of = listing_digest(source)[:16]
    paths, crawl_id = loop.parts.paths, f"{source.name}-{crawl_of}"
    with loop.parts.warehouse.read() as db:
        later = postponed(db, source.name, crawl_id)
    return CrawlJob(source, crawl_id, paths.feeds, paths.images, postponed=later)


def _problem(job: CrawlJob, summary: CrawlSummary) -> str | None:
    """What the night should say of a crawl that is recorded."""
    name = job.source.name
    if summary.visit is not None and summary.visit.closed is not None:
        return f"{name}: {summary.visit.closed}"
    if summary.reached:
        return None
    why = next((f" ({row.reason}: {row.detail})" for row in read_failures(files_of(job).failures)), "")
    return f"{name}: could not be reached{why}"


def _record(loop: Loop, job: CrawlJob, summary: CrawlSummary) -> None:
    rows = [
        CrawlFailureRow(failure.source, failure.url, failure.reason, failure.detail, job.crawl_id, failure.at)
        for failure in read_failures(files_of(job).failures)
    ]
    with loop.parts.warehouse.write() as db:
        record_failures(db, rows)
        if summary.reached:
            record_crawl(db, _crawl_row(loop, summary))
            if summary.visit is not None:
                _record_visit(db, summary, summary.visit, rows)
            return
        # The next attempt has the same crawl id, so one that brought nothing is kept under the run's; it has no feed.
        nothing = replace(_crawl_row(loop, summary), crawl_id=f"{summary.crawl_id}@{loop.run_id}")
        record_crawl(db, nothing)
        mark_folded(db, nothing.crawl_id)
        reason = rows[0].reason.value if rows else "network"
        why = decision(loop.run_id, SubjectKind.SOURCE, summary.source, "skip", reason, crawl=job.crawl_id)
        record_decisions(db, [why])


def _record_visit(db: Session, summary: CrawlSummary, visit: VisitReport, rows: list[CrawlFailureRow]) -> None:
    again = [row for row in rows if row.reason not in _NOT_RETRIED]
    schedule_retries(db, summary.source, summary.crawl_id, again, complete=visit.closed is None)
    failed = Counter({reason.value: count for reason, count in visit.pages_failed.items()})
    failed.update({reason.value: count for reason, count in visit.images_failed.items()})
    record_visit(
        db,
        VisitRow(
            crawl_id=summary.crawl_id,
            pages=visit.pages,
            pages_unchanged=visit.unchanged,
            pages_unasked=visit.unasked,
            pages_postponed=visit.postponed,
            images_new=visit.images_new,
            images_known=visit.images_known,
            images_failed=sum(visit.images_failed.values()),
            failed_by_reason=", ".join(f"{reason}: {count}" for reason, count in failed.most_common()),
            requests=visit.requests,
            bytes=visit.bytes,
            seconds_between=visit.seconds_between,
            asked_delay=visit.asked_delay,
            pauses=visit.pauses,
            paused_seconds=visit.paused_seconds,
            closed=visit.closed,
        ),
    )


def _crawl_row(loop: Loop, summary: CrawlSummary) -> CrawlRow:
    return CrawlRow(
        crawl_id=summary.crawl_id,
        source=summary.source,
        run_id=loop.run_id,
        products=summary.products,
        photos=summary.photos,
        images=summary.images,
        failures=summary.failures,
        seconds=summary.seconds,
        reached=summary.reached,
        finished_at=datetime.now(UTC),
    )
