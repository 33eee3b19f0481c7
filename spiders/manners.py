"""Manners towards each host beyond Scrapy's own delay and concurrency: when to wait, and when to leave it alone."""

import asyncio
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from scrapy import Request
from scrapy.core.downloader import Downloader
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Response

from spiders.asking import header
from spiders.errors import BlockedError, HostClosedError, RateLimitedError
from spiders.walls import REFUSALS_IN_A_ROW, wall_in

PATIENCE_SECONDS = 600.0
"""How long a host may make us wait in one night, by Retry-After and its kin, before it is left alone."""

SLOWEST = 30.0
"""Seconds between two requests, at most, whatever a host or its robots.txt wishes."""

_FIRST_PAUSE = 5.0
_REFUSED = frozenset({401, 403})
_OVERLOADED = frozenset({429, 503})


@dataclass(slots=True)
class Host:
    """What is known of one host: how it was treated, and why it is left alone."""

    name: str
    asked_delay: float | None = None
    pauses: int = 0
    paused_seconds: float = 0.0
    closed: HostClosedError | None = None
    until: float = 0.0
    refusals: int = 0

    async def turn(self) -> None:
        """Wait while the host wants us to.

        Raises:
            HostClosedError: it is not to be asked any more.
        """
        while (wait := self.until - time.monotonic()) > 0 and self.closed is None:  # noqa: ASYNC110 - a time, no event
            await asyncio.sleep(wait)
        if self.closed is not None:
            raise self.closed

    def judge(self, response: Response) -> bool:
        """Learn from a response; True where the host was only overloaded, and may be asked again.

        Raises:
            HostClosedError: it shows that we are not wanted, or not now.
        """
        wall = wall_in(response.status, lambda name: header(response, name), response.body)
        self.refusals = self.refusals + 1 if response.status in _REFUSED else 0
        if wall is None and self.refusals >= REFUSALS_IN_A_ROW:
            wall = f"it refused {self.refusals} requests in a row ({response.status})"
        if wall is not None:
            raise self._close(BlockedError(f"{self.name} is left alone for this night: {wall}"))
        if response.status == 429 or (response.status in _OVERLOADED and header(response, "Retry-After")):
            self._pause(_retry_after(response) or _FIRST_PAUSE * 2**self.pauses)
            return True
        return False

    def _pause(self, seconds: float) -> None:
        if self.paused_seconds + seconds > PATIENCE_SECONDS:
            raise self._close(
                RateLimitedError(
                    f"{self.name} is left alone for this night: it asks to wait {seconds:.0f} s. Raise download_delay "
                    "of this source, or lower its concurrency."
                )
            )
        self.pauses += 1
        self.paused_seconds += seconds
        self.until = max(self.until, time.monotonic() + seconds)

    def _close(self, error: HostClosedError) -> HostClosedError:
        self.closed = self.closed or error
        return self.closed


class Manners:
    """Learns from each response what its host wants, and slows down where it asks for that.

    `Host.turn` is for whoever sends a request, at the last moment: it may have waited long in its queue.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self.hosts: dict[str, Host] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Manners":
        """Made by Scrapy."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Where a host has told its delay, nobody need guess it (AutoThrottle)."""
        if self.host_of(request).asked_delay is not None:
            request.meta["autothrottle_dont_adjust_delay"] = True

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """The response, or the same request once more where its host was overloaded.

        Raises:
            HostClosedError: the host is not to be asked any more.
        """
        host = self.host_of(request)
        if not host.judge(response):
            return response
        self._slow_down(host.name, max(2 * self.delay_of(host.name), 0.1))
        spider = self._crawler.spider
        again = spider and get_retry_request(request, spider=spider, reason="overloaded")
        return again or response

    def host_of(self, request: Request) -> Host:
        """What is known of a request's host."""
        name = self._downloader.get_slot_key(request)
        if name not in self.hosts:
            self.hosts[name] = Host(name)
        return self.hosts[name]

    def ask_for_delay(self, request: Request, seconds: float) -> None:
        """Keep what a host's robots.txt asks for (Crawl-delay), within reason."""
        host = self.host_of(request)
        host.asked_delay = seconds
        self._slow_down(host.name, seconds)

    def delay_of(self, name: str) -> float:
        """Seconds between two requests to a host, as they are now."""
        slot = self._downloader.slots.get(name)
        return self._crawler.settings.getfloat("DOWNLOAD_DELAY") if slot is None else slot.delay

    def _slow_down(self, name: str, delay: float) -> None:
        """Keep at least this delay, also after Scrapy has forgotten an idle host's slot."""
        delay = min(max(delay, self.delay_of(name)), SLOWEST)
        self._downloader.per_slot_settings.setdefault(name, {})["delay"] = delay
        if name in self._downloader.slots:
            self._downloader.slots[name].delay = delay

    @property
    def _downloader(self) -> Downloader:
        return self._crawler.engine.downloader


def _retry_after(response: Response) -> float | None:
    """Seconds that the server asks to wait: a number, or a date (RFC 9110, 10.2.3)."""
    told = (header(response, "Retry-After") or "").strip()
    if told.isdecimal():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
