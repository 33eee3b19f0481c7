"""Photos that wait for an encoder: bounded, first come first served, handed out in batches."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from serving.answers import Identification
from serving.http.problems import busy
from serving.http.wire import Refused


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one photo.

    Attributes:
        answer: the products on it, or why it could not be looked at.
        seconds: that each stage took, for the whole batch that it was looked at with.
    """

    answer: Identification | Refused
    seconds: dict[str, float]


@dataclass(slots=True, eq=False)
class Waiting:
    """One photo that waits; its `answer` is given up when the caller leaves."""

    photo: bytes
    most: int
    answer: "asyncio.Future[Answered]"
    since: float = field(default_factory=time.perf_counter)


class PhotoQueue:
    """The photos that wait, and how fast they went lately. It belongs to one event loop."""

    def __init__(self, room: int, takers: int) -> None:
        """Room for so many photos, which so many workers take."""
        self._room, self._takers = room, takers
        self._waiting: deque[Waiting] = deque()
        self._idle: list[asyncio.Future[None]] = []  # workers that wait, the one that worked last at the end
        self._seconds_each = 0.1
        self._crowded = False  # whether the last batch was one of several photos

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, photos: Sequence[bytes], most: int) -> list["asyncio.Future[Answered]"]:
        """Let the photos of one request wait: all of them or none.

        Raises:
            ProblemError: there is no room; a deliberate 503.
        """
        if len(self._waiting) + len(photos) > self._room:
            raise busy(f"{len(self._waiting)} photos are waiting already.", len(self._waiting) * self._seconds_each)
        loop = asyncio.get_running_loop()
        waiting = [Waiting(photo, most, loop.create_future()) for photo in photos]
        self._waiting.extend(waiting)
        for _ in waiting[: len(self._idle)]:  # who worked last still has everything in its caches
            _wake(self._idle.pop())
        return [one.answer for one in waiting]

    async def take(self, most: int, wait_seconds: float) -> list[Waiting]:
        """The next photos: as many as this worker's share of those that wait, `most` at most, and asking for as many.

        Args:
            most: photos of one batch.
            wait_seconds: how long to wait for more, if the last batch had company too: who asks alone never waits.
        """
        await self._until_filled()
        if wait_seconds and self._crowded and len(self._waiting) < most:
            await asyncio.sleep(wait_seconds)
            await self._until_filled()
        share = min(most, -(-len(self._waiting) // self._takers))
        taken = [self._waiting.popleft()]
        while len(taken) < share and self._waiting[0].most == taken[0].most:
            taken.append(self._waiting.popleft())
        self._crowded = len(taken) > 1
        return taken

    def took(self, photos: int, seconds: float) -> None:
        """Learn from one batch how long photos take: it tells callers when to come back."""
        self._seconds_each += 0.1 * (seconds / photos / self._takers - self._seconds_each)

    async def _until_filled(self) -> None:
        while True:
            while self._waiting and self._waiting[0].answer.done():  # its caller has left
                self._waiting.popleft()
            if self._waiting:
                return
            called = asyncio.get_running_loop().create_future()
            self._idle.append(called)
            await called


def _wake(called: "asyncio.Future[None]") -> None:
    if not called.done():
        called.set_result(None)
