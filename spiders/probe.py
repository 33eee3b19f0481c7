"""What kind of source an address is: asked politely, a handful of requests, each past the same guard as a crawl."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from scrapy import Request, Spider
from scrapy.exceptions import DownloadFailedError

from spiders.asking import request_for
from spiders.engine import crawler_for
from spiders.errors import (
    AddressRefusedError,
    HttpStatusError,
    PageUnreadableError,
    SpiderError,
    UnknownSourceError,
)
from spiders.failures import detail_of
from spiders.kinds.data_file import DataFileReader
from spiders.kinds.documents import opened
from spiders.kinds.rows import rows_of
from spiders.kinds.woocommerce import API
from spiders.pages import PageProduct
from spiders.reader import Document, Target
from spiders.sources import BUCKETS, FeedSource, SiteSource

Get = Callable[[str], Awaitable[bytes]]

_MOST_BYTES = 64 * 1024 * 1024
_ROWS_TRIED = 20
_NO_ANSWER = (SpiderError, DownloadFailedError, aiohttp.ClientError, OSError)
_LABEL_COLUMNS = frozenset({"sku", "class", "label", "product", "productid", "category", "id", "name"})
_PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"})
_HTML = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)", re.IGNORECASE | re.DOTALL)
_CURRENCY = re.compile(rb"Shopify\.currency\s*=\s*\{[^}]*\"active\"\s*:\s*\"([A-Z]{3})\"")


@dataclass(frozen=True, slots=True)
class Detected:
    """A kind, the keys that its block needs, and how it was told, for people."""

    kind: str
    keys: Mapping[str, Any]
    why: str


def detect_here(place: str) -> Detected | None:
    """What a path of this machine or a bucket is; None where the text is neither."""
    scheme = place.partition("://")[0].lower()
    if "://" in place:
        return Detected("inbox", {"url": place}, "it is a bucket") if scheme in BUCKETS else None
    path = Path(place).expanduser()
    if path.is_file():
        manifest = _manifest(path)
        if manifest is not None:
            return manifest
        kind = _kind_of_file(Document(Target(path.absolute().as_uri(), "data"), b"", None, path=path))
        return Detected(kind, {"path": place}, f"its rows are products, named as a {kind} names them")
    if not path.is_dir():
        return None
    classes = [folder for folder in path.iterdir() if folder.is_dir() and _has_photo(folder)]
    if classes:
        return Detected("folder", {"path": place}, f"{len(classes)} folders with photos: each is taken for a class")
    return Detected("inbox", {"path": place}, "photos without folders: nobody has named them yet")


def detect_on_web(url: str, *, allow_private: bool, contact: str | None) -> Detected:
    """What an address on the web is.

    Raises:
        SpiderError: it may not be asked for, or did not answer as it should; the message says what to do.
    """
    source = SiteSource(name="probe", url=url, allow_private=allow_private, contact=contact, concurrency=1)
    crawler = crawler_for(ProbeSpider, source, url)
    found: list[Detected | Exception] = []
    asyncio.run(crawler.crawl_async(url, found))
    outcome = found[0] if found else UnknownSourceError(f"{url} was not asked")
    if isinstance(outcome, Detected):
        return outcome
    if isinstance(outcome, AddressRefusedError):
        outcome = UnknownSourceError(f"{url} is not on the public internet. If it is yours, add --allow-private.")
    elif isinstance(outcome, _NO_ANSWER) and not isinstance(outcome, SpiderError):
        outcome = UnknownSourceError(f"{url} does not answer: {detail_of(outcome)}")
    raise outcome


class ProbeSpider(Spider):
    """Asks for an address and for the places where shop systems answer; what it found goes into `found`."""

    name = "probe"

    def __init__(self, url: str, found: list[Detected | Exception]) -> None:
        super().__init__()
        self._url = url
        self._found = found

    async def start(self) -> AsyncIterator[Request]:
        """Find out; there is nothing to crawl."""
        try:
            self._found.append(await kind_of(self._url, self._get))
        except Exception as error:  # noqa: BLE001 - the engine would only log it
            self._found.append(error)
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    async def _get(self, address: str) -> bytes:
        response = await self.crawler.engine.download_async(request_for(address, _MOST_BYTES))
        if response.status != HTTPStatus.OK:
            raise HttpStatusError(response.status)
        return response.body


async def kind_of(url: str, get: Get) -> Detected:
    """What an address is, by what comes from it and from the places where shop systems answer.

    Raises:
        SpiderError, DownloadFailedError, aiohttp.ClientError, OSError: of the first request; the others may fail.
    """
    body = await get(url)
    if not _HTML.match(body[:4096]):
        kind = _kind_of_file(Document(Target(url, "data"), body, None))
        return Detected(kind, {"url": url}, f"its rows are products, named as a {kind} names them")
    ways = [_shopify, _woocommerce]
    if b"woocommerce" in body or b"/wp-content/" in body:
        ways.reverse()  # the likely one first, so that the other need not be asked for
    for way in ways:
        with suppress(*_NO_ANSWER):
            found = await way(url, body, get)
            if found is not None:
                return found
    return Detected("site", {"url": url}, "a web page, and no API that we know: it will be read page by page")


async def _shopify(url: str, front: bytes, get: Get) -> Detected | None:
    answer = _json(await get(urljoin(url, "/products.json?limit=1")))
    if not isinstance(answer, dict) or not isinstance(answer.get("products"), list):
        return None
    found = _CURRENCY.search(front)
    currency = found[1].decode() if found else None
    if currency is None:
        with suppress(*_NO_ANSWER):
            told = _json(await get(urljoin(url, "/meta.json")))
            currency = told.get("currency") if isinstance(told, dict) else None
    keys = {"url": url, **({"currency": currency} if isinstance(currency, str) else {})}
    return Detected("shopify", keys, "it has the products.json of a Shopify shop")


async def _woocommerce(url: str, front: bytes, get: Get) -> Detected | None:  # noqa: ARG001 - a way like the others
    parts = urlsplit(url)
    folders = dict.fromkeys((parts.path.rstrip("/"), ""))  # the shop may be in a folder of its host
    for folder in folders:
        root = f"{parts.scheme}://{parts.netloc}{folder}"
        with suppress(HttpStatusError):
            answer = _json(await get(f"{root}{API}?per_page=1"))
            if isinstance(answer, list) and all(isinstance(entry, dict) and "prices" in entry for entry in answer):
                return Detected("woocommerce", {"url": f"{root}/"}, "it has the Store API of WooCommerce")
    return None


def _kind_of_file(document: Document) -> str:
    """Feed or table, by its rows.

    Raises:
        UnknownSourceError: its rows are no products, as far as anyone can guess.
    """
    source = FeedSource(name="probe", url="https://probe.invalid/")
    rows = list(islice(DataFileReader(source).read(document).products, _ROWS_TRIED))
    if not any(isinstance(row, PageProduct) for row in rows):
        problem = getattr(rows[-1], "detail", "it is empty") if rows else "it is empty"
        raise UnknownSourceError(
            f"{document.target.url} is no web page, and cannot be read as a feed or table: {problem}"
        )
    return "table" if _begins(document) == b"PAR1" else "feed"


def _manifest(path: Path) -> Detected | None:
    """What a file is whose rows name photos that lie beside it, and the class of each."""
    try:
        rows = list(islice(rows_of(Document(Target(path.absolute().as_uri()), b"", None, path=path)), _ROWS_TRIED))
    except PageUnreadableError:
        return None
    columns = list(rows[0]) if rows else []
    photo = next((name for name in columns if all(_are_photos_beside(path, row[name]) for row in rows)), None)
    label = next((name for name in columns if name in _LABEL_COLUMNS), None)
    if photo is None or label is None:
        return None
    keys = {"path": str(path.parent), "manifest": path.name, "photo_column": photo, "sku_column": label}
    return Detected("folder", keys, f"its column {photo!r} names photos beside it, and {label!r} the class of each")


def _are_photos_beside(manifest: Path, cell: Sequence[str]) -> bool:
    named = [manifest.parent / text for text in cell]
    return bool(named) and all(path.suffix.lower() in _PHOTO_SUFFIXES and path.is_file() for path in named)


def _begins(document: Document) -> bytes:
    with opened(document) as stream:
        return stream.read(4)


def _has_photo(folder: Path) -> bool:
    return any(path.suffix.lower() in _PHOTO_SUFFIXES for path in islice(folder.iterdir(), 1000))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
