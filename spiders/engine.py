"""Scrapy set up for shops that nobody vetted: its settings, each with its reason."""

import logging
from typing import Any

from scrapy import Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler

from spiders.agent import user_agent
from spiders.manners import SLOWEST
from spiders.sources import WebSource
from spiders.spider import MAX_PAGE_BYTES

# What others of ours stand in for, or what has nothing to do here and costs time at every request.
_UNUSED_ON_THE_WAY = tuple(
    f"scrapy.downloadermiddlewares.{name}"
    for name in (
        "offsite.OffsiteMiddleware", "robotstxt.RobotsTxtMiddleware", "httpcompression.HttpCompressionMiddleware",
        "redirect.RedirectMiddleware", "httpauth.HttpAuthMiddleware", "defaultheaders.DefaultHeadersMiddleware",
    )
)  # fmt: skip
_UNUSED_AROUND_THE_SPIDER = tuple(
    f"scrapy.spidermiddlewares.{name}"
    for name in (
        "httperror.HttpErrorMiddleware", "urllength.UrlLengthMiddleware",
        "depth.DepthMiddleware", "metacopy.MetaCopyDetectionMiddleware",
    )
)  # fmt: skip
_UNUSED_EXTENSIONS = tuple(f"scrapy.extensions.{name}" for name in ("logstats.LogStats", "logcount.LogCount"))


def crawler_for(spider: type[Spider], source: WebSource, shop: str, **more: Any) -> Crawler:
    """A crawler for a source whose pages are those of `shop` (an address of it); `more` are further settings."""
    logging.getLogger("scrapy").setLevel(logging.ERROR)  # what a shop does is told in rows, not on the screen
    return AsyncCrawlerRunner(_settings(source, shop) | more).create_crawler(spider)


def _settings(source: WebSource, shop: str) -> dict[str, Any]:
    return {
        **_politeness(source),
        **_limits(source),
        **_components(),
        "SKULOOP_ALLOW_PRIVATE": source.allow_private,
        "SKULOOP_SHOP": shop,
        "USER_AGENT": user_agent(source.contact),
    }


def _politeness(source: WebSource) -> dict[str, Any]:
    return {
        "DOWNLOAD_DELAY": source.download_delay,
        "DOWNLOAD_DELAY_JITTER": 0,  # a delay that a host asks for is never cut short
        "CONCURRENT_REQUESTS_PER_DOMAIN": source.concurrency,
        "CONCURRENT_REQUESTS": source.concurrency,  # of pages; pictures are asked for past the scheduler
        # Without a wish for delay there is nothing to throttle; otherwise a slow shop is asked more slowly.
        "AUTOTHROTTLE_ENABLED": source.download_delay > 0,
        "AUTOTHROTTLE_START_DELAY": source.download_delay,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(source.concurrency),
        "AUTOTHROTTLE_MAX_DELAY": SLOWEST,
        "CONCURRENT_ITEMS": 1,  # no items go through Scrapy; its 100 would be a hundred tasks for each page
        "REFERRER_POLICY": "scrapy.spidermiddlewares.referer.NoReferrerPolicy",  # nobody need know where we come from
        "COOKIES_ENABLED": False,  # a catalogue is the same for everybody
        "RETRY_TIMES": 2,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "RETRY_EXCEPTIONS": ["scrapy.exceptions.DownloadFailedError"],
    }


def _limits(source: WebSource) -> dict[str, Any]:
    return {
        "DOWNLOAD_MAXSIZE": MAX_PAGE_BYTES,  # the default is 1 GiB
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": source.timeout_seconds,
        "REDIRECT_MAX_TIMES": 3,
        "METAREFRESH_ENABLED": False,
        "HTTPPROXY_ENABLED": False,  # a proxy would resolve names for us, past the guard
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,  # it would open a port on this machine
        "MEMUSAGE_ENABLED": False,
        "STATS_DUMP": False,
        "DOWNLOADER_STATS": False,  # requests and bytes are counted where they go out
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        # Nothing but the web: a page must not make us read files of this machine.
        "DOWNLOAD_HANDLERS": {
            "http": "spiders.download.GuardedDownload",
            "https": "spiders.download.GuardedDownload",
            **dict.fromkeys(("data", "file", "ftp", "s3")),
        },
    }


def _components() -> dict[str, Any]:
    ours = {
        "spiders.middlewares.StayInShop": 50,
        "spiders.robots.ObeyRobots": 100,
        "spiders.manners.Manners": 560,  # sees what was unpacked, before it is tried again
        "spiders.middlewares.BoundedCompression": 590,
        "spiders.middlewares.FewRedirects": 600,
    }
    return {
        "TWISTED_REACTOR_ENABLED": False,  # plain asyncio: a crawl can run wherever a loop can
        "DOWNLOADER_MIDDLEWARES": dict.fromkeys(_UNUSED_ON_THE_WAY) | ours,
        "SPIDER_MIDDLEWARES": dict.fromkeys(_UNUSED_AROUND_THE_SPIDER),
        "EXTENSIONS": dict.fromkeys(_UNUSED_EXTENSIONS),
    }
