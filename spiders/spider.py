"""The spider: makes requests of what the frontier holds, and hands what comes to the harvester."""

import asyncio
from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from spiders.asking import component, request_for
from spiders.discovery import pages_of_sitemaps
from spiders.disk import is_disk_full
from spiders.errors import BadAddressError, HostClosedError
from spiders.failures import detail_of, reason_of
from spiders.frontier import Place
from spiders.harvest import Harvester, Visit
from spiders.manners import Manners
from spiders.memory import RememberedPage
from spiders.reader import Document, Target
from spiders.robots import ObeyRobots

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""Of a page; the photos and the data files of a source have limits of their own."""

_SAME_DEPTH = 2
_FOLLOW_LINKS = "follow links"
_DISCOVERED = "discovered"


class ShopSpider(Spider):
    """One crawl of one source.

    The frontier, not the spider, knows what is still to be asked: the engine's scheduler takes its requests from
    `next_request`. A page is done when its products are in the feed; so `parse_page` sees to that itself, and no item
    goes through a pipeline whose end nobody would hear of.
    """

    name = "shop"

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self._source = visit.source
        self._reader = visit.reader
        self._frontier = visit.frontier
        self._memory = visit.memory
        self._postponed = visit.postponed
        self._start = visit.reader.start()
        self._discovered = False
        self._asks_same = False
        self._under_way = 0
        self._quiet = asyncio.Event()
        self.harvester = Harvester(visit, self._ask)
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
        """The next request; None where nothing is left to ask for now, or enough is under way.

        No more pages are under way than are asked for at a time, until what they hold is written down: a kill costs
        no more.
        """
        if self._frontier.out >= self._source.concurrency:
            return None
        try:
            while place := self._next(same=self.harvester.follow_links or self._asks_same):
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
            await self.harvester.safely(place, self.harvester.read(response, place, remembered))
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
                self.harvester.lose(place, reason_of(error), detail_of(error))
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

    async def _until_quiet(self) -> AsyncIterator[Request]:
        """Wake the engine with a request, and wait until nothing is under way and nothing left to ask for."""
        while request := self.next_request():
            yield request
            await self._quiet.wait()

    def _next(self, *, same: bool) -> Place | None:
        """The next place; `same`: also one of which the sitemap says that nothing has changed."""
        if not self._discovered or self.fatal or self.closed or self.harvester.has_enough:
            return None
        return self._frontier.take(None if same else _SAME_DEPTH)

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
        self.harvester.follow_links = bool(self._frontier.note(_FOLLOW_LINKS))
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
            self.harvester.reached = True
            await self.harvester.finish(place, harvest)

    async def _read_local_file(self) -> None:
        """Only the reader itself may name a file of this machine, never a page."""
        if self._start[0].url.startswith("file://") and (place := self._next(same=True)):
            path = Path(unquote(urlsplit(place.target.url).path))
            found = self._reader.read(Document(place.target, b"", None, path=path))
            await self.harvester.safely(place, self.harvester.take(place, found))

    async def _keep_same(self) -> None:
        """Take the sitemap's word for what has not changed; what it does not vouch for is left to be asked for."""
        asked: list[str] = []
        while self._memory.trusts_sitemap and (place := self._next(same=True)):
            remembered = self._memory.page(place.target.url)
            if remembered is not None and remembered.changed == place.target.changed is not None:
                self.harvester.counts.unasked += 1
                await self.harvester.safely(place, self.harvester.keep(place, remembered.holds, unchanged=True))
            else:
                asked.append(place.target.url)
        self._frontier.again(asked)
        self._asks_same = True

    def _request(self, place: Place) -> Request | None:
        """The request for a place; None where it need not be asked for."""
        target = place.target
        remembered = self._memory.page(target.url)
        if self.harvester.room_for(target) == 0:
            self._frontier.done(target.url)
            return None
        if self._is_put_off(place, remembered):
            self.harvester.counts.postponed += 1
            self._frontier.done(target.url)
            return None
        is_data = target.role == "data"
        most = getattr(self._source, "max_bytes", MAX_PAGE_BYTES) if is_data else MAX_PAGE_BYTES
        usable = self.harvester.usable(remembered)
        conditions = usable.validators.conditions if usable else {}
        try:
            request = request_for(target.url, most, conditions=conditions, in_shop=not is_data)
        except BadAddressError as error:
            self.harvester.lose(place, reason_of(error), detail_of(error))
            return None
        request.callback, request.errback = self.parse_page, self.failed
        request.cb_kwargs.update(place=place, remembered=remembered)
        return request

    def _is_put_off(self, place: Place, remembered: RememberedPage | None) -> bool:
        """Failed on earlier nights and not due, unless the source says that it has changed since; never the start."""
        target = place.target
        changed = target.changed is not None and remembered is not None and remembered.changed != target.changed
        return place.depth > 0 and target.url in self._postponed and not changed
