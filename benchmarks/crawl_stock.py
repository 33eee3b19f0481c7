"""The peer: the same shop crawled by Scrapy as its documentation shows it, with the stock ImagesPipeline.

python -m benchmarks.crawl_stock URL FOLDER CONCURRENCY
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scrapy.crawler import CrawlerProcess
from scrapy.http import Response, TextResponse
from scrapy.spiders import SitemapSpider


class StockSpider(SitemapSpider):
    """Pages of the sitemap; name, price and picture from JSON-LD."""

    name = "stock"

    def parse(self, response: Response, **_: Any) -> Iterator[dict[str, Any]]:
        """One page."""
        assert isinstance(response, TextResponse)  # noqa: S101 - the benchmark's own shop
        found = json.loads(response.css('script[type="application/ld+json"]::text').get() or "{}")
        yield {
            "url": response.url,
            "sku": found["sku"],
            "title": found["name"],
            "price": found["offers"]["price"],
            "currency": found["offers"]["priceCurrency"],
            "availability": found["offers"]["availability"],
            "image_urls": found["image"],
        }


def main() -> int:
    url, folder, concurrency = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    process = CrawlerProcess(
        {
            "ITEM_PIPELINES": {"scrapy.pipelines.images.ImagesPipeline": 1},
            "IMAGES_STORE": str(folder / "images"),
            "FEEDS": {str(folder / "feed.jsonl"): {"format": "jsonlines"}},
            "CONCURRENT_REQUESTS": concurrency,
            "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency,
            "DOWNLOAD_DELAY": 0,
            "LOG_LEVEL": "ERROR",
            "ROBOTSTXT_OBEY": True,
        }
    )
    process.crawl(StockSpider, sitemap_urls=[f"{url}sitemap.xml"])
    process.start()
    return 0


if __name__ == "__main__":
    sys.exit(main())
