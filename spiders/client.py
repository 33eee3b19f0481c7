"""Asking as a guest: robots.txt first, each host at its own pace, few redirects, and patience."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

import aiohttp
from protego import Protego

from spiders.agent import NAME
from spiders.errors import BadAddressError, HttpStatusError, RedirectRefusedError, RobotsForbiddenError
from spiders.fetch import Answer, Fetcher
from spiders.manners import Host

MAX_REDIRECTS = 3
MAX_ROBOTS_BYTES = 512 * 1024
_TRIES = 3
_FIRST_REST = 0.3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class Traffic:
    """What a crawl cost its hosts."""

    requests: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Robots:
    """robots.txt of one host, and the sitemaps it names; `refusal` where the host could not tell us its rules."""

    rules: Protego | None = None
    sitemaps: tuple[str, ...] = ()
    refusal: str | None = None

    def allows(self, url: str) -> bool:
        """Whether the rules let us ask for an address."""
        return self.refusal is None and (self.rules is None or self.rules.can_fetch(url, NAME))


class Client:
    """Fetches for one crawl; every answer has passed the manners of its host."""

    def __init__(self, fetcher: Fetcher, *, delay: float, concurrency: int) -> None:
        self._fetcher = fetcher
        self._delay = delay
        self._concurrency = concurrency
        self._robots: dict[str, asyncio.Task[Robots]] = {}
        self.hosts: dict[str, Host] = {}
        self.traffic = Traffic()

    async def get(
        self, url: str, max_bytes: int, *, conditions: Mapping[str, str], stay: Callable[[str], bool] | None = None
    ) -> Answer:
        """Ask for an address and follow its redirects; `stay` says where they may lead.

        Raises:
            SpiderError: it may not be asked for, or what came may not be taken; its type says why.
            aiohttp.ClientError, TimeoutError, OSError: the network's own troubles, after the last try.
        """
        headers = conditions
        for _ in range(MAX_REDIRECTS + 1):
            if stay is not None and not stay(url):
                raise RedirectRefusedError(f"it leads away from the shop, to {url}")
            robots = await self.robots(url)
            if not robots.allows(url):
                raise RobotsForbiddenError(robots.refusal or "the host's robots.txt asks us not to fetch it")
            answer = await self._tried(url, headers, max_bytes)
            target = answer.header("Location") if answer.status in _REDIRECTS else None
            if target is None:
                return answer
            url = urldefrag(urljoin(url, target)).url
        raise RedirectRefusedError(f"it redirects more than {MAX_REDIRECTS} times")

    async def robots(self, url: str) -> Robots:
        """The robots.txt of an address's host, read once in a crawl."""
        origin = _origin(url)
        task = self._robots.get(origin)
        if task is None:
            task = self._robots[origin] = asyncio.ensure_future(self._read_robots(origin))
        return await asyncio.shield(task)

    def host_of(self, url: str) -> Host:
        """The host of an address, as far as manners are concerned."""
        origin = _origin(url)
        if origin not in self.hosts:
            self.hosts[origin] = Host(urlsplit(origin).netloc, self._delay, self._concurrency)
        return self.hosts[origin]

    async def _read_robots(self, origin: str) -> Robots:
        """RFC 9309: without a file all is allowed; a host that fails to tell (5xx) is left alone."""
        url = f"{origin}/robots.txt"
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._tried(url, {}, MAX_ROBOTS_BYTES)
            target = answer.header("Location") if answer.status in _REDIRECTS else None
            if target is None:
                break
            url = urljoin(url, target)
        if answer.status >= 500:
            return Robots(refusal=f"robots.txt could not be read (status {answer.status}): RFC 9309 asks to stay away")
        if answer.status != 200:
            return Robots()
        rules = Protego.parse(answer.body.decode("utf-8", errors="replace"))
        delay = rules.crawl_delay(NAME)
        if delay is not None:
            self.host_of(origin).ask_for_delay(float(delay))
        return Robots(rules, tuple(rules.sitemaps))

    async def _tried(self, url: str, headers: Mapping[str, str], max_bytes: int) -> Answer:
        """Ask, and again after a rest where the trouble may pass; the last answer or error counts."""
        host = self.host_of(url)
        for tries_left in reversed(range(_TRIES)):
            rest = _FIRST_REST * 2 ** (_TRIES - 1 - tries_left)
            try:
                async with host.turn():
                    self.traffic.requests += 1
                    answer = await self._fetcher.get(url, headers, max_bytes)
                    self.traffic.bytes += answer.received
                    overloaded = host.judge(answer)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError) as error:
                # Not a refused connection or a bad certificate: those are answers, and will be the same in a second.
                if tries_left == 0 or isinstance(error, aiohttp.ClientConnectorError):
                    raise
                await asyncio.sleep(rest)
                continue
            if tries_left == 0 or not (overloaded or answer.status >= 500):
                return answer
            await asyncio.sleep(0 if overloaded else rest)
        raise HttpStatusError(0)  # pragma: no cover - the loop always ends before


def _origin(url: str) -> str:
    """Scheme, host and port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddressError(f"{url[:200]!r} is no address: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise RedirectRefusedError(f"it leads to {url[:200]!r}, which is not on the web")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}" + ("" if port in {None, _PORTS[parts.scheme]} else f":{port}")
