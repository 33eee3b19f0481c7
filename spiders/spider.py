"""The spider: asks for what the frontier holds, hands it to the source's reader, and brings products into the feed."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import chain, islice
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import aiohttp
from w3lib.encoding import html_to_unicode

from recognition.vocabulary import FetchReason
from spiders.client import Client
from spiders.discovery import pages_of_sitemaps
from spiders.errors import HostClosedError, HttpStatusError, NotForUsError, SpiderError, TooLargeError
from spiders.failures import detail_of, is_disk_full, reason_of
from spiders.feed import FeedWriter
from spiders.fetch import Answer
from spiders.frontier import Frontier, Harvest, Place
from spiders.hosts import same_shop
from spiders.items import failure
from spiders.marks import marks_of
from spiders.memory import Holdings, RememberedPage, SourceMemory, Validators
from spiders.pages import PageProduct
from spiders.photos import PhotoDesk
from spiders.reader import Document, Found, Problem, Reader, Target
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


@dataclass(slots=True)
class Counts:
    """What became of the pages of this attempt."""

    pages: int = 0
    unchanged: int = 0
    unasked: int = 0
    postponed: int = 0
    failed: Counter[FetchReason] = field(default_factory=Counter)


class ShopSpider:
    """One crawl of one source.

    `postponed` are addresses that failed on earlier nights and are not due yet: only what their source says has changed
    is asked for all the same.
    """

    def __init__(
        self,
        source: WebKind,
        reader: Reader,
        *,
        client: Client,
        frontier: Frontier,
        memory: SourceMemory,
        photos: PhotoDesk,
        writer: FeedWriter,
        postponed: frozenset[str] = frozenset(),
        most_products: int | None = None,
    ) -> None:
        self._source = source
        self._reader = reader
        self._client = client
        self._frontier = frontier
        self._memory = memory
        self._photos = photos
        self._writer = writer
        self._postponed = postponed
        self._most_products = most_products
        self._start = reader.start()
        self._shop = None if self._start[0].url.startswith("file:") else client.host_of(self._start[0].url)
        self._follow_links = False
        self.counts = Counts()
        self.reached = False

    async def run(self) -> None:
        """Crawl until nothing is left to ask for, or the source is not to be asked any more."""
        await self._discover()
        for place, harvest in self._frontier.unfinished():
            self.reached = True
            await self._finish(place, harvest)
        visits: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(visits) < self._source.concurrency and (next_place := self._next()):
                    visits.add(asyncio.ensure_future(self._visit(next_place)))
                if not visits:
                    break
                done, visits = await asyncio.wait(visits, return_when=asyncio.FIRST_COMPLETED)
                for visit in done:
                    visit.result()
        finally:
            for visit in visits:
                visit.cancel()
            await asyncio.gather(*visits, return_exceptions=True)

    @property
    def closed(self) -> HostClosedError | None:
        """Why the source itself is left alone for this night; None where it is not."""
        return self._shop.closed if self._shop else None

    def _next(self) -> Place | None:
        return None if self.closed or self._has_enough else self._frontier.take()

    @property
    def _has_enough(self) -> bool:
        return self._most_products is not None and self._writer.products >= self._most_products

    async def _discover(self) -> None:
        """The reader's start, and the pages of the sitemap behind it; once in a crawl, however often it is killed.

        What is to be asked for anyway comes before what the sitemap calls unchanged: it shows whether that is true.
        """
        if self._frontier.note(_DISCOVERED) is None:
            self._frontier.add(self._start, 0, self._source.max_pages)
            pages: tuple[Target, ...] = ()
            if getattr(self._reader, "uses_sitemap", False):
                pages = await pages_of_sitemaps(self._client, self._start[0].url, self._source.max_pages)
            same = self._memory.same_by_sitemap(pages, sample=max(5, len(pages) // 50))
            self._frontier.add((page for page in pages if page.url not in same), 1, self._source.max_pages)
            self._frontier.add((page for page in pages if page.url in same), _SAME_DEPTH, self._source.max_pages)
            self._frontier.set_note(_FOLLOW_LINKS, "" if pages else "yes")
            self._frontier.set_note(_DISCOVERED, "yes")
        self._follow_links = bool(self._frontier.note(_FOLLOW_LINKS))

    async def _visit(self, place: Place) -> None:
        """One target, whatever comes of it: a row at worst."""
        target = place.target
        try:
            if self._room_for(target) == 0:
                self._frontier.done(target.url)
                return
            await self._read(place)
        except HostClosedError as error:
            if error is not self.closed:  # the shop itself is told of once, and its pages wait for another night
                self._fail(target.url, reason_of(error), detail_of(error))
                self._frontier.done(target.url)
        except Exception as error:  # whatever a page does to us costs the page
            if is_disk_full(error):
                raise
            self._fail(target.url, _reason_of_page(error), detail_of(error))
            self._frontier.done(target.url)

    async def _read(self, place: Place) -> None:
        target = place.target
        remembered = self._memory.page(target.url)
        if remembered is not None and self._is_same_by_sitemap(place, remembered):
            self.counts.unasked += 1
            await self._keep(place, remembered.holds, unchanged=True)
            return
        if self._is_put_off(place, remembered):
            self.counts.postponed += 1
            self._frontier.done(target.url)
            return
        path = self._local_file(target)
        if path is not None:
            await self._take(place, self._reader.read(Document(target, b"", None, path=path)), None)
            return
        usable = remembered if remembered is not None and self._knows_enough(remembered) else None
        answer = await self._client.get(
            target.url,
            getattr(self._source, "max_bytes", MAX_PAGE_BYTES) if target.role == "data" else MAX_PAGE_BYTES,
            conditions=usable.validators.conditions if usable else {},
            stay=self._stays_in_shop if target.role != "data" else None,
        )
        if answer.status == HTTPStatus.NOT_MODIFIED and usable is not None:
            await self._confirm(place, usable)
            return
        if answer.status != HTTPStatus.OK:
            raise HttpStatusError(answer.status)
        self.reached = True
        digest = hashlib.sha256(answer.body).hexdigest()
        if usable is not None and usable.digest == digest:
            await self._confirm(place, usable)
            return
        await self._take_answer(place, answer, digest, remembered)

    async def _confirm(self, place: Place, remembered: RememberedPage) -> None:
        self.reached = True
        self.counts.pages += 1
        self.counts.unchanged += 1
        self._memory.confirm_page(place.target.url, place.target.changed)
        await self._keep(place, remembered.holds, unchanged=True)

    async def _take_answer(self, place: Place, answer: Answer, digest: str, remembered: RememberedPage | None) -> None:
        """What a page says now, against what it said before."""
        self.counts.pages += 1
        target = place.target
        document = _document(target, answer)
        if document.text is not None and answer.body.count(b"<") > MAX_ELEMENTS:
            raise TooLargeError(f"the page has more than {MAX_ELEMENTS} elements")
        marks = marks_of(answer.headers.getall("X-Robots-Tag", ()), document.text)
        if not marks.products:
            raise NotForUsError("the page says that it is not to be used (noindex)")
        found = self._reader.read(document)
        kept = RememberedPage(
            target.url,
            Validators(answer.header("ETag"), answer.header("Last-Modified")),
            target.changed,
            digest,
            Holdings(),
        )
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
        items = await asyncio.gather(*(self._photos.complete(product, unchanged=unchanged) for product in chosen))
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

    def _fail(self, url: str, reason: FetchReason, detail: str) -> None:
        if self._writer.failure(failure(self._source.name, url, reason, detail)):
            self.counts.failed[reason] += 1

    def _is_same_by_sitemap(self, place: Place, remembered: RememberedPage) -> bool:
        told = place.target.changed
        return place.depth >= _SAME_DEPTH and remembered.changed == told is not None and self._memory.trusts_sitemap

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
            if (target.role == "data" and not target.url.startswith("file:")) or self._stays_in_shop(target.url):
                yield Target(urldefrag(target.url).url, target.role, target.category, target.changed)

    def _stays_in_shop(self, url: str) -> bool:
        return same_shop(url, self._start[0].url)

    def _local_file(self, target: Target) -> Path | None:
        """Only the reader itself may name files of this machine, never a page."""
        if target.url.startswith("file://") and target in self._start:
            return Path(unquote(urlsplit(target.url).path))
        return None


def _reason_of_page(error: Exception) -> FetchReason:
    """What neither the network nor a rule explains comes from reading a page that nobody could have foreseen."""
    known = isinstance(error, SpiderError | aiohttp.ClientError | OSError)
    return reason_of(error) if known else FetchReason.PARSE


def _document(target: Target, answer: Answer) -> Document:
    kind = answer.header("Content-Type") or ""
    if target.role == "data":
        return Document(target, answer.body, None, kind)
    if kind and not any(word in kind.lower() for word in _TEXT):
        return Document(target, answer.body, None, kind)
    _, text = html_to_unicode(kind or None, answer.body, auto_detect_fun=_looks_like)
    return Document(target, answer.body, text, kind)


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
