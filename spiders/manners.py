"""Manners towards one host: how many requests at a time, how far apart, when to wait, and when to leave it alone."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from spiders.errors import BlockedError, HostClosedError, RateLimitedError
from spiders.fetch import Answer
from spiders.walls import REFUSALS_IN_A_ROW, wall_in

PATIENCE_SECONDS = 600.0
"""How long a host may make us wait in one night, by Retry-After and its kin, before it is left alone."""

_SLOWEST = 30.0
_FIRST_PAUSE = 5.0
_REFUSED = frozenset({401, 403})
_OVERLOADED = frozenset({429, 503})


@dataclass(slots=True)
class Courtesy:
    """What was kept, for the report: seconds between requests, and how often and long the host asked to wait."""

    delay: float = 0.0
    asked_delay: float | None = None
    pauses: int = 0
    paused_seconds: float = 0.0


class Host:
    """One host. Requests go through `turn`; `judge` learns from each answer.

    The delay follows the host (AutoThrottle): it tends to the time the host takes to answer divided by how many
    requests run at a time, and is never under the one that the settings or robots.txt ask for.
    """

    def __init__(self, name: str, delay: float, concurrency: int) -> None:
        self.name = name
        self.closed: HostClosedError | None = None
        self.courtesy = Courtesy(delay=delay)
        self._least = delay
        self._concurrency = concurrency
        self._room = asyncio.Semaphore(concurrency)
        self._next = 0.0
        self._refusals = 0

    def ask_for_delay(self, seconds: float) -> None:
        """What robots.txt asks for (Crawl-delay), within reason."""
        self.courtesy.asked_delay = seconds
        self._least = max(self._least, min(seconds, _SLOWEST))
        self.courtesy.delay = max(self.courtesy.delay, self._least)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a request may be made.

        Raises:
            HostClosedError: none may be made any more.
        """
        async with self._room:
            while (wait := self._next - time.monotonic()) > 0 and self.closed is None:  # noqa: ASYNC110 - a time, no event
                await asyncio.sleep(wait)
            if self.closed is not None:
                raise self.closed
            self._next = time.monotonic() + self.courtesy.delay
            yield

    def judge(self, answer: Answer) -> bool:
        """Learn from an answer; True where the host was only overloaded, and the request may be made again.

        Raises:
            HostClosedError: it shows that we are not wanted, or not now.
        """
        self._adapt(answer)
        wall = wall_in(answer.status, answer.headers, answer.body)
        self._refusals = self._refusals + 1 if answer.status in _REFUSED else 0
        if wall is None and self._refusals >= REFUSALS_IN_A_ROW:
            wall = f"it refused {self._refusals} requests in a row ({answer.status})"
        if wall is not None:
            raise self._close(BlockedError(f"{self.name} is left alone for this night: {wall}"))
        if answer.status in _OVERLOADED and (answer.status == 429 or answer.header("Retry-After")):
            self._pause(_retry_after(answer) or _FIRST_PAUSE * 2**self.courtesy.pauses)
            return True
        return False

    def _pause(self, seconds: float) -> None:
        if self.courtesy.paused_seconds + seconds > PATIENCE_SECONDS:
            raise self._close(
                RateLimitedError(
                    f"{self.name} is left alone for this night: it asks to wait {seconds:.0f} s. Raise download_delay "
                    "of this source, or lower its concurrency."
                )
            )
        self.courtesy.pauses += 1
        self.courtesy.paused_seconds += seconds
        self._next = max(self._next, time.monotonic() + seconds)
        self.courtesy.delay = min(max(2 * self.courtesy.delay, 0.1), _SLOWEST)

    def _close(self, error: HostClosedError) -> HostClosedError:
        self.closed = self.closed or error
        return self.closed

    def _adapt(self, answer: Answer) -> None:
        if self._least <= 0 and self.courtesy.pauses == 0:
            return  # without a wish for delay there is nothing to throttle
        wished = max(self._least, min((self.courtesy.delay + answer.seconds / self._concurrency) / 2, _SLOWEST))
        if answer.status == 200 or wished > self.courtesy.delay:  # errors are quick: they must not speed us up
            self.courtesy.delay = wished


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the server asks to wait: a number, or a date (RFC 9110, 10.2.3)."""
    told = (answer.header("Retry-After") or "").strip()
    if told.isdecimal():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
