"""Requests as this crawl makes them, and what it reads in their responses' heads."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from spiders.errors import BadAddressError
from spiders.memory import Validators

Ask = Callable[[Request], Awaitable[Response]]
"""Ask at once, past the scheduler, and be given the response: `engine.download_async`."""

_Middleware = TypeVar("_Middleware")

IN_SHOP = "in_shop"
"""Key of a request's meta: neither it nor what it is redirected to may leave the shop."""


def request_for(
    url: str, max_bytes: int, *, conditions: Mapping[str, str] | None = None, in_shop: bool = False
) -> Request:
    """A request for up to so many bytes; `conditions` ask for it only if it has changed.

    Raises:
        BadAddressError: `url` is no address.
    """
    try:
        return Request(url, headers=dict(conditions or {}), meta={"download_maxsize": max_bytes, IN_SHOP: in_shop})
    except ValueError as error:
        raise BadAddressError(f"{url[:200]!r} is no address: {error}") from error


def header(response: Response, name: str) -> str | None:
    """The first header of that name."""
    value = response.headers.get(name)
    return None if value is None else value.decode("latin-1")


def robots_tags(response: Response) -> list[str]:
    """The X-Robots-Tag headers."""
    return [value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag")]


def validators_of(response: Response) -> Validators:
    """What the server gave to ask later whether this has changed."""
    return Validators(header(response, "ETag"), header(response, "Last-Modified"))


def component(crawler: Crawler, kind: type[_Middleware]) -> _Middleware:
    """The downloader middleware of a kind in a crawl that runs."""
    found = crawler.get_downloader_middleware(kind)
    if found is None:
        raise LookupError(f"the crawl runs without {kind.__name__}")
    return found
