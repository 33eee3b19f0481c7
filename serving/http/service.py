"""The parts of one running server, built once."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recognition.index.opening import open_store
from serving.http.desk import Desk
from serving.http.keeping import Keeper
from serving.http.keys import KeyRing
from serving.http.metrics import Metrics
from serving.http.options import ServerOptions
from serving.http.rate import RateLimit
from serving.http.releases import ServedReleases

_WATCH_SECONDS = 0.5

_log = logging.getLogger(__name__)


class Service:
    """What answers: the release, the encoders, the keys and the limits.

    Attributes:
        options: what the server was told.
        metrics: what it counts.
        releases: the release that is served.
        desk: where photos are answered.
        keys: who may ask; None where everybody may.
        rate: how much each may ask.
        is_ready: whether photos are taken.
    """

    def __init__(self, options: ServerOptions) -> None:
        """Open the release and start the encoders, which takes seconds.

        Raises:
            RecognitionError: the release or its encoder cannot be had.
            KeysError: the file of keys is damaged.
        """
        self.options = options
        self.metrics = Metrics()
        self.keys = KeyRing(options.keys) if options.asks_for_keys else None
        self.rate = RateLimit(options.limits.per_minute)
        self.releases = ServedReleases(options.bundle, options.weights, self.metrics, open_store(options.milvus))
        keeper = Keeper(options.keep) if options.keep else None
        self.desk = Desk(options.crew, options.limits, self.releases, self.metrics, keeper)
        self.is_ready = False
        self.desk.open()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take photos while the block runs, and follow what is published."""
        self.desk.begin()
        watcher = asyncio.create_task(self._watch())
        self.is_ready = True
        try:
            yield
        finally:
            self.is_ready = False
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
            await self.desk.end()

    def close(self) -> None:
        """End the encoders."""
        self.desk.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                if self.keys is not None:
                    self.keys.refresh()
                if self.releases.may_have_changed:
                    await asyncio.to_thread(self.releases.follow)
            except Exception:  # noqa: BLE001 - the next look may fare better
                _log.exception("looking for a new release failed; the next look is in %g s", _WATCH_SECONDS)
