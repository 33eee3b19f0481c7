"""From a page that came to the feed: what it says now against what it said before, its pictures, its links."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import chain, islice
from urllib.parse import urldefrag

from scrapy.http import Response
from w3lib.encoding import html_to_unicode

from recognition.vocabulary import FetchReason
from spiders.asking import Ask, header, robots_tags, validators_of
from spiders.disk import is_disk_full
from spiders.errors import HttpStatusError, NotForUsError, SpiderError, TooLargeError
from spiders.failures import detail_of, reason_of
from spiders.feed import FeedWriter
from spiders.frontier import Frontier, Harvest, Place
from spiders.hosts import same_shop
from spiders.images import ImageStore
from spiders.items import failure
from spiders.marks import marks_of
from spiders.memory import Holdings, RememberedPage, SourceMemory
from spiders.pages import PageProduct
from spiders.photos import PhotoDesk
from spiders.reader import Document, Found, Problem, Reader, Target
from spiders.sources import WebKind

MAX_ELEMENTS = 100_000
"""Of a page, by its opening brackets: a tree takes half a kilobyte for each, however short it is written."""

MAX_PRODUCTS_KEPT = 500
"""A page with more products is a data file: they go to the feed as they are read, and a killed crawl reads it again."""

BEGUN = "begun"
"""Note of the frontier: when the crawl began, in seconds since 1970."""

_AT_A_TIME = 8
_TEXT = ("text/", "html", "xml", "json", "javascript")


@dataclass(slots=True)
class Counts:
    """What became of the pages of this attempt."""

    pages: int = 0
    unchanged: int = 0
    unasked: int = 0
    postponed: int = 0
    failed: Counter[FetchReason] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a spider works on, and with: one crawl of one source.

    `postponed` are addresses that failed on earlier nights and are not due yet: only what their source says has changed
    is asked for all the same. With `most_products` in the feed nothing more is asked for.
    """

    source: WebKind
    reader: Reader
    frontier: Frontier
    memory: SourceMemory
    store: ImageStore
    writer: FeedWriter
    postponed: frozenset[str] = frozenset()
    most_products: int | None = None


