"""Sizes and colours of one product: each is a SKU of its own, all of them are one group."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from lxml import etree  # type: ignore[import-untyped]

from spiders.cleaning import clean_text, safe_sku
from spiders.offers import currency_of, offers_of, parse_availability, parse_price, price_of
from spiders.structured import HtmlElement, Node

MAX_VARIANTS = 500
_FORMS = etree.XPath("//form[@data-product_variations]")
_BETWEEN = " -\u2013/|:,()"
_OPTIONS = ("color", "colour", "size", "material", "pattern", "flavor", "scent")


@dataclass(frozen=True, slots=True)
class Variant:
    """What a page says of one variant; None where it says nothing of its own."""

    sku: str
    name: str | None
    gtin: str | None
    mpn: str | None
    price: Decimal | None
    currency: str | None
    availability: str | None
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variants:
    """The variants of a page's product and the id that they share, as the shop writes it (None where it does not)."""

    group: str | None
    each: tuple[Variant, ...]


def variants_on(document: HtmlElement, product: Node, all_products: Sequence[Node], url: str) -> Variants:
    """The variants that a page names with ids of their own; none where there are fewer than two."""
    group = product.text("productGroupID", "inProductGroupWithID")
    ways: tuple[Iterable[Variant | None], ...] = (
        (_of_node(node, product, url) for node in product.nodes("hasVariant")),
        (_of_node(node, product, url) for node in _siblings(product, all_products)),
        (_of_offer(offer) for offer in offers_of(product)),
        _woocommerce(document, url),
    )
    for way in ways:
        found = {variant.sku: variant for variant in islice(way, MAX_VARIANTS) if variant is not None}
        if len(found) > 1:
            return Variants(group, tuple(found.values()))
    return Variants(group, ())


def _siblings(product: Node, all_products: Sequence[Node]) -> list[Node]:
    """Products of one page that say that they are in the same group."""
    group = product.text("inProductGroupWithID")
    return [node for node in all_products if group and node.text("inProductGroupWithID") == group]


def _of_node(node: Node, product: Node, url: str) -> Variant | None:
    offers = offers_of(node)
    sku = node.text("sku") or next((sku for offer in offers if (sku := offer.text("sku"))), None)
    images = [
        *node.texts("image"),
        *(text for inner in node.nodes("image") for text in inner.texts("contentUrl", "url")[:1]),
    ]
    return _variant(
        sku=sku or node.text("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "mpn", "@id"),
        name=" / ".join(value for option in _OPTIONS if (value := node.text(option))) or _own_name(node, product),
        gtin=node.text("gtin13", "gtin", "gtin14", "gtin12", "gtin8"),
        mpn=node.text("mpn"),
        offers=offers,
        images=tuple(urljoin(url, image) for image in images),
    )


def _own_name(node: Node, product: Node) -> str | None:
    """What a variant's name has beyond that of its product."""
    name, of_all = node.text("name") or "", product.text("name") or ""
    return name.removeprefix(of_all).strip(_BETWEEN) if name != of_all and name.startswith(of_all) else None


def _of_offer(offer: Node) -> Variant | None:
    name = offer.text("name") or " / ".join(value for option in _OPTIONS if (value := offer.text(option)))
    gtin, mpn = offer.text("gtin13", "gtin", "gtin14", "gtin12", "gtin8"), offer.text("mpn")
    return _variant(sku=offer.text("sku"), name=name, gtin=gtin, mpn=mpn, offers=(offer,), images=())


def _variant(
    *,
    sku: str | None,
    name: str | None,
    gtin: str | None,
    mpn: str | None,
    offers: Sequence[Node],
    images: tuple[str, ...],
) -> Variant | None:
    if safe_sku(sku) is None or sku is None:
        return None
    told = [parse_availability(text) for offer in offers for text in offer.texts("availability")]
    prices = (price_of(offer) for offer in offers)
    return Variant(
        sku=sku,
        name=clean_text(name),
        gtin=gtin,
        mpn=mpn,
        price=next((price for price in prices if price), None),
        currency=next((code for offer in offers if (code := currency_of(offer))), None),
        availability="InStock" if "InStock" in told else next((name for name in told if name), None),
        images=images,
    )


def _woocommerce(document: HtmlElement, url: str) -> Iterator[Variant | None]:
    """WooCommerce puts its variations on the form that buys them."""
    for form in _FORMS(document)[:1]:
        try:
            entries = json.loads(form.get("data-product_variations"))
        except (ValueError, RecursionError):
            return
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                yield _of_variation(entry, url)


def _of_variation(entry: Mapping[str, Any], url: str) -> Variant | None:
    sku = str(entry.get("sku") or entry.get("variation_id") or "")
    attributes, image = entry.get("attributes"), entry.get("image")
    values = attributes.values() if isinstance(attributes, Mapping) else ()
    source = (image.get("full_src") or image.get("url") or image.get("src")) if isinstance(image, Mapping) else None
    stock = entry.get("is_in_stock")
    if not safe_sku(sku):
        return None
    return Variant(
        sku=sku,
        name=clean_text(" / ".join(str(value) for value in values if value)),
        gtin=None,
        mpn=None,
        price=parse_price(str(entry.get("display_price") or "")),
        currency=None,
        availability=("InStock" if stock else "OutOfStock") if isinstance(stock, bool) else None,
        images=(urljoin(url, source),) if isinstance(source, str) else (),
    )


def without_shared_pictures(variants: Sequence[Variant], of_all: Sequence[str]) -> tuple[Variant, ...]:
    """Each picture with one variant: the first that shows it; those of no variant in particular go to the first."""
    own = {image for variant in variants for image in variant.images}
    taken: set[str] = set()
    sorted_out = []
    for place, variant in enumerate(variants):
        shown = (*variant.images, *(image for image in of_all if place == 0 and image not in own))
        kept = tuple(dict.fromkeys(image for image in shown if image not in taken))
        taken.update(kept)
        sorted_out.append(replace(variant, images=kept))
    return tuple(sorted_out)
