"""Scrapy set up for shops that nobody vetted: its settings, each with its reason, and one run."""

from dataclasses import dataclass
from typing import Any

from scrapy.crawler import CrawlerProcess

from spiders.feed import CrawlFiles, FeedWriter
from spiders.images import ImageMemory, ImageStore
from spiders.site import SiteSpider
from spiders.sources import SiteSource

MAX_BODY_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ending:
    """How a crawl of a shop ended: whether any page came at all, and whether it ran to its end."""

    reached: bool
    finished: bool


def crawl_site(source: SiteSource, files: CrawlFiles, store: ImageStore, writer: FeedWriter) -> Ending:
    """Crawl one shop into the writer. Once in a process: Twisted's reactor cannot be started again."""
    memory = ImageMemory(files.image_cache)
    process = CrawlerProcess(scrapy_settings(source, files))
    crawler = process.create_crawler(SiteSpider)
    process.crawl(crawler, source=source, writer=writer, store=store, memory=memory)
    try:
        process.start()
    finally:
        memory.close()
    spider = crawler.spider
    reached = isinstance(spider, SiteSpider) and spider.reached
    return Ending(reached=reached, finished=crawler.stats.get_value("finish_reason") == "finished")


def scrapy_settings(source: SiteSource, files: CrawlFiles) -> dict[str, Any]:
    """Scrapy's settings for one shop."""
    contact = source.contact or "no contact given"
    return {
        **_politeness(source),
        **_limits(),
        **_components(),
        "USER_AGENT": f"skuloop/0.1 (product catalogue crawler; {contact})",
        "SKULOOP_ALLOW_PRIVATE": source.allow_private,
        "LOG_FILE": str(files.log),
        "LOG_LEVEL": "INFO",
    }


def _politeness(source: SiteSource) -> dict[str, Any]:
    return {
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": "skuloop",
        "DOWNLOAD_DELAY": source.download_delay,
        "CONCURRENT_REQUESTS": max(8, source.concurrency),
        "CONCURRENT_REQUESTS_PER_DOMAIN": source.concurrency,
        # Without a wish for delay there is nothing to throttle; otherwise a slow shop is asked more slowly.
        "AUTOTHROTTLE_ENABLED": source.download_delay > 0,
        "AUTOTHROTTLE_START_DELAY": source.download_delay,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(source.concurrency),
        "AUTOTHROTTLE_MAX_DELAY": 30.0,
        "COOKIES_ENABLED": False,  # a catalogue is the same for everybody; a session is nobody's business
        "RETRY_TIMES": 2,
        "DEPTH_PRIORITY": 1,  # with the queues below: breadth first
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    }


def _limits() -> dict[str, Any]:
    return {
        "DOWNLOAD_MAXSIZE": MAX_BODY_BYTES,  # the default is 1 GiB
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": 20,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,  # off by default
        "REDIRECT_MAX_TIMES": 3,
        "METAREFRESH_ENABLED": False,
        "HTTPPROXY_ENABLED": False,  # a proxy would resolve names for us, past the guard
        "CONCURRENT_ITEMS": 4,  # the default of 100 holds the images of a hundred products in memory
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,  # it would open a port on this machine
        # Nothing but the web: a page must not make us read files of this machine.
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None},
    }


def _components() -> dict[str, Any]:
    scrapy = "scrapy.downloadermiddlewares"
    return {
        "TWISTED_DNS_RESOLVER": "spiders.guard.GuardedResolver",
        "ITEM_PIPELINES": {"spiders.pipeline.FeedPipeline": 100},
        "DOWNLOADER_MIDDLEWARES": {
            f"{scrapy}.offsite.OffsiteMiddleware": None,
            f"{scrapy}.robotstxt.RobotsTxtMiddleware": None,
            f"{scrapy}.redirect.RedirectMiddleware": None,
            f"{scrapy}.httpcompression.HttpCompressionMiddleware": None,
            "spiders.middlewares.StayInShop": 50,
            "spiders.middlewares.ObeyRobots": 100,
            "spiders.middlewares.BoundedCompression": 590,
            "spiders.middlewares.FewRedirects": 600,
            "spiders.guard.GuardMiddleware": 900,
        },
    }
