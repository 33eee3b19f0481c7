"""Shopify: the products.json that every such shop serves, page by page, whole or by collection."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from recognition.vocabulary import FetchReason
from spiders.errors import NoProductError, PageUnreadableError
from spiders.kinds.documents import json_of, objects_of, text_at
from spiders.pages import PageProduct
from spiders.reader import Document, Found, Problem, Target
from spiders.records import RawProduct, clean_product, one_picture_each
from spiders.sources import ShopifySource

PAGE_SIZE = 250
"""Products that Shopify gives at once, at most."""

_ONLY_VARIANT = "Default Title"


class ShopifyReader:
    """Reads products.json; each variant (size, colour) is a SKU, the product is their group."""

    def __init__(self, source: ShopifySource) -> None:
        self._source = source
        parts = urlsplit(source.url)
        self._root = f"{parts.scheme}://{parts.netloc}"

    def start(self) -> tuple[Target, ...]:
        """The first page of all products, or of each collection."""
        handles = self._source.categories
        return tuple(self._page(f"/collections/{quote(handle, safe='')}", handle) for handle in handles) or (
            self._page("", None),
        )

    def read(self, document: Document) -> Found:
        """One page of products.json, and the next where this one is full."""
        answer = json_of(document)
        if not isinstance(answer, Mapping) or "products" not in answer:
            raise PageUnreadableError("this is not the products.json of a Shopify shop: it holds no products")
        entries = list(objects_of(answer["products"]))
        following = _next_page(document.target) if len(entries) >= PAGE_SIZE else None
        return Found(self._products(entries, document.target), (following,) if following else ())

    def _page(self, path: str, collection: str | None) -> Target:
        return Target(f"{self._root}{path}/products.json?limit={PAGE_SIZE}&page=1", "data", collection)

    def _products(self, entries: list[Mapping[str, Any]], target: Target) -> Iterator[PageProduct | Problem]:
        for entry in entries:
            url = f"{self._root}/products/{quote(text_at(entry, 'handle') or '', safe='')}"
            try:
                yield from one_picture_each(self._variants(entry, url, target.category))
            except NoProductError as error:
                yield Problem(url, FetchReason.NO_PRODUCT, str(error))

    def _variants(self, entry: Mapping[str, Any], url: str, category: str | None) -> Iterator[PageProduct]:
        variants = list(objects_of(entry.get("variants")))
        if not variants:
            raise NoProductError("the product has no variant that could be bought")
        several = len(variants) > 1
        skus = [text_at(variant, "sku") for variant in variants]
        for place, variant in enumerate(variants):
            own_sku = skus[place] if skus.count(skus[place]) == 1 else None  # one number for all sizes names none
            option = text_at(variant, "title")
            raw = RawProduct(
                url=f"{url}?variant={text_at(variant, 'id')}" if several else url,
                sku=own_sku or text_at(variant, "id"),
                title=text_at(entry, "title"),
                images=_pictures(entry, variant, is_first=place == 0),
                price=text_at(variant, "price"),
                currency=self._source.currency,
                available=variant.get("available") if isinstance(variant.get("available"), bool) else None,
                brand=text_at(entry, "vendor"),
                gtin=text_at(variant, "barcode"),
                category=text_at(entry, "product_type") or category,
                group=text_at(entry, "id") if several else None,
                variant=None if option == _ONLY_VARIANT else option,
                description=text_at(entry, "body_html"),
            )
            yield clean_product(raw, self._source.sku_prefix)


def _pictures(entry: Mapping[str, Any], variant: Mapping[str, Any], *, is_first: bool) -> list[str]:
    """A variant's own pictures; the first one also gets those that show no variant in particular."""
    featured = text_at(variant, "featured_image", "src")
    found = [featured] if featured else []
    for image in objects_of(entry.get("images")):
        shown = image.get("variant_ids") or []
        source = text_at(image, "src")
        if source and (variant.get("id") in shown or (is_first and not shown)):
            found.append(source)
    return found


def _next_page(target: Target) -> Target:
    head, _, number = target.url.rpartition("=")
    return Target(f"{head}={int(number) + 1}", target.role, target.category)
