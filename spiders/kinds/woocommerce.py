"""WooCommerce: the Store API, which serves a shop's own pages without any key."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, urlsplit

from recognition.vocabulary import FetchReason
from spiders.errors import NoProductError, PageUnreadableError
from spiders.kinds.documents import json_of, objects_of, text_at
from spiders.pages import PageProduct
from spiders.reader import Document, Found, Problem, Target
from spiders.records import RawProduct, clean_product, one_picture_each
from spiders.sources import WooCommerceSource

PAGE_SIZE = 100
"""Products that the Store API gives at once, at most."""

API = "/wp-json/wc/store/v1/products"


class WooCommerceReader:
    """Reads the Store API; each variation is a SKU, the variable product is their group."""

    def __init__(self, source: WooCommerceSource) -> None:
        self._source = source
        parts = urlsplit(source.url)
        self._root = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"

    def start(self) -> tuple[Target, ...]:
        """The first page of all products, or of each category."""
        return tuple(self._page(f"&category={quote(slug, safe='')}", slug) for slug in self._source.categories) or (
            self._page("", None),
        )

    def read(self, document: Document) -> Found:
        """One page of products or of variations; the variations of what it lists, and the next page of a full one."""
        answer = json_of(document)
        if not isinstance(answer, list):
            raise PageUnreadableError(f"the Store API gave no list of products: {text_at(answer, 'message')}")
        entries = list(objects_of(answer))
        parents = [text_at(entry, "id") for entry in entries if entry.get("variations")]
        targets = [self._page(f"&type=variation&parent={','.join(filter(None, parents))}", document.target.category)]
        following = [_next_page(document.target)] if len(entries) >= PAGE_SIZE else []
        return Found(self._products(entries), (*(targets if parents else ()), *following))

    def _page(self, query: str, category: str | None) -> Target:
        return Target(f"{self._root}{API}?per_page={PAGE_SIZE}{query}&page=1", "data", category)

    def _products(self, entries: Sequence[Mapping[str, Any]]) -> Iterator[PageProduct | Problem]:
        groups: dict[str, list[PageProduct]] = {}
        for entry in entries:
            if entry.get("variations"):
                continue  # its variations are what can be bought
            try:
                product = clean_product(self._raw(entry), self._source.sku_prefix)
            except NoProductError as error:
                yield Problem(text_at(entry, "permalink") or self._root, FetchReason.NO_PRODUCT, str(error))
                continue
            groups.setdefault(product.group or product.sku, []).append(product)
        for variants in groups.values():
            yield from one_picture_each(variants)

    def _raw(self, entry: Mapping[str, Any]) -> RawProduct:
        parent = text_at(entry, "parent")
        categories = [text_at(category, "name") for category in objects_of(entry.get("categories"))]
        return RawProduct(
            url=text_at(entry, "permalink") or self._root,
            sku=text_at(entry, "sku") or text_at(entry, "id"),
            title=text_at(entry, "name"),
            images=[text_at(image, "src") or "" for image in objects_of(entry.get("images"))],
            price=_amount(entry.get("prices")),
            currency=text_at(entry, "prices", "currency_code"),
            availability="BackOrder" if entry.get("is_on_backorder") is True else None,
            available=entry["is_in_stock"] if isinstance(entry.get("is_in_stock"), bool) else None,
            brand=next((text_at(brand, "name") for brand in objects_of(entry.get("brands"))), None) or _brand(entry),
            gtin=text_at(entry, "global_unique_id"),
            category=next((name for name in reversed(categories) if name), None),
            group=parent if parent not in {None, "0"} else None,
            variant=text_at(entry, "variation"),
            description=text_at(entry, "short_description") or text_at(entry, "description"),
        )


def _amount(prices: Any) -> str | None:
    """The price in units: the Store API writes it in the currency's smallest unit."""
    written, decimals = text_at(prices, "price"), text_at(prices, "currency_minor_unit")
    try:
        return None if written is None else f"{Decimal(written).scaleb(-int(decimals or 0)):f}"
    except (InvalidOperation, ValueError):
        return None


def _brand(entry: Mapping[str, Any]) -> str | None:
    """The brand where a shop keeps it as an attribute."""
    for attribute in objects_of(entry.get("attributes")):
        if (text_at(attribute, "name") or "").lower() in {"brand", "marke", "marque", "marca", "merk"}:
            return next((text_at(term, "name") for term in objects_of(attribute.get("terms"))), None)
    return None


def _next_page(target: Target) -> Target:
    head, _, number = target.url.rpartition("=")
    return Target(f"{head}={int(number) + 1}", target.role, target.category)
