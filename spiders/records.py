"""From the raw texts of a feed, table or API to a product: the same cleaning as for pages, in one place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urljoin

from spiders.cleaning import DESCRIPTION_LENGTH, SKU_LENGTH, clean_text, safe_sku
from spiders.errors import NoProductError
from spiders.facts import gtin_of
from spiders.offers import parse_availability, parse_currency, parse_price
from spiders.pages import PageProduct

_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class RawProduct:
    """A product as a source writes it; every text may be anything.

    `price` may carry its currency ("12.50 EUR"); `available` is what an API says by yes or no, where `availability`
    says nothing.
    """

    url: str
    sku: str | None = None
    title: str | None = None
    images: Sequence[str] = ()
    price: str | None = None
    currency: str | None = None
    availability: str | None = None
    available: bool | None = None
    brand: str | None = None
    gtin: str | None = None
    mpn: str | None = None
    category: str | None = None
    group: str | None = None
    variant: str | None = None
    description: str | None = None


def clean_product(raw: RawProduct, sku_prefix: str = "") -> PageProduct:
    """The product with plain texts, an exact price and absolute addresses.

    Raises:
        NoProductError: it has no title, or nothing that could serve as its id.
    """
    gtin = gtin_of([raw.gtin] if raw.gtin else [])
    sku = next((safe for safe in (safe_sku(each, sku_prefix) for each in (raw.sku, gtin, raw.mpn)) if safe), None)
    title = clean_text(raw.title)
    if title is None or sku is None:
        missing = "title" if title is None else "id"
        raise NoProductError(
            f"the product {clean_text(raw.sku or raw.title, 60) or ''} has no {missing}".replace("  ", " ")
        )
    price = parse_price(raw.price)
    return PageProduct(
        sku=sku,
        title=title,
        brand=clean_text(raw.brand),
        category=clean_text(raw.category),
        gtin=gtin,
        description=clean_text(raw.description, DESCRIPTION_LENGTH),
        url=raw.url,
        price=price if price != Decimal(0) else None,  # free of charge means "ask us" in feeds and shops
        currency=parse_currency(raw.currency) or (parse_currency(raw.price) if raw.price else None),
        availability=parse_availability(raw.availability) or _said(available=raw.available),
        image_urls=web_addresses(raw.images, raw.url),
        mpn=clean_text(raw.mpn, SKU_LENGTH),
        group=safe_sku(raw.group, sku_prefix),
        variant=clean_text(raw.variant),
    )


def web_addresses(urls: Iterable[str], base: str) -> tuple[str, ...]:
    """These addresses, absolute and each once; what is no web address is left out."""
    absolute: dict[str, None] = {}
    for url in urls:
        try:
            found = urljoin(base, url.strip())
        except ValueError:
            continue
        if url.strip() and found.startswith(_SCHEMES):
            absolute[found] = None
    return tuple(absolute)


def one_picture_each(variants: Iterable[PageProduct]) -> tuple[PageProduct, ...]:
    """The variants of one product, each picture with the first that shows it.

    A picture of all sizes cannot tell them apart: with each of them it would be a label that contradicts the others.
    """
    taken: set[str] = set()
    sorted_out: list[PageProduct] = []
    for variant in variants:
        own = tuple(url for url in variant.image_urls if url not in taken)
        taken.update(own)
        sorted_out.append(replace(variant, image_urls=own))
    return tuple(sorted_out)


def _said(*, available: bool | None) -> str | None:
    return None if available is None else "InStock" if available else "OutOfStock"
