"""One request, with every limit that the web makes necessary: time, bytes, addresses, certificates."""

import asyncio
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDictProxy

from spiders.errors import TooLargeError
from spiders.guard import GuardedResolver, guarded_socket

_DNS_SECONDS = 300
_LARGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to one request, as it came. `latency` is the seconds until its head was there."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    latency: float


class Fetcher:
    """Asks over HTTP. To be made in a running event loop, and closed; `resolver` is the system's unless a test lies.

    No cookies (a catalogue is the same for everybody), no proxies (they would resolve names past the guard).
    """

    def __init__(self, *, allow_private: bool, resolver: AbstractResolver | None = None) -> None:
        self._large = asyncio.Semaphore(1)
        self._connector = aiohttp.TCPConnector(
            limit=0,  # how many at a time is a matter of manners, and decided there
            resolver=resolver if allow_private else GuardedResolver(resolver),
            socket_factory=None if allow_private else guarded_socket,
            ttl_dns_cache=_DNS_SECONDS,
            family=socket.AF_UNSPEC,
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept-Encoding", "User-Agent"),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def get(self, url: str, headers: Mapping[str, str], *, max_bytes: int, seconds: float) -> Answer:
        """Ask once; `seconds` are for all of it: a server that drips a byte a second is a slow one, too.

        Raises:
            AddressRefusedError: it leads to a private network.
            TooLargeError: the body has more than `max_bytes`.
            aiohttp.ClientError, TimeoutError, OSError: the network's own troubles.
        """
        begun = time.monotonic()
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 10))
        async with self._session.get(url, headers=headers, allow_redirects=False, timeout=limits) as response:
            latency = time.monotonic() - begun
            if (response.content_length or 0) > max_bytes:
                raise TooLargeError(f"the server announces {response.content_length} bytes; {max_bytes} are taken")
            body = await self._read(response.content, max_bytes)
        return Answer(response.status, response.headers, body, latency)

    async def _read(self, stream: aiohttp.StreamReader, max_bytes: int) -> bytes:
        """The whole body. Large ones come one after the other: this bounds the memory of the process."""
        chunks: list[bytes] = []
        size = 0
        async with AsyncExitStack() as turn:
            while chunk := await stream.readany():
                if size <= _LARGE_BYTES < size + len(chunk):
                    await turn.enter_async_context(self._large)
                size += len(chunk)
                if size > max_bytes:
                    raise TooLargeError(f"it has more than {max_bytes} bytes")
                chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
