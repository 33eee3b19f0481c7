"""A shop's page in, its product out. Pure: no network, no files, no clock.

Asked in this order: JSON-LD, microdata, RDFa, the state that the shop's own scripts work with, OpenGraph and other meta
tags, and last what the page shows to people.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urljoin, urlsplit

from spiders.cleaning import DESCRIPTION_LENGTH, SKU_LENGTH, clean_text, safe_sku
from spiders.embedded import embedded_products
from spiders.errors import NoProductError, PageUnreadableError
from spiders.facts import Page, availability_on, gtin_of, gtin_on, meta_price, price_on, sku_on
from spiders.labelled import brand_told, pictures_on, trail_on
from spiders.offers import offers_of, price_of
from spiders.structured import HtmlElement, Node, StructuredData, parse_html, read_structured
from spiders.variants import Variant, variants_on, without_shared_pictures
from spiders.visible import VisiblePage

_PRODUCT_TYPES = frozenset(
    {"product", "productgroup", "individualproduct", "productmodel", "someproducts", "vehicle", "car"}
)
_LISTING_TYPES = frozenset({"collectionpage", "searchresultspage", "itemlist", "offercatalog"})
_LISTING_SIZE = 3


@dataclass(frozen=True, slots=True)
class PageProduct:
    """What one page says of its product; texts are clean, images are addresses still to be fetched.

    `price` is in units of `currency` (ISO 4217); `availability` is a schema.org short name. `group` is the id that the
    sizes and colours of one product share, `variant` says which of them this is.
    """

    sku: str
    title: str
    brand: str | None
    category: str | None
    gtin: str | None
    description: str | None
    url: str
    price: Decimal | None
    currency: str | None
    availability: str | None
    image_urls: tuple[str, ...]
    mpn: str | None = None
    group: str | None = None
    variant: str | None = None


def read_product(text: str, url: str, sku_prefix: str = "") -> PageProduct:
    """The product that a page is about; of several sizes or colours, what the page says of all of them.

    Raises:
        NoProductError: the page is about no single product.
        PageUnreadableError: it cannot be parsed, or its structured data is broken and nothing else tells of a product.
    """
    return _assembled(_page_of(parse_page(text), url), sku_prefix)


def read_products(text: str, url: str, sku_prefix: str = "") -> tuple[PageProduct, ...]:
    """The product that a page is about, or each of its sizes and colours where they have ids of their own.

    Raises:
        NoProductError, PageUnreadableError: as `read_product`.
    """
    return read_parsed(parse_page(text), url, sku_prefix)


def read_parsed(document: HtmlElement, url: str, sku_prefix: str = "") -> tuple[PageProduct, ...]:
    """The same for a page that is parsed already."""
    page = _page_of(document, url)
    whole = _assembled(page, sku_prefix)
    found = variants_on(document, page.product, tuple(_products(page.data.nodes)), url)
    if not found.each:
        return (whole,)
    group = safe_sku(found.group, sku_prefix) or whole.sku
    return tuple(
        _variant_of(whole, variant, group, sku_prefix)
        for variant in without_shared_pictures(found.each, whole.image_urls)
    )


def _variant_of(whole: PageProduct, variant: Variant, group: str, sku_prefix: str) -> PageProduct:
    return replace(
        whole,
        sku=safe_sku(variant.sku, sku_prefix) or whole.sku,
        gtin=gtin_of([variant.gtin] if variant.gtin else []),
        mpn=clean_text(variant.mpn, SKU_LENGTH),
        group=group,
        variant=variant.name,
        price=variant.price or whole.price,
        currency=variant.currency or whole.currency,
        availability=variant.availability or whole.availability,
        image_urls=tuple(image for image in variant.images if image.startswith(("http://", "https://"))),
    )


def parse_page(text: str) -> HtmlElement:
    """The page's tree.

    Raises:
        NoProductError: the page is empty.
        PageUnreadableError: it cannot be parsed.
    """
    document = parse_html(text)
    if document is None:
        raise NoProductError("the page is empty")
    return document


def _page_of(document: HtmlElement, url: str) -> Page:
    data = read_structured(document, url)
    visible = VisiblePage(document)
    return Page(document, url, data, visible, *_product_of(document, data, visible, url))


def _product_of(
    document: HtmlElement, data: StructuredData, visible: VisiblePage, url: str
) -> tuple[Node, tuple[Node, ...]]:
    products = tuple(_products(data.nodes))
    node = _chosen(products, data, visible, url)
    if node is not None:
        # Sizes and colours are often written as so many products of one name: their offers belong together.
        others = (other for other in products if other is not node and other.text("name") == node.text("name"))
        return node, (*offers_of(node), *(offer for other in others for offer in offers_of(other)))
    if not any(node.types & _LISTING_TYPES for node in data.nodes):
        titles = (visible.heading, data.tag("og:title"))
        for embedded in embedded_products(document, [title for title in titles if title])[:1]:
            return embedded, offers_of(embedded)
    if _looks_like_product(data, visible):
        return Node(frozenset()), ()
    if data.broken_blocks:
        raise PageUnreadableError(
            f"{data.broken_blocks} blocks of JSON-LD are broken, and nothing else tells of a product"
        )
    raise NoProductError("the page tells of no product, neither in structured data nor in what it shows")


def _products(nodes: Sequence[Node]) -> Iterator[Node]:
    """Products at the top, or the subject of a page node; not those that another product or a list merely mentions."""
    for node in nodes:
        if node.types & _PRODUCT_TYPES:
            yield node
        elif node.types & {"webpage", "itempage"}:
            yield from (inner for inner in node.nodes("mainEntity", "about") if inner.types & _PRODUCT_TYPES)


def _chosen(products: Sequence[Node], data: StructuredData, visible: VisiblePage, url: str) -> Node | None:
    """The product that the page is about, by name, address and offers; None on a listing of several."""
    candidates = [product for product in products if product.text("name") or offers_of(product)]
    if not candidates:
        return None
    titles = [_key(text) for text in (visible.heading, data.tag("og:title")) if text]

    def rank(product: Node) -> tuple[bool, bool, bool, bool]:
        name = _key(product.text("name") or "")
        named = bool(name) and any(name in title or title in name for title in titles)
        address = product.text("url", "@id") or ""
        here = bool(address) and urlsplit(urljoin(url, address)).path == urlsplit(url).path
        offers = offers_of(product)
        return named, here, any(price_of(offer) for offer in offers), bool(offers)

    best = max(candidates, key=rank)
    names = {product.text("name") for product in candidates}
    is_listing = len(names) >= _LISTING_SIZE or any(node.types & _LISTING_TYPES for node in data.nodes)
    return None if is_listing and len(names) > 1 and not any(rank(best)[:2]) else best


def _looks_like_product(data: StructuredData, visible: VisiblePage) -> bool:
    """Without a product in structured data: OpenGraph says so, or the page has heading, price and a way to buy."""
    if any(node.types & _LISTING_TYPES for node in data.nodes):
        return False
    declared = (data.tag("og:type") or "").lower().endswith("product") or meta_price(data) is not None
    title = visible.heading or data.tag("og:title")
    shown = visible.price is not None and (visible.offers_to_buy or visible.code is not None)
    return bool(title) and (declared or shown)


def _assembled(page: Page, sku_prefix: str) -> PageProduct:
    product, data, visible = page.product, page.data, page.visible
    title = clean_text(product.text("name") or data.tag("og:title", "twitter:title") or visible.heading)
    gtin = gtin_on(page)
    sku = sku_on(page, gtin, sku_prefix)
    if title is None or sku is None:
        raise NoProductError("the product has no name or nothing that could serve as its id")
    price, currency = price_on(page)
    return PageProduct(
        sku=sku,
        title=title,
        brand=_name_of(product, "brand", "manufacturer")
        or clean_text(data.tag("product:brand", "og:brand") or brand_told(visible.near)),
        category=_category(page),
        gtin=gtin,
        description=clean_text(
            product.text("description") or data.tag("og:description", "description"), DESCRIPTION_LENGTH
        ),
        url=page.url,
        price=price,
        currency=currency,
        availability=availability_on(page, price),
        image_urls=_image_urls(page),
        mpn=clean_text(product.text("mpn"), SKU_LENGTH),
        group=safe_sku(product.text("inProductGroupWithID", "productGroupID"), sku_prefix),
    )


def _name_of(product: Node, *properties: str) -> str | None:
    names = (*(node.text("name") for node in product.nodes(*properties)), product.text(*properties))
    return next((clean for clean in map(clean_text, names) if clean), None)


def _category(page: Page) -> str | None:
    """The product's category, or the last step but the product itself of the breadcrumbs."""
    told = _name_of(page.product, "category") or clean_text(page.data.tag("product:category"))
    if told:
        return told
    trail = [name for node in page.data.nodes if "breadcrumblist" in node.types for name in _steps(node)]
    trail = trail or list(trail_on(page.document))
    own = {_key(name) for name in (page.product.text("name"), page.visible.heading) if name}
    steps = [step for step in trail if _key(step) not in own]
    return clean_text(steps[-1]) if steps else None


def _steps(breadcrumbs: Node) -> Iterator[str]:
    for element in breadcrumbs.nodes("itemListElement"):
        names = (element.text("name"), *(inner.text("name") for inner in element.nodes("item")))
        yield from [name for name in names if name][:1]


def _image_urls(page: Page) -> tuple[str, ...]:
    told = [*page.product.texts("image")]
    told.extend(
        text for node in page.product.nodes("image", "photo") for text in node.texts("contentUrl", "url", "@id")[:1]
    )
    if not told:
        told.extend(page.data.meta.get("og:image", ())[:1])
    if not told:
        titles = [text for text in (page.product.text("name"), page.visible.heading) if text]
        told.extend(pictures_on(page.document, titles, page.url))
    absolute = (urljoin(page.url, text) for text in told)
    return tuple(dict.fromkeys(url for url in absolute if url.startswith(("http://", "https://"))))


def _key(text: str) -> str:
    return re.sub(r"\W+", "", (clean_text(text) or "").lower())
