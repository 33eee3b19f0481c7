"""Scrapy's scheduler over our frontier: a killed crawl goes on where it was."""

from collections import deque

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler

from spiders.spider import ShopSpider


class FrontierScheduler(BaseScheduler):
    """Hands out the spider's next request; one that is to be made again, or was redirected, comes before it.

    Those live in memory only: the place they belong to is still taken in the frontier, and waits again after a kill.
    """

    def __init__(self) -> None:
        self._again: deque[Request] = deque()
        self._spider: ShopSpider | None = None

    def open(self, spider: Spider) -> None:
        """Begin; called by the engine."""
        if not isinstance(spider, ShopSpider):
            raise TypeError("the frontier's scheduler serves a ShopSpider")
        self._spider = spider

    def has_pending_requests(self) -> bool:
        """Whether a request waits here; what waits in the frontier keeps the spider's `start` from ending."""
        return bool(self._again)

    def enqueue_request(self, request: Request) -> bool:
        """Take a request of the engine's."""
        self._again.append(request)
        return True

    def next_request(self) -> Request | None:
        """The next request to make."""
        if self._again:
            return self._again.popleft()
        return self._spider.next_request() if self._spider else None
