"""Single facts of a product page: id, price, currency, availability; each by its own order of trust."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from urllib.parse import urlsplit

from spiders.cleaning import safe_sku, slug_of_url
from spiders.labelled import gtin_told, stock_told
from spiders.offers import currency_of, parse_availability, parse_currency, parse_price, price_of
from spiders.structured import HtmlElement, Node, StructuredData
from spiders.visible import VisiblePage
from spiders.words import GTIN_WORDS

_GTIN_NAMES = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_LOWEST_SHARE, _HIGHEST_SHARE = Decimal("0.3"), Decimal("1.5")
# Five digits at least: four are a year or a size, and would be the "id" of many products.
_URL_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,3}\d{5,}(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Page:
    """All that a page says: to machines in `data`, to people in `visible`; `product` and `offers` are its subject."""

    document: HtmlElement
    url: str
    data: StructuredData
    visible: VisiblePage
    product: Node
    offers: tuple[Node, ...]


def sku_on(page: Page, gtin: str | None, prefix: str) -> str | None:
    """The shop's id of the product. An id that people are shown beats one that only machines are told."""
    product = page.product
    offered = tuple(text for offer in page.offers for text in offer.texts("sku"))
    told = [*product.texts("sku")[:1], *offered[:1], *product.texts("productID")[:1]]
    told.extend(text for text in (page.data.tag("product:retailer_item_id"),) if text)
    # A "sku" of several words is a description; one that the page shows nowhere is the shop's internal number.
    trusted = not told or (len(told[0].split()) == 1 and any(page.visible.shows(text) for text in told))
    choices = chain(told if trusted else (), _other_ids(page, told, gtin))
    return next((safe for safe in (safe_sku(choice, prefix) for choice in choices) if safe), None)


def _other_ids(page: Page, told: Sequence[str], gtin: str | None) -> Iterator[str | None]:
    """What serves as an id where none is trusted, the best first; each is looked for when those before it failed."""
    yield page.visible.code
    yield from told
    yield from page.product.texts("mpn", "model")[:1]
    yield gtin
    address = urlsplit(page.url)
    yield from reversed(_URL_CODE.findall(f"{address.path}?{address.query}"))
    yield slug_of_url(page.url)


def gtin_on(page: Page) -> str | None:
    """The product's GTIN (EAN, UPC, ISBN-13), digits alone, or None."""
    nodes = (page.product, *page.offers)
    texts = [text for node in nodes for name in _GTIN_NAMES for text in node.texts(name)]
    texts.extend(text for text in (page.data.tag("product:ean", "product:gtin", "og:ean"),) if text)
    told = gtin_of(texts)
    if told is not None or not page.visible.may_hold(GTIN_WORDS):
        return told
    labelled = gtin_told(page.visible.near)
    return gtin_of([labelled]) if labelled else None


def gtin_of(texts: Sequence[str]) -> str | None:
    """The first of these that has the digits of a GTIN."""
    digits = (re.sub(r"[\s-]", "", text.lower().removeprefix("gtin:")) for text in texts)
    return next((code for code in digits if code.isascii() and code.isdigit() and len(code) in _GTIN_LENGTHS), None)


def price_on(page: Page) -> tuple[Decimal | None, str | None]:
    """What people pay, and its currency (ISO 4217): told in offers, told in meta tags, or shown."""
    for offer in page.offers:
        amount = price_of(offer)
        if amount is not None:
            shown = page.visible.price if _is_outdated(amount, page.visible) else None
            return shown.amount if shown else amount, currency_of(offer) or _any_currency(page)
    if any(parse_price(text) == 0 for offer in page.offers for text in offer.texts("price", "lowPrice")):
        return None, None  # on request: whatever else the page shows is the price of something else
    amount = meta_price(page.data)
    if amount is not None:
        return amount, _any_currency(page)
    shown = page.visible.price
    return (shown.amount, shown.currency or _any_currency(page)) if shown else (None, None)


def _is_outdated(told: Decimal, visible: VisiblePage) -> bool:
    """Whether people are asked another price than machines are told: before a sale, or without the tax.

    Only if the page shows the told price nowhere as current (or announces the reduction from it), and the shown one is
    near it; and not if only the decimal point differs, which is lost where the cents are set in small type.
    """
    marked = visible.first_marked_price
    if marked is None or (first := marked.amount) == told:
        return False
    if told in {price.amount for price in (*visible.marked_prices, *visible.written_prices)}:
        return told > first and visible.is_reduced(told, first)  # shown beside "-30%": what it was
    return told * _LOWEST_SHARE <= first <= told * _HIGHEST_SHARE and _digits(told) != _digits(first)


def _digits(amount: Decimal) -> str:
    return f"{amount:f}".replace(".", "").rstrip("0")


def _any_currency(page: Page) -> str | None:
    told = (currency_of(offer) for offer in page.offers)
    tag = parse_currency(
        page.data.tag("product:price:currency", "og:price:currency", "product:sale_price:currency", "pricecurrency")
    )
    return next((code for code in told if code), None) or tag


def meta_price(data: StructuredData) -> Decimal | None:
    """The price that meta tags tell."""
    names = ("product:sale_price:amount", "product:price:amount", "og:price:amount", "price")
    return next((amount for name in names if (amount := parse_price(data.tag(name)))), None)


def availability_on(page: Page, price: Decimal | None) -> str | None:
    """What the shop says; a page that says nothing, but asks a price and is not sold out, is taken to be in stock."""
    told = [text for offer in page.offers for text in offer.texts("availability")]
    told.extend(page.data.meta.get("product:availability", ()))
    told.extend(page.data.meta.get("og:availability", ()))
    known = [name for name in map(parse_availability, told) if name]
    if known:
        # Offers of several sizes: the product can be had as long as one of them can.
        return "InStock" if "InStock" in known else known[0]
    labelled = stock_told(page.visible.near)
    if labelled is not None:
        return labelled
    if page.visible.says_sold_out:
        return "OutOfStock"
    return "InStock" if price is not None else None
