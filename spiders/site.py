"""The spider of a shop: decides where to go next. What a page says is read in `pages`, what an image is in `images`."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin

from scrapy import Request, Spider
from scrapy.http import HtmlResponse, Response, TextResponse
from scrapy.linkextractors import LinkExtractor
from scrapy.utils.sitemap import sitemap_urls_from_robots
from twisted.python.failure import Failure

from recognition.vocabulary import FetchReason
from spiders.errors import NoProductError, PageUnreadableError
from spiders.failures import detail_of, reason_of
from spiders.feed import FeedWriter
from spiders.hosts import same_shop
from spiders.images import ImageMemory, ImageStore
from spiders.items import failure
from spiders.pages import PageProduct, read_product
from spiders.sitemaps import read_sitemap
from spiders.sources import SiteSource

MAX_SITEMAPS = 200
_OK = 200


class SiteSpider(Spider):
    """Crawls one shop: the pages of its sitemap, or without one the links from its start page, breadth first."""

    name = "site"

    def __init__(self, source: SiteSource, writer: FeedWriter, store: ImageStore, memory: ImageMemory) -> None:
        super().__init__()
        self.source = source
        self.start_url = source.url
        self.writer = writer
        self.store = store
        self.memory = memory
        self.reached = False
        self._follow_links = False
        self._asked: set[str] = set()
        self._links = LinkExtractor(tags=("a",), attrs=("href",))

    async def start(self) -> AsyncIterator[Request]:
        """The start page first (it tells whether the shop is there at all), then what the sitemap lists."""
        pages = await self._pages_of_sitemap()
        self._follow_links = not pages
        yield self._page(self.start_url, is_start=True)
        for url in pages:
            # A page that a killed attempt has in its feed already is not asked for again.
            if url not in self.writer.done and self._is_wanted(url):
                yield self._page(url)

    def parse(self, response: Response, *, is_start: bool = False) -> Iterator[PageProduct | Request]:
        """One page of the shop: its product, and its links where there is no sitemap to go by."""
        self.reached = True
        url = _asked_url(response.request or response)
        try:
            yield read_product(_text_of(response), url, self.source.sku_prefix)
        except (NoProductError, PageUnreadableError) as error:
            # The front page and, without a sitemap, listing pages are ways to products: nothing is missing on them.
            if isinstance(error, PageUnreadableError) or not (is_start or self._follow_links):
                self.record(url, reason_of(error), str(error))
        if self._follow_links and isinstance(response, HtmlResponse):
            for link in self._links.extract_links(response):
                if not link.nofollow and self._is_wanted(link.url):
                    yield self._page(link.url)

    def page_failed(self, failed: Failure) -> None:
        """A page that did not come: a row, and the crawl goes on."""
        request: Request = failed.request  # type: ignore[attr-defined]
        error = failed.value or RuntimeError("the request failed without saying why")
        self.record(_asked_url(request), reason_of(error), detail_of(error))

    def record(self, url: str, reason: FetchReason, detail: str) -> None:
        """Write one failure row."""
        self.logger.info("%s: %s: %s", url, reason, detail)
        self.writer.failure(failure(self.source.name, url, reason, detail))

    def _page(self, url: str, *, is_start: bool = False) -> Request:
        self._asked.add(urldefrag(url).url)
        return Request(
            url, callback=self.parse, errback=self.page_failed, cb_kwargs={"is_start": is_start}, dont_filter=is_start
        )

    def _is_wanted(self, url: str) -> bool:
        clean = urldefrag(url).url
        return (
            len(self._asked) < self.source.max_pages and clean not in self._asked and same_shop(clean, self.start_url)
        )

    async def _pages_of_sitemap(self) -> tuple[str, ...]:
        """The pages that the sitemaps list, each once, in their order; empty where there is no usable sitemap."""
        robots = await self._fetch(urljoin(self.start_url, "/robots.txt"), {"dont_obey_robotstxt": True})
        named = list(sitemap_urls_from_robots(robots.body, base_url=self.start_url)) if robots else []
        queue = named or [urljoin(self.start_url, "/sitemap.xml")]
        pages: dict[str, None] = {}
        seen: set[str] = set()
        while queue and len(seen) < MAX_SITEMAPS and len(pages) < self.source.max_pages:
            url = queue.pop(0)
            if url in seen or not same_shop(url, self.start_url):
                continue
            seen.add(url)
            response = await self._fetch(url, {})
            if response is not None:
                sitemap = read_sitemap(response.body, url)
                queue.extend(sitemap.sitemaps)
                pages.update(dict.fromkeys(page for page in sitemap.pages if same_shop(page, self.start_url)))
        return tuple(pages)[: self.source.max_pages]

    async def _fetch(self, url: str, meta: dict[str, Any]) -> Response | None:
        """A robots file or sitemap, or None: shops without one are usual, so there is no failure row for it."""
        try:
            response = await self.crawler.engine.download_async(Request(url, meta=meta))
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the start page will tell what it means
            self.logger.warning("%s: %s", url, detail_of(error))
            return None
        return response if response.status == _OK else None


def _text_of(response: Response) -> str:
    if not isinstance(response, TextResponse):
        kind = response.headers.get("Content-Type") or b"of an unknown kind"
        raise NoProductError(f"this is not a page of text: it is {kind.decode('latin-1')}")
    return response.text


def _asked_url(request: Request | Response) -> str:
    """The address that was asked for before any redirect, without its fragment: a product's name across nights."""
    redirects = request.meta.get("redirect_urls") if isinstance(request, Request) else None
    return urldefrag(redirects[0] if redirects else request.url).url
