"""One visit to a source on the web: its parts put together, progress while it runs, a report when it is over."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scrapy.crawler import Crawler

from spiders.asking import component
from spiders.database import open_crawl_database
from spiders.download import BYTES, REQUESTS
from spiders.engine import crawler_for
from spiders.failures import reason_of
from spiders.feed import CrawlFiles, FeedWriter, VisitReport
from spiders.frontier import Frontier
from spiders.harvest import BEGUN, Visit
from spiders.images import ImageStore
from spiders.items import failure
from spiders.manners import Host, Manners
from spiders.memory import SourceMemory, reading_of
from spiders.readers import reader_of
from spiders.scheduler import FrontierScheduler
from spiders.sources import WebKind
from spiders.spider import ShopSpider

PROGRESS_SECONDS = 3.0

_SO_FAR = "report so far"
_MANNERS = frozenset(
    {"max_pages", "allow_private", "contact", "download_delay", "concurrency", "timeout_seconds", "max_bytes"}
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a visit ended: whether the source answered at all, and its report."""

    reached: bool
    visit: VisitReport


def visit_source(
    source: WebKind,
    files: CrawlFiles,
    store: ImageStore,
    writer: FeedWriter,
    *,
    postponed: frozenset[str] = frozenset(),
    most_products: int | None = None,
) -> Ending:
    """Crawl one source into the writer, or go on with a crawl that was killed.

    `postponed` are addresses that are not due yet; `most_products` ends the crawl early.

    Raises:
        OSError, sqlite3.OperationalError: the disk is full; the crawl can go on once it is not.
    """
    reading = reading_of(_way_of_reading(source))
    with closing(open_crawl_database(files.frontier, files.memory)) as database:
        visit = Visit(
            source,
            reader_of(source),
            Frontier(database),
            SourceMemory(database, reading),
            store,
            writer,
            postponed,
            most_products,
        )
        try:
            return asyncio.run(_crawl(visit))
        finally:
            database.commit()


def _way_of_reading(source: WebKind) -> str:
    """All that decides what is read in the same bytes: the source's settings but its manners, and its page objects."""
    settings = source.model_dump_json(exclude=set(_MANNERS))
    page_objects: Path | None = getattr(source, "page_objects", None)
    files = sorted(page_objects.glob("*.py")) if page_objects and page_objects.is_dir() else [page_objects]
    return settings + "".join(file.read_text(encoding="utf-8") for file in files if file and file.is_file())


async def _crawl(visit: Visit) -> Ending:
    visit.frontier.again(visit.writer.dropped)
    visit.frontier.trust_only(visit.writer.products)
    if visit.frontier.note(BEGUN) is None:
        visit.frontier.set_note(BEGUN, str(time.time()))
    crawler = crawler_for(ShopSpider, visit.source, visit.reader.start()[0].url, SCHEDULER=FrontierScheduler)
    earlier = VisitReport.model_validate_json(visit.frontier.note(_SO_FAR) or "{}")
    async with _now_and_then(lambda: _tell(visit, _spider_of(crawler), crawler, earlier)):
        await crawler.crawl_async(visit)
    spider = _spider_of(crawler)
    if spider.fatal is not None:
        raise spider.fatal
    if spider.closed is not None:
        name = visit.source.name
        visit.writer.failure(failure(name, visit.source.url or name, reason_of(spider.closed), str(spider.closed)))
    return Ending(spider.harvester.reached, _report(visit.source, spider, crawler).after(earlier))


def _spider_of(crawler: Crawler) -> ShopSpider:
    if not isinstance(crawler.spider, ShopSpider):
        raise TypeError("the crawl has no spider yet")
    return crawler.spider


@asynccontextmanager
async def _now_and_then(tell: Callable[[], None]) -> AsyncIterator[None]:
    """Tell every few seconds how things are."""

    async def keep_telling() -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            with suppress(OSError, sqlite3.OperationalError):  # a full disk: the crawl itself will say so
                tell()

    telling = asyncio.ensure_future(keep_telling())
    try:
        yield
    finally:
        telling.cancel()


def _tell(visit: Visit, spider: ShopSpider, crawler: Crawler, earlier: VisitReport) -> None:
    """One line for whoever watches, and the report so far for the attempt after a kill."""
    counts, pictures, writer = spider.harvester.counts, spider.harvester.photos.counts, visit.writer
    visit.frontier.set_note(_SO_FAR, _report(visit.source, spider, crawler).after(earlier).model_dump_json())
    sys.stderr.write(
        f"{visit.source.name}: {counts.pages + counts.unasked} pages, {visit.frontier.waiting()} to go, "
        f"{writer.products} products, {pictures.new} new images, {pictures.known} known, {writer.failures} failures\n"
    )
    sys.stderr.flush()


def _report(source: WebKind, spider: ShopSpider, crawler: Crawler) -> VisitReport:
    counts, pictures = spider.harvester.counts, spider.harvester.photos.counts
    manners = component(crawler, Manners)
    name = urlsplit(source.url or "").hostname or ""
    return VisitReport(
        pages=counts.pages,
        unchanged=counts.unchanged,
        unasked=counts.unasked,
        postponed=counts.postponed,
        pages_failed=dict(counts.failed),
        images_new=pictures.new,
        images_known=pictures.known,
        images_failed=dict(pictures.failed),
        requests=crawler.stats.get_value(REQUESTS, 0),
        bytes=crawler.stats.get_value(BYTES, 0),
        seconds_between=round(manners.delay_of(name), 3),
        asked_delay=manners.hosts.get(name, Host(name)).asked_delay,
        concurrency=source.concurrency,
        pauses=sum(host.pauses for host in manners.hosts.values()),
        paused_seconds=round(sum(host.paused_seconds for host in manners.hosts.values()), 1),
        peak_mib=_peak_mib(),
        closed=None if spider.closed is None else str(spider.closed),
    )


def _peak_mib() -> float:
    """The most memory this process held, in MiB. Not ru_maxrss, which a process inherits from the one that began it."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
