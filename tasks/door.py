"""What may come in: every line of a feed is looked at again, whoever wrote it. Bad ones are rows with a reason."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from recognition.vocabulary import FetchReason
from spiders.cleaning import DESCRIPTION_LENGTH, clean_text
from spiders.feed import DamagedLine, read_feed_lines
from spiders.items import DETAIL_LENGTH, PhotoItem, ProductItem
from warehouse.runs import CrawlFailureRow

_MOST = Decimal(10) ** 13  # what a DECIMAL(18, 4) can hold is a little more
_CENT_OF_A_CENT = Decimal("0.0001")
_SCHEMES = frozenset({"", "http", "https"})
_CLOCKS_DIFFER = timedelta(days=1)
_TEXTS = ("title", "brand", "category", "gtin", "mpn", "variant", "currency", "availability")


@dataclass
class Admitted:
    """The items of one feed that may come in, and a failure row for each that may not."""

    products: list[ProductItem] = field(default_factory=list)
    photos: list[PhotoItem] = field(default_factory=list)
    refused: list[CrawlFailureRow] = field(default_factory=list)


class _RefusedError(Exception):
    """An item that must not come in; the message says why."""


def admit(feed: Path, source: str, crawl_id: str, finished_at: datetime) -> Admitted:
    """Read a feed and keep what is sound.

    Args:
        feed: the file.
        source: whose feed it is; an item that claims another source is refused.
        crawl_id: of the crawl that wrote it.
        finished_at: when that ended; nothing can have been seen much later.
    """
    found = Admitted()
    for item in _sound_items(feed, source, finished_at):
        if isinstance(item, ProductItem):
            found.products.append(item)
        elif isinstance(item, PhotoItem):
            found.photos.append(item)
        else:
            where, detail = item
            row = CrawlFailureRow(source, where, FetchReason.PARSE, detail[:DETAIL_LENGTH], crawl_id, finished_at)
            found.refused.append(row)
    return found


def _sound_items(feed: Path, source: str, finished_at: datetime) -> Iterator[ProductItem | PhotoItem | tuple[str, str]]:
    """Each item as it may come in, or where it stood and why it may not."""
    for item in read_feed_lines(feed):
        if isinstance(item, DamagedLine):
            yield f"{feed.name} line {item.number}", item.detail
            continue
        try:
            _check(item, source, finished_at)
            yield _cleaned(item) if isinstance(item, ProductItem) else item
        except _RefusedError as refused:
            yield (item.url if isinstance(item, ProductItem) else item.origin), str(refused)


def _check(item: ProductItem | PhotoItem, source: str, finished_at: datetime) -> None:
    if item.source != source:
        raise _RefusedError(f"source: the feed is of {source}, the item says {item.source}")
    if item.seen_at > finished_at + _CLOCKS_DIFFER:
        raise _RefusedError(f"seen_at: {item.seen_at.isoformat()} is after the end of the crawl")
    if item.sku is not None and not item.sku.strip("."):
        raise _RefusedError(f"sku: {item.sku!r} is a path, not a name")
    images = item.images if isinstance(item, ProductItem) else (item.image,)
    for image in images:
        if not image.path.startswith(f"{image.sha256[:2]}/{image.sha256}."):
            raise _RefusedError(f"images: {image.path} is not the file of {image.sha256}")
    if isinstance(item, ProductItem):
        _check_product(item)


def _check_product(item: ProductItem) -> None:
    if item.price is not None and item.price >= _MOST:
        raise _RefusedError(f"price: {item.price} is no price")
    if not item.url.isprintable() or _scheme(item.url) not in _SCHEMES:
        raise _RefusedError(f"url: {item.url[:80]!r} is no web address")


def _scheme(url: str) -> str | None:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return None


def _cleaned(item: ProductItem) -> ProductItem:
    """Texts are plain already, unless somebody else wrote the feed; most of them are recognised as such at once."""
    changed: dict[str, object] = {}
    for name in _TEXTS:
        text = getattr(item, name)
        if text is not None and not _is_plain(text):
            changed[name] = clean_text(text)
    if item.description is not None and not _is_plain(item.description):
        changed["description"] = clean_text(item.description, DESCRIPTION_LENGTH)
    if item.price is not None and -item.price.as_tuple().exponent > 4:  # type: ignore[operator]  # it is finite
        changed["price"] = item.price.quantize(_CENT_OF_A_CENT)
    if "title" in changed and not changed["title"]:
        raise _RefusedError("title: nothing is left of it without markup")
    return item.model_copy(update=changed) if changed else item


def _is_plain(text: str) -> bool:
    return text.isprintable() and "<" not in text and "&" not in text
