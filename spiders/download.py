"""Scrapy's way to the web: the requests of every component go out here, past the guard and within limits."""

from functools import cached_property

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Headers, Response

from spiders.asking import component
from spiders.fetch import Fetcher
from spiders.manners import Manners

REQUESTS, BYTES = "skuloop/requests", "skuloop/bytes"
"""Scrapy statistics: requests made, and bytes of bodies as they came over the wire."""


class GuardedDownload(BaseDownloadHandler):
    """A download handler on aiohttp: there the guard holds the socket itself, and no reactor is needed."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._most = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._fetcher = Fetcher(allow_private=crawler.settings.getbool("SKULOOP_ALLOW_PRIVATE"))

    async def download_request(self, request: Request) -> Response:
        """Ask once, within `download_maxsize` bytes and `download_timeout` seconds.

        Raises:
            HostClosedError: its host is not to be asked any more.
            DownloadFailedError: a connection broke; in a second it may hold.
            SpiderError, aiohttp.ClientError, TimeoutError, OSError: asking again would not help.
        """
        await self._manners.host_of(request).turn()
        self.crawler.stats.inc_value(REQUESTS)
        try:
            answer = await self._fetcher.get(
                request.url,
                {str(name): value for name, value in request.headers.to_unicode_dict().items()},
                max_bytes=request.meta.get("download_maxsize", self._most),
                seconds=request.meta["download_timeout"],
            )
        except aiohttp.ClientConnectorError:  # refused, unknown, no good certificate: answers, in their way
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError) as error:
            raise DownloadFailedError(str(error) or type(error).__name__) from error
        self.crawler.stats.inc_value(BYTES, len(answer.body))
        request.meta["download_latency"] = answer.latency
        headers = Headers()
        for name, value in answer.headers.items():
            headers.appendlist(name, value)
        return Response(request.url, status=answer.status, headers=headers, body=answer.body)

    @cached_property
    def _manners(self) -> Manners:
        return component(self.crawler, Manners)

    async def close(self) -> None:
        """Close all connections."""
        await self._fetcher.close()
