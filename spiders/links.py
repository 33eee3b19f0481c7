# ruff: noqa: RUF001 - the words of shops in other scripts look like ours to a linter
"""Where a page of a shop leads: to products, to further pages of a listing, to listings. Pure rules of thumb."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urldefrag, urlencode, urljoin, urlsplit, urlunsplit

from spiders.hosts import same_shop
from spiders.structured import HtmlElement
from spiders.words import MONEY, PRICE_NAME


class Role(StrEnum):
    """What a link seems to lead to, in the order in which it is worth following."""

    PRODUCT = "product"
    NEXT = "next"
    LISTING = "listing"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Link:
    """One address that a page links to, and what it seems to be."""

    url: str
    role: Role


MAX_LINKS = 2000
_CARD_DEPTH = 5
_CARD_LINKS = 4
_CARD_TEXT = 600

_PRODUCT_PATH = re.compile(
    r"/(?:p|dp|pd|pr|item|itm|prod|product|products|produkt|produkte|produit|produits|producto|productos|produto|produtos"
    r"|prodotto|prodotti|artikel|article|tovar|goods|sku)(?:/|-|_)[^/]*\w{3,}|/products/[^/]+$|-p-?\d{3,}|[-_/]p\d{4,}"
    r"|[/_-][a-z]{0,3}\d{5,}(?:[./_-]|$)|/catalog/product/view|[?&](?:product|product_id|productid|pid|sku|id_product)=",
    re.IGNORECASE,
)
_LISTING_PATH = re.compile(
    r"/(?:c|cat|category|categories|collection|collections|catalog|catalogue|shop|kategorie|kategorien|categorie|categoria"
    r"|categorias|product-category|produkt-kategorie|rubrik|sortiment|department|departments|browse|marken|brand|brands)(?:/|$)"
    r"|[-_]c-?\d+|[?&](?:category|cat|cid|path)=|route=product/category",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"add[-_]?to[-_]?(?:cart|bag|basket|wishlist|compare)|/(?:cart|basket|checkout|warenkorb|kasse|panier|carrito|carrello"
    r"|wishlist|wunschliste|compare|login|logout|signin|register|account|my-?account|mein-?konto|customer|password|admin"
    r"|wp-admin|wp-login|wp-json|cdn-cgi|share|print)(?:[/.?]|$)|[?&](?:add|action|do|sid|phpsessid|sessionid)=",
    re.IGNORECASE,
)
_NO_PAGE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|bmp|tiff?|pdf|zip|gz|rar|7z|exe|dmg|mp[34]|m4v|mov|avi|webm|css|js|json|xml|rss"
    r"|docx?|xlsx?|pptx?|csv|woff2?|ttf|eot)$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"/(?:about|about-us|ueber-uns|impressum|imprint|contact|kontakt|agb|terms|privacy|datenschutz|faq|help|hilfe|blog|news"
    r"|magazin|press|jobs|careers|karriere|versand|shipping|returns|retouren|newsletter|stores?|filialen|cookie\w*|legal"
    r"|mentions-legales|cgv|widerruf\w*|sitemap|rss|feed|tag|author|search|suche|recherche)(?:[/.?]|$)",
    re.IGNORECASE,
)
_PAGE_PARAMETER = re.compile(
    r"^(?:p|pg|page|paged|pagenum|pagenumber|pageno|seite|pagina|strona|offset|start|currentpage)$", re.IGNORECASE
)
_PAGE_PATH = re.compile(r"/(?:page|seite|pagina|p|pg)[/-]?(\d{1,4})/?$", re.IGNORECASE)
_PAGING_NAME = re.compile(r"pag(?:ination|er|ing|es?)\b|page-numbers|pagenav|load-?more|next", re.IGNORECASE)
_NEXT_TEXT = re.compile(
    r"^(?:next(?:\s+page)?|nächste(?:\s+seite)?|weiter|suivante?|page\s+suivante|siguiente|próxima|seguinte|successiva?|avanti"
    r"|volgende|następna|další|далее|следующая|次へ|下一页|下一頁|load\s+more|show\s+more|mehr\s+anzeigen|voir\s+plus|ver\s+más"
    r"|[›»→>]+)\s*[›»→>]*$",
    re.IGNORECASE,
)
_SORTING = re.compile(
    r"^(?:sort|sort_?by|order|orderby|dir|direction|limit|per_?page|view|mode|display|grid|filter.*|f\[.*|q|s|color|colour|size"
    r"|price|min_price|max_price|utm_.*|ref|gclid|fbclid|srsltid|variant|attribute.*|product_list_(?:order|dir|mode|limit))$",
    re.IGNORECASE,
)


def links_on(document: HtmlElement, url: str) -> tuple[Link, ...]:
    """The shop's own pages that a page links to, each once, the most telling first; fragments are dropped.

    What changes something or is nobody's business (carts, accounts), files, and the same listing sorted or filtered
    otherwise are left out: the last would be asked for ever.
    """
    found: dict[str, Role] = {}
    for address, role in _links(document, url):
        if address not in found or _rank(role) < _rank(found[address]):
            found[address] = role
        if len(found) >= MAX_LINKS:
            break
    found.pop(urldefrag(url).url, None)
    return tuple(Link(address, role) for address, role in sorted(found.items(), key=lambda pair: _rank(pair[1])))


def _rank(role: Role) -> int:
    return list(Role).index(role)


def _links(document: HtmlElement, url: str) -> Iterator[tuple[str, Role]]:
    base = _base(document, url)
    for element in document.iter("a", "link"):
        href, relation = element.get("href"), (element.get("rel") or "").lower().split()
        if not href or "nofollow" in relation or (element.tag == "link" and "next" not in relation):
            continue
        address = _address(href, base)
        if address is None or not same_shop(address, url) or not _is_page(address):
            continue
        if "next" in relation or _leads_on(element, address, url):
            yield address, Role.NEXT
        elif not _is_same_sorted_otherwise(address, url):
            yield address, _role(element, address)


def _base(document: HtmlElement, url: str) -> str:
    base = next((element.get("href") for element in document.iter("base") if element.get("href")), None)
    return urljoin(url, base.strip()) if base else url


def _address(href: str, base: str) -> str | None:
    try:
        return urldefrag(urljoin(base, href.strip())).url
    except ValueError:
        return None


def _is_page(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in {"http", "https"} and not _NO_PAGE.search(parts.path) and not _NEVER.search(address)


def _role(element: HtmlElement, address: str) -> Role:
    parts = urlsplit(address)
    where = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if _ABOUT.search(parts.path):
        return Role.OTHER
    if _PRODUCT_PATH.search(where) or _is_card(element):
        return Role.PRODUCT
    return Role.LISTING if _LISTING_PATH.search(where) or _is_in(element, "nav") else Role.OTHER


def _is_card(element: HtmlElement) -> bool:
    """Whether the link is that of a tile in a listing: a price close by, and few other links."""
    current = element
    for _ in range(_CARD_DEPTH):
        if len({link.get("href") for link in current.iter("a")}) > _CARD_LINKS:
            return False
        text = current.text_content()
        if len(text) > _CARD_TEXT:
            return False
        if MONEY.search(text) or any(
            PRICE_NAME.search(child.get("class") or "") for child in current.iter("span", "div")
        ):
            return True
        parent = current.getparent()
        if parent is None or parent.tag in {"body", "main", "nav", "header", "footer"}:
            return False
        current = parent
    return False


def _is_in(element: HtmlElement, tag: str) -> bool:
    return any(ancestor.tag == tag for ancestor in element.iterancestors())


def _leads_on(element: HtmlElement, address: str, url: str) -> bool:
    """Whether the link is to another page of this very listing."""
    here, there = _without_page(url), _without_page(address)
    if here != there or address == urldefrag(url).url:
        return False
    if _page_number(address) is None:
        return False
    if _page_number(address) != _page_number(url):
        return True
    names = " ".join(f"{node.get('class', '')} {node.get('rel', '')}" for node in (element, *_ancestors(element, 4)))
    return bool(_PAGING_NAME.search(names) or _NEXT_TEXT.match(element.text_content().strip()))


def _ancestors(element: HtmlElement, depth: int) -> Iterator[HtmlElement]:
    for _, ancestor in zip(range(depth), element.iterancestors(), strict=False):
        yield ancestor


def _page_number(url: str) -> str | None:
    parts = urlsplit(url)
    told = [value for name, value in parse_qsl(parts.query) if _PAGE_PARAMETER.match(name) and value.isdigit()]
    in_path = _PAGE_PATH.search(parts.path)
    return told[0] if told else in_path[1] if in_path else None


def _without_page(url: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """What names a listing: host, path and parameters without the number of its page."""
    parts = urlsplit(url)
    path = _PAGE_PATH.sub("", parts.path).rstrip("/") or "/"
    query = tuple(sorted(pair for pair in parse_qsl(parts.query) if not _PAGE_PARAMETER.match(pair[0])))
    return parts.netloc.lower().removeprefix("www."), path, query


def _is_same_sorted_otherwise(address: str, url: str) -> bool:
    """Whether an address is a page we are on or can come to, sorted or filtered: told by its parameters alone."""
    parts = urlsplit(address)
    if not parts.query or not any(_SORTING.match(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return False
    kept = [pair for pair in parse_qsl(parts.query) if not _SORTING.match(pair[0])]
    plain = urlunsplit((*parts[:3], urlencode(kept), ""))
    return not _PRODUCT_PATH.search(plain) or _without_page(plain) == _without_page(url)
