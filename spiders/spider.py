"""The spider: makes requests of what the frontier holds, lets the source's reader read what comes, fills the feed."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from itertools import chain, islice
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure
from w3lib.encoding import html_to_unicode

from recognition.vocabulary import FetchReason
from spiders.answers import component, header, request_for, robots_tags, validators_of
from spiders.discovery import pages_of_sitemaps
from spiders.errors import (
    BadAddressError,
    HostClosedError,
    HttpStatusError,
    NotForUsError,
    SpiderError,
    TooLargeError,
)
from spiders.failures import detail_of, is_disk_full, reason_of
from spiders.feed import FeedWriter
from spiders.frontier import Frontier, Harvest, Place
from spiders.hosts import same_shop
from spiders.images import ImageStore
from spiders.items import failure
from spiders.manners import Manners
from spiders.marks import marks_of
from spiders.memory import Holdings, RememberedPage, SourceMemory
from spiders.pages import PageProduct
from spiders.photos import PhotoDesk
from spiders.reader import Document, Found, Problem, Reader, Target
from spiders.robots import ObeyRobots
from spiders.sources import WebKind

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""Of a page; the photos and the data files of a source have limits of their own."""

MAX_ELEMENTS = 100_000
"""Of a page, by its opening brackets: a tree takes half a kilobyte for each, however short it is written."""

MAX_PRODUCTS_KEPT = 500
"""A page with more products is a data file: they go to the feed as they are read, and a killed crawl reads it again."""

_AT_A_TIME = 8
_SAME_DEPTH = 2
_TEXT = ("text/", "html", "xml", "json", "javascript")
_FOLLOW_LINKS = "follow links"
_DISCOVERED = "discovered"
BEGUN = "begun"
"""Note of the frontier: when the crawl began, in seconds since 1970."""


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


