"""One request, with every limit that the web makes necessary: time, bytes, unpacked bytes, addresses, certificates."""

import asyncio
import socket
import time
import zlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDictProxy

from spiders.errors import BadAddressError, TooLargeError
from spiders.guard import GuardedResolver, guarded_socket

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_DNS_SECONDS = 300
_LARGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to one request, redirects not followed.

    `body` is unpacked, `received` counts its bytes on the wire, `seconds` is the time until its head came.
    """

    url: str
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    received: int
    seconds: float

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return self.headers.get(name)


class Fetcher:
    """Asks over HTTP. In an `async with`; `resolver` is the system's unless a test lies.

    No cookies (a catalogue is the same for everybody), no proxies (they would resolve names past the guard), only
    encodings that can be unpacked within a limit.
    """

    def __init__(
        self, user_agent: str, *, allow_private: bool, timeout: float, resolver: AbstractResolver | None = None
    ) -> None:
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
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"},
            # In all, headers and body: a server that drips a byte a second is a slow one, too.
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 10)),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, url: str, headers: Mapping[str, str], max_bytes: int) -> Answer:
        """Ask once.

        Raises:
            AddressRefusedError: it leads to a private network.
            TooLargeError: the body has, or unpacks to, more than `max_bytes`.
            BadAddressError: its encoding is none that was offered.
            aiohttp.ClientError, TimeoutError, OSError: the network's own troubles.
        """
        begun = time.monotonic()
        async with self._session.get(url, headers=headers, allow_redirects=False) as response:
            seconds = time.monotonic() - begun
            if (response.content_length or 0) > max_bytes:
                raise TooLargeError(f"the server announces {response.content_length} bytes; {max_bytes} are taken")
            packed = await self._read(response.content, max_bytes)
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        body = _unpacked(packed, encoding, max_bytes) if packed and encoding not in {"", "identity"} else packed
        return Answer(url, response.status, response.headers, body, len(packed), seconds)

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


def _unpacked(packed: bytes, encoding: str, max_bytes: int) -> bytes:
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise BadAddressError(f"it came packed as {encoding[:20]!r}, which nobody had offered")
    for window in (_GZIP_OR_ZLIB, _RAW_DEFLATE):  # "deflate" is sent with and without its zlib frame
        try:
            body = zlib.decompressobj(window).decompress(packed, max_bytes + 1)
        except zlib.error:
            continue
        if len(body) > max_bytes:
            raise TooLargeError(f"it unpacks to more than {max_bytes} bytes")
        return body
    raise BadAddressError("it says that it is packed, and cannot be unpacked")
