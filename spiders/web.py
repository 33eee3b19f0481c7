"""One visit to a source on the web: its parts put together, progress while it runs, a report when it is over."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from aiohttp.abc import AbstractResolver

from recognition.vocabulary import FetchReason
from spiders.agent import user_agent
from spiders.client import Client
from spiders.database import open_crawl_database
from spiders.failures import reason_of
from spiders.feed import CrawlFiles, FeedWriter, VisitReport
from spiders.fetch import Fetcher
from spiders.frontier import Frontier
from spiders.images import ImageStore
from spiders.items import failure
from spiders.manners import Courtesy
from spiders.memory import SourceMemory, reading_of
from spiders.photos import PhotoDesk
from spiders.readers import reader_of
from spiders.sources import WebKind
from spiders.spider import ShopSpider

PROGRESS_SECONDS = 3.0
_BEGUN = "begun"


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
    resolver: AbstractResolver | None = None,
) -> Ending:
    """Crawl one source into the writer, or go on with a crawl that was killed.

    `postponed` are addresses that are not due yet; `most_products` ends the crawl early. `resolver` is the system's;
    tests bring one that lies.

    Raises:
        OSError, sqlite3.OperationalError: the disk is full; the crawl can go on once it is not.
    """
    reading = reading_of(_way_of_reading(source))
    with closing(open_crawl_database(files.frontier, files.memory)) as database:
        frontier, memory = Frontier(database), SourceMemory(database, reading)
        try:
            return asyncio.run(_visit(source, frontier, memory, store, writer, postponed, most_products, resolver))
        finally:
            database.commit()


def _way_of_reading(source: WebKind) -> str:
    """All that decides what is read in the same bytes: the source's settings but its manners, and its page objects."""
    settings = source.model_dump_json(exclude=set(_MANNERS))
    page_objects: Path | None = getattr(source, "page_objects", None)
    files = sorted(page_objects.glob("*.py")) if page_objects and page_objects.is_dir() else [page_objects]
    return settings + "".join(file.read_text(encoding="utf-8") for file in files if file and file.is_file())


async def _visit(
    source: WebKind,
    frontier: Frontier,
    memory: SourceMemory,
    store: ImageStore,
    writer: FeedWriter,
    postponed: frozenset[str],
    most_products: int | None,
    resolver: AbstractResolver | None,
) -> Ending:
    frontier.again(writer.dropped)
    frontier.trust_only(writer.products)
    if frontier.note(_BEGUN) is None:
        frontier.set_note(_BEGUN, str(time.time()))

    def record(url: str, reason: FetchReason, detail: str) -> None:
        writer.failure(failure(source.name, url, reason, detail))

    agent = user_agent(source.contact)
    async with Fetcher(
        agent, allow_private=source.allow_private, timeout=source.timeout_seconds, resolver=resolver
    ) as fetcher:
        client = Client(fetcher, delay=source.download_delay, concurrency=source.concurrency)
        photos = PhotoDesk(
            source.name,
            client=client,
            store=store,
            memory=memory,
            record=record,
            begun=float(frontier.note(_BEGUN) or 0),
            postponed=postponed,
        )
        spider = ShopSpider(
            source,
            reader_of(source),
            client=client,
            frontier=frontier,
            memory=memory,
            photos=photos,
            writer=writer,
            postponed=postponed,
            most_products=most_products,
        )
        async with _progress(lambda: _line(source.name, spider, photos, writer, frontier)):
            await spider.run()
    if spider.closed is not None:
        record(source.url or source.name, reason_of(spider.closed), str(spider.closed))
    return Ending(spider.reached, _report(source, spider, client, photos))


@asynccontextmanager
async def _progress(line: Callable[[], str]) -> AsyncIterator[None]:
    """One line every few seconds for whoever watches."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            sys.stderr.write(line())
            sys.stderr.flush()

    telling = asyncio.ensure_future(tell())
    try:
        yield
    finally:
        telling.cancel()


def _line(name: str, spider: ShopSpider, photos: PhotoDesk, writer: FeedWriter, frontier: Frontier) -> str:
    seen = spider.counts.pages + spider.counts.unasked
    return (
        f"{name}: {seen} pages, {frontier.waiting()} to go, {writer.products} products, "
        f"{photos.counts.new} new images, {photos.counts.known} known, {writer.failures} failures\n"
    )


def _report(source: WebKind, spider: ShopSpider, client: Client, photos: PhotoDesk) -> VisitReport:
    counts = spider.counts
    hosts = [host.courtesy for host in client.hosts.values()]
    shop = client.host_of(source.url).courtesy if source.url else Courtesy(delay=source.download_delay)
    return VisitReport(
        pages=counts.pages,
        unchanged=counts.unchanged,
        unasked=counts.unasked,
        postponed=counts.postponed,
        pages_failed=dict(counts.failed),
        images_new=photos.counts.new,
        images_known=photos.counts.known,
        images_failed=dict(photos.counts.failed),
        requests=client.traffic.requests,
        bytes=client.traffic.bytes,
        seconds_between=round(shop.delay, 3),
        asked_delay=shop.asked_delay,
        concurrency=source.concurrency,
        pauses=sum(host.pauses for host in hosts),
        paused_seconds=round(sum(host.paused_seconds for host in hosts), 1),
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