class ShopSpider(Spider):
    """One crawl of one source.

    The frontier, not the spider, knows what is still to be asked: the engine's scheduler takes its requests from
    `next_request`. A page is done when its products are in the feed; so `parse` brings them there itself, and no item
    goes through a pipeline whose end nobody would hear of.
    """

    name = "shop"

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self._source = visit.source
        self._reader = visit.reader
        self._frontier = visit.frontier
        self._memory = visit.memory
        self._writer = visit.writer
        self._postponed = visit.postponed
        self._most_products = visit.most_products
        self._start = visit.reader.start()
        self._follow_links = False
        self._discovered = False
        self._asks_same = False
        self._under_way = 0
        self._quiet = asyncio.Event()
        self.photos = PhotoDesk(
            visit.source.name,
            ask=self._ask,
            store=visit.store,
            memory=visit.memory,
            record=self._record,
            begun=float(visit.frontier.note(BEGUN) or 0),
            postponed=visit.postponed,
        )
        self.counts = Counts()
        self.reached = False
        self.fatal: Exception | None = None
        """What ended the crawl before its time, and is to be blamed on no page."""

    async def start(self) -> AsyncIterator[Request]:
        """What comes before the first page and after the last; of the requests only those that wake the engine.

        What the sitemap calls unchanged is not asked for, once a sample of it has shown whether that is true.
        """
        try:
            await self._discover()
            await self._finish_earlier()
            await self._read_local_file()
            async for request in self._until_quiet():
                yield request
            await self._keep_same()
            async for request in self._until_quiet():
                yield request
        except Exception as error:
            raise self._give_up(error) from error

    def next_request(self) -> Request | None:
        """The next request; None where nothing is left to ask for, as far as is known now."""
        try:
            while place := self._next(same=self._follow_links or self._asks_same):
                request = self._request(place)
                if request is not None:
                    self._under_way += 1
                    self._quiet.clear()
                    return request
        except Exception as error:  # noqa: BLE001 - the engine would forget it; `fatal` does not
            self._give_up(error)
        return None

    async def parse_page(self, response: Response, place: Place, remembered: RememberedPage | None) -> None:
        """One page that came, whatever it holds: a row at worst."""
        try:
            await self._safely(place, self._read(response, place, remembered))
        except Exception as error:
            raise self._give_up(error) from error
        finally:
            self._leave()

    def failed(self, failed: Failure) -> None:
        """A page that did not come: a row, but where the shop is closed; it is told of once, and its pages wait."""
        place: Place = failed.request.cb_kwargs["place"]  # type: ignore[attr-defined]
        error = failed.value
        try:
            if not isinstance(error, Exception) or is_disk_full(error):
                raise self._give_up(
                    error if isinstance(error, Exception) else RuntimeError("the request was cancelled")
                )
            if error is not self.closed:
                self._lose(place, reason_of(error), detail_of(error))
        finally:
            self._leave()

    @property
    def closed(self) -> HostClosedError | None:
        """Why the source itself is left alone for this night; None where it is not."""
        shop = self._manners.hosts.get(urlsplit(self._start[0].url).hostname or "")
        return shop.closed if shop else None

    @cached_property
    def _manners(self) -> Manners:
        return component(self.crawler, Manners)

    async def _ask(self, request: Request) -> Response:
        return await self.crawler.engine.download_async(request)

    def _give_up(self, error: Exception) -> CloseSpider:
        self.fatal = self.fatal or error
        self._quiet.set()
        return CloseSpider("cannot go on")

    def _leave(self) -> None:
        self._under_way -= 1
        if self._under_way == 0:
            self._quiet.set()

    async def _safely(self, place: Place, work: Awaitable[None]) -> None:
        """Whatever a page does to us costs the page; a full disk is not the page's doing."""
        try:
            await work
        except Exception as error:
            if is_disk_full(error):
                raise
            self._lose(place, _reason_of_page(error), detail_of(error))

    def _lose(self, place: Place, reason: FetchReason, detail: str) -> None:
        self._fail(place.target.url, reason, detail)
        self._frontier.done(place.target.url)

    async def _until_quiet(self) -> AsyncIterator[Request]:
        """Wake the engine with a request, and wait until nothing is under way and nothing left to ask for."""
        while request := self.next_request():
            yield request
            await self._quiet.wait()

    def _next(self, *, same: bool) -> Place | None:
        """The next place; `same`: also one of which the sitemap says that nothing has changed."""
        if not self._discovered or self.fatal or self.closed or self._has_enough:
            return None
        return self._frontier.take(None if same else _SAME_DEPTH)

    @property
    def _has_enough(self) -> bool:
        return self._most_products is not None and self._writer.products >= self._most_products

    async def _discover(self) -> None:
        """The reader's start, and the pages of the sitemap behind it; once in a crawl, however often it is killed.

        What is to be asked for anyway comes before what the sitemap calls unchanged: it shows whether that is true.
        """
        if self._frontier.note(_DISCOVERED) is None:
            self._frontier.add(self._start, 0, self._source.max_pages)
            pages = await self._pages_of_sitemaps() if getattr(self._reader, "uses_sitemap", False) else ()
            same = self._memory.same_by_sitemap(pages, sample=max(5, len(pages) // 50))
            self._frontier.add((page for page in pages if page.url not in same), 1, self._source.max_pages)
            self._frontier.add((page for page in pages if page.url in same), _SAME_DEPTH, self._source.max_pages)
            self._frontier.set_note(_FOLLOW_LINKS, "" if pages else "yes")
            self._frontier.set_note(_DISCOVERED, "yes")
        self._follow_links = bool(self._frontier.note(_FOLLOW_LINKS))
        self._discovered = True

    async def _pages_of_sitemaps(self) -> tuple[Target, ...]:
        start = self._start[0].url
        try:
            named = (await component(self.crawler, ObeyRobots).rules(start)).sitemaps
        except Exception as error:
            if is_disk_full(error):
                raise
            named = ()  # the start page will tell what is wrong
        return await pages_of_sitemaps(self._ask, start, named, self._source.max_pages)

    async def _finish_earlier(self) -> None:
        """What a killed attempt had read and not brought into the feed."""
        for place, harvest in self._frontier.unfinished():
            self.reached = True
            await self._finish(place, harvest)

    async def _read_local_file(self) -> None:
        """Only the reader itself may name a file of this machine, never a page."""
        if self._start[0].url.startswith("file://") and (place := self._next(same=True)):
            path = Path(unquote(urlsplit(place.target.url).path))
            found = self._reader.read(Document(place.target, b"", None, path=path))
            await self._safely(place, self._take(place, found, None))

    async def _keep_same(self) -> None:
        """Take the sitemap's word for what has not changed; what it does not vouch for is left to be asked for."""
        asked: list[str] = []
        while self._memory.trusts_sitemap and (place := self._next(same=True)):
            remembered = self._memory.page(place.target.url)
            if remembered is not None and remembered.changed == place.target.changed is not None:
                self.counts.unasked += 1
                await self._safely(place, self._keep(place, remembered.holds, unchanged=True))
            else:
                asked.append(place.target.url)
        self._frontier.again(asked)
        self._asks_same = True

    def _request(self, place: Place) -> Request | None:
        """The request for a place; None where it need not be asked for."""
        target = place.target
        remembered = self._memory.page(target.url)
        if self._room_for(target) == 0:
            self._frontier.done(target.url)
            return None
        if self._is_put_off(place, remembered):
            self.counts.postponed += 1
            self._frontier.done(target.url)
            return None
        is_data = target.role == "data"
        most = getattr(self._source, "max_bytes", MAX_PAGE_BYTES) if is_data else MAX_PAGE_BYTES
        usable = remembered if remembered is not None and self._knows_enough(remembered) else None
        conditions = usable.validators.conditions if usable else {}
        try:
            request = request_for(target.url, most, conditions=conditions, in_shop=not is_data)
        except BadAddressError as error:
            self._lose(place, reason_of(error), detail_of(error))
            return None
        request.callback, request.errback = self.parse_page, self.failed
        request.cb_kwargs.update(place=place, remembered=remembered)
        return request

    async def _read(self, response: Response, place: Place, remembered: RememberedPage | None) -> None:
        usable = remembered if remembered is not None and self._knows_enough(remembered) else None
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
        await self._keep(place, remembered.holds, unchanged=True)

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
        await self._take(place, Found(products, links), kept, remembered)

    async def _take(
        self, place: Place, found: Found, page: RememberedPage | None, before: RememberedPage | None = None
    ) -> None:
        products = iter(found.products)
        first = list(islice(products, MAX_PRODUCTS_KEPT + 1))
        if page is None or len(first) > MAX_PRODUCTS_KEPT:  # a data file: too much to keep, read as a stream
            await self._stream(place, chain(first, products))
            return
        links = tuple(self._wanted(found.targets)) if self._follow_links else None
        holds = Holdings(
            tuple(each for each in first if isinstance(each, PageProduct)),
            tuple(each for each in first if isinstance(each, Problem)),
            links,
        )
        same = before is not None and before.holds.products == holds.products
        if before is not None and not same and before.changed == page.changed is not None:
            self._memory.distrust_sitemap()
        self._memory.keep_page(RememberedPage(page.url, page.validators, page.changed, page.digest, holds))
        await self._keep(place, holds, unchanged=same)

    async def _keep(self, place: Place, holds: Holdings, *, unchanged: bool) -> None:
        """Write down what a page holds; from here on nobody has to ask for it again."""
        for problem in holds.problems:
            self._fail(problem.url, problem.reason, problem.detail)
        harvest = Harvest(holds.products, unchanged)
        self._frontier.read(place, harvest, holds.links or (), self._source.max_pages)
        await self._finish(place, harvest)

    async def _finish(self, place: Place, harvest: Harvest) -> None:
        written = await self._write(place.target, harvest.products, unchanged=harvest.unchanged)
        self._frontier.done(place.target.url, written)

    async def _stream(self, place: Place, found: Iterator[PageProduct | Problem]) -> None:
        self.reached = True
        written = 0
        while not self._has_enough and (some := list(islice(found, _AT_A_TIME))):
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
        chosen = list(products)[: self._room_for(target, already)]
        items = await asyncio.gather(*(self.photos.complete(product, unchanged=unchanged) for product in chosen))
        room = self._room_for(target, already)  # again: others may have written while the photos came
        written = [self._writer.product(item) for item in items[:room] if item is not None]
        if written and not any(written):
            self._fail(target.url, FetchReason.DUPLICATE, "its products are in the feed already, from another address")
        return sum(written)

    def _room_for(self, target: Target, already: int = 0) -> int | None:
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

    def _is_put_off(self, place: Place, remembered: RememberedPage | None) -> bool:
        """Failed on earlier nights and not due, unless the source says that it has changed since; never the start."""
        target = place.target
        changed = target.changed is not None and remembered is not None and remembered.changed != target.changed
        return place.depth > 0 and target.url in self._postponed and not changed

    def _knows_enough(self, remembered: RememberedPage) -> bool:
        """Whether a page that has not changed need not be read: where links count, they must be known."""
        return remembered.holds.links is not None or not self._follow_links

    def _wanted(self, targets: Iterable[Target]) -> Iterator[Target]:
        for target in targets:
            if (target.role == "data" and not target.url.startswith("file:")) or same_shop(
                target.url, self._start[0].url
            ):
                yield Target(urldefrag(target.url).url, target.role, target.category, target.changed)


def _reason_of_page(error: Exception) -> FetchReason:
    """What neither the network nor a rule explains comes from reading a page that nobody could have foreseen."""
    known = isinstance(error, SpiderError | OSError)
    return reason_of(error) if known else FetchReason.PARSE


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
