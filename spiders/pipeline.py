"""From what a page says to a line of the feed: fetch the images, store them, validate the whole, write it."""

import asyncio
import sys
from datetime import UTC, datetime

from pydantic import ValidationError
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from recognition.vocabulary import FetchReason
from spiders.failures import HttpStatusError, detail_of, reason_of
from spiders.images import RememberedImage
from spiders.items import ImageRef, ProductItem
from spiders.pages import PageProduct
from spiders.site import SiteSpider

MAX_IMAGES_PER_PRODUCT = 8
_IMAGES_IN_MEMORY = 4  # each may be 20 MiB, and its pixels 75: this bounds the process
_PROGRESS_EVERY = 25
_OK, _NOT_MODIFIED = 200, 304


class FeedPipeline:
    """Takes PageProducts, leaves ProductItems in the feed; what cannot be taken becomes a failure row."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._images: dict[str, asyncio.Task[ImageRef | None]] = {}
        self._room = asyncio.Semaphore(_IMAGES_IN_MEMORY)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "FeedPipeline":
        """Built by Scrapy."""
        return cls(crawler)

    @property
    def _spider(self) -> SiteSpider:
        spider = self._crawler.spider
        if not isinstance(spider, SiteSpider):
            raise TypeError("FeedPipeline belongs to SiteSpider")
        return spider

    async def process_item(self, item: PageProduct) -> PageProduct:
        """Complete one product and write it; an image that fails costs the image, not the product."""
        writer = self._spider.writer
        images = await asyncio.gather(*(self._image(url) for url in item.image_urls[:MAX_IMAGES_PER_PRODUCT]))
        distinct = {image.sha256: image for image in images if image is not None}
        try:
            product = ProductItem(
                source=self._spider.source.name,
                sku=item.sku,
                title=item.title,
                brand=item.brand,
                category=item.category,
                gtin=item.gtin,
                mpn=item.mpn,
                group=item.group,
                variant=item.variant,
                description=item.description,
                url=item.url,
                price=item.price,
                currency=item.currency,
                availability=item.availability,
                images=tuple(distinct.values()),
                seen_at=datetime.now(UTC),
            )
        except ValidationError as error:
            self._spider.record(item.url, FetchReason.PARSE, str(error.errors(include_url=False)[0]["msg"]))
            return item
        if not writer.product(product):
            self._spider.logger.info("%s: SKU %s is in the feed already, from another address", item.url, item.sku)
        if writer.products % _PROGRESS_EVERY == 0:
            self.show_progress()
        return item

    def show_progress(self) -> None:
        """One line for whoever watches."""
        writer = self._spider.writer
        sys.stderr.write(
            f"{self._spider.source.name}: {writer.products} products, {writer.images} images, "
            f"{writer.failures} failures\n"
        )
        sys.stderr.flush()

    async def _image(self, url: str) -> ImageRef | None:
        """One image, fetched at most once in a crawl however many products show it."""
        task = self._images.get(url)
        if task is None:
            task = self._images[url] = asyncio.ensure_future(self._fetch(url))
        return await task

    async def _fetch(self, url: str) -> ImageRef | None:
        async with self._room:
            try:
                return await self._fetch_or_raise(url)
            except Exception as error:  # noqa: BLE001 - every way an image can fail is a row; none may end the crawl
                self._spider.record(url, reason_of(error), detail_of(error))
                return None

    async def _fetch_or_raise(self, url: str) -> ImageRef:
        known = self._spider.memory.recall(url)
        usable = known is not None and self._spider.store.holds(known.image)
        headers = dict(known.conditions) if known and usable else {}
        request = Request(url, headers=headers, meta={"allow_offsite": True})
        response = await self._crawler.engine.download_async(request)
        if response.status == _NOT_MODIFIED and known is not None and usable:
            return known.image
        if response.status != _OK:
            raise HttpStatusError(response.status)
        # In a thread: checking a photo takes tens of milliseconds, in which no other page could arrive.
        image = await asyncio.to_thread(self._spider.store.add, response.body, url)
        self._spider.memory.keep(RememberedImage(image, _header(response, "ETag"), _header(response, "Last-Modified")))
        return image


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
