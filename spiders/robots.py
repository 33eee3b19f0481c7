"""robots.txt as RFC 9309 has it: each host's is read once in a crawl, before anything else is asked of it.

Not Scrapy's own middleware: it takes a host that cannot tell its rules (5xx) for one without rules, and knows no
Crawl-delay.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from spiders.agent import NAME
from spiders.asking import component, request_for
from spiders.errors import BadAddressError, RedirectRefusedError, RobotsForbiddenError
from spiders.manners import Manners

MAX_ROBOTS_BYTES = 512 * 1024
_EXEMPT = "dont_obey_robotstxt"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Rules:
    """What one host's robots.txt says; `refusal` where the host could not tell us."""

    parsed: Protego | None = None
    sitemaps: tuple[str, ...] = ()
    refusal: str | None = None

    def allow(self, url: str) -> bool:
        """Whether we may ask for an address."""
        return self.refusal is None and (self.parsed is None or self.parsed.can_fetch(url, NAME))


class ObeyRobots:
    """Refuses what a host's robots.txt forbids, and keeps the delay that it asks for."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, asyncio.Task[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ObeyRobots":
        """Made by Scrapy."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let a request pass that may be made.

        Raises:
            RobotsForbiddenError: robots.txt forbids it, or could not be read.
            Exception: whatever kept robots.txt from coming keeps the rest of its host from being asked, too.
        """
        if request.meta.get(_EXEMPT):
            return
        rules = await self.rules(request.url)
        if not rules.allow(request.url):
            raise RobotsForbiddenError(rules.refusal or "the host's robots.txt asks us not to fetch it")

    async def rules(self, url: str) -> Rules:
        """The rules of an address's host."""
        origin = origin_of(url)
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._read(origin))
        return await asyncio.shield(self._rules[origin])

    async def _read(self, origin: str) -> Rules:
        request = request_for(f"{origin}/robots.txt", MAX_ROBOTS_BYTES)
        request.meta[_EXEMPT] = True
        try:
            response = await self._crawler.engine.download_async(request)
        except RedirectRefusedError:
            return Rules()
        if response.status >= 500:
            return Rules(refusal=f"robots.txt could not be read (status {response.status}): RFC 9309 asks to stay away")
        return self._parsed(request, response) if response.status == 200 else Rules()

    def _parsed(self, request: Request, response: Response) -> Rules:
        parsed = Protego.parse(response.body.decode("utf-8", errors="replace"))
        delay = parsed.crawl_delay(NAME)
        if delay is not None:
            component(self._crawler, Manners).ask_for_delay(request, float(delay))
        return Rules(parsed, tuple(parsed.sitemaps))


def origin_of(url: str) -> str:
    """Scheme, host and port.

    Raises:
        BadAddressError: it is no address.
        RedirectRefusedError: it is one, and not on the web.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddressError(f"{url[:200]!r} is no address: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise RedirectRefusedError(f"it leads to {url[:200]!r}, which is not on the web")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}" + ("" if port in {None, _PORTS[parts.scheme]} else f":{port}")