class Harvester:
    """Brings what a source's pages hold into the feed.

    `ask` asks for a picture; with `follow_links` it also wants to know where pages lead.
    """

    def __init__(self, visit: Visit, ask: Ask) -> None:
        self._source = visit.source
        self._reader = visit.reader
        self._frontier = visit.frontier
        self._memory = visit.memory
        self._writer = visit.writer
        self._most_products = visit.most_products
        self._start = visit.reader.start()[0].url
        self.photos = PhotoDesk(
            visit.source.name,
            ask=ask,
            store=visit.store,
            memory=visit.memory,
            record=self._record,
            begun=float(visit.frontier.note(BEGUN) or 0),
            concurrency=visit.source.concurrency,
            postponed=visit.postponed,
        )
        self.follow_links = False
        self.reached = False
        self.counts = Counts()

    @property
    def has_enough(self) -> bool:
        """Whether the feed holds as many products as are wanted of the whole source."""
        return self._most_products is not None and self._writer.products >= self._most_products

    async def safely(self, place: Place, work: Awaitable[None]) -> None:
        """Do what is to be done for a place. Whatever its page does to us costs the page: a row, no error.

        Raises:
            OSError, sqlite3.OperationalError: the disk is full, which is not the page's doing.
        """
        try:
            await work
        except Exception as error:
            if is_disk_full(error):
                raise
            # What neither the network nor a rule explains comes from reading a page that nobody could have foreseen.
            known = isinstance(error, SpiderError | OSError)
            self.lose(place, reason_of(error) if known else FetchReason.PARSE, detail_of(error))

    def lose(self, place: Place, reason: FetchReason, detail: str) -> None:
        """A page that cannot be taken: a row, and nothing is left to do for it."""
        self._fail(place.target.url, reason, detail)
        self._frontier.done(place.target.url)

    async def read(self, response: Response, place: Place, remembered: RememberedPage | None) -> None:
        """A page that came, or that is as it was.

        Raises:
            Exception: see `safely`.
        """
        usable = self.usable(remembered)
        if response.status == HTTPStatus.NOT_MODIFIED and usable is not None:
            await self._confirm(place, usable)
            return
        if response.status != HTTPStatus.OK:
            raise HttpStatusError(response.status)
        self.reached = True
        digest = hashlib.sha256(response.body).hexdigest()
        if usable is not None and usable.digest == digest:
            await self._confirm(place, usable)
            return
        await self._take_response(place, response, digest, remembered)

    async def _confirm(self, place: Place, remembered: RememberedPage) -> None:
        self.reached = True
        self.counts.pages += 1
        self.counts.unchanged += 1
        self._memory.confirm_page(place.target.url, place.target.changed)
        await self.keep(place, remembered.holds, unchanged=True)

    async def _take_response(
        self, place: Place, response: Response, digest: str, remembered: RememberedPage | None
    ) -> None:
        """What a page says now, against what it said before."""
        self.counts.pages += 1
        target = place.target
        document = _document(target, response)
        if document.text is not None and response.body.count(b"<") > MAX_ELEMENTS:
            raise TooLargeError(f"the page has more than {MAX_ELEMENTS} elements")
        marks = marks_of(robots_tags(response), document.text)
        if not marks.products:
            raise NotForUsError("the page says that it is not to be used (noindex)")
        found = self._reader.read(document)
        kept = RememberedPage(target.url, validators_of(response), target.changed, digest, Holdings())
        links = found.targets if marks.links else ()
        products = found.products if marks.images else _without_images(found.products)
        await self.take(place, Found(products, links), kept, remembered)

    async def take(
        self, place: Place, found: Found, page: RememberedPage | None = None, before: RememberedPage | None = None
    ) -> None:
        """What was found for a place; `page` is to be remembered with it, `before` is how it was."""
        products = iter(found.products)
        first = list(islice(products, MAX_PRODUCTS_KEPT + 1))
        if page is None or len(first) > MAX_PRODUCTS_KEPT:  # a data file: too much to keep, read as a stream
            await self._stream(place, chain(first, products))
            return
        links = tuple(self._wanted(found.targets)) if self.follow_links else None
        holds = Holdings(
            tuple(each for each in first if isinstance(each, PageProduct)),
            tuple(each for each in first if isinstance(each, Problem)),
            links,
        )
        same = before is not None and before.holds.products == holds.products
        if before is not None and not same and before.changed == page.changed is not None:
            self._memory.distrust_sitemap()
        self._memory.keep_page(RememberedPage(page.url, page.validators, page.changed, page.digest, holds))
        await self.keep(place, holds, unchanged=same)

    async def keep(self, place: Place, holds: Holdings, *, unchanged: bool) -> None:
        """Write down what a page holds; from here on nobody has to ask for it again."""
        for problem in holds.problems:
            self._fail(problem.url, problem.reason, problem.detail)
        harvest = Harvest(holds.products, unchanged)
        self._frontier.read(place, harvest, holds.links or (), self._source.max_pages)
        await self.finish(place, harvest)

    async def finish(self, place: Place, harvest: Harvest) -> None:
        """Bring products that were read into the feed."""
        written = await self._write(place.target, harvest.products, unchanged=harvest.unchanged)
        self._frontier.done(place.target.url, written)

    async def _stream(self, place: Place, found: Iterator[PageProduct | Problem]) -> None:
        self.reached = True
        written = 0
        while not self.has_enough and (some := list(islice(found, _AT_A_TIME))):
            await asyncio.sleep(0)  # reading a large file must not hold up the rest
            for each in some:
                if isinstance(each, Problem):
                    self._fail(each.url, each.reason, each.detail)
            products = [each for each in some if isinstance(each, PageProduct)]
            written += await self._write(place.target, products, unchanged=False, already=written)
        self._frontier.done(place.target.url, written)

    async def _write(
        self, target: Target, products: Iterable[PageProduct], *, unchanged: bool, already: int = 0
    ) -> int:
        """Complete products with their photos and write them; how many went into the feed.

        `already` of this target are written and not counted yet.
        """
        chosen = list(products)[: self.room_for(target, already)]
        items = await asyncio.gather(*(self.photos.complete(product, unchanged=unchanged) for product in chosen))
        room = self.room_for(target, already)  # again: others may have written while the photos came
        written = [self._writer.product(item) for item in items[:room] if item is not None]
        if written and not any(written):
            self._fail(target.url, FetchReason.DUPLICATE, "its products are in the feed already, from another address")
        return sum(written)

    def room_for(self, target: Target, already: int = 0) -> int | None:
        """How many more products of the target's category are wanted; None for any number."""
        if self._most_products is not None:
            return max(0, self._most_products - self._writer.products)
        most = getattr(self._source, "per_category", None)
        if most is None or target.category is None:
            return None
        return max(0, int(most) - self._frontier.written(target.category) - already)

    def _record(self, url: str, reason: FetchReason, detail: str) -> None:
        self._writer.failure(failure(self._source.name, url, reason, detail))

    def _fail(self, url: str, reason: FetchReason, detail: str) -> None:
        if self._writer.failure(failure(self._source.name, url, reason, detail)):
            self.counts.failed[reason] += 1

    def usable(self, remembered: RememberedPage | None) -> RememberedPage | None:
        """What is remembered of a page, if it saves reading it unchanged: where links count, they must be known."""
        if remembered is None or (self.follow_links and remembered.holds.links is None):
            return None
        return remembered

    def _wanted(self, targets: Iterable[Target]) -> Iterator[Target]:
        for target in targets:
            if (target.role == "data" and not target.url.startswith("file:")) or same_shop(target.url, self._start):
                yield Target(urldefrag(target.url).url, target.role, target.category, target.changed)


def _document(target: Target, response: Response) -> Document:
    kind = header(response, "Content-Type") or ""
    if target.role == "data":
        return Document(target, response.body, None, kind)
    if kind and not any(word in kind.lower() for word in _TEXT):
        return Document(target, response.body, None, kind)
    _, text = html_to_unicode(kind or None, response.body, auto_detect_fun=_looks_like)
    return Document(target, response.body, text, kind)


def _looks_like(body: bytes) -> str:
    """For pages that tell no encoding: UTF-8 where it is, else what browsers take for it."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _without_images(products: Iterable[PageProduct | Problem]) -> Iterator[PageProduct | Problem]:
    for each in products:
        if isinstance(each, PageProduct) and each.image_urls:
            yield replace(each, image_urls=())
        else:
            yield each
