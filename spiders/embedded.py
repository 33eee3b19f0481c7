"""The state that a shop's own scripts work with: products in embedded JSON, brought to the shape of structured data.

Single-page shops send it with the page (`__NEXT_DATA__`, `__NUXT__`, `window.__INITIAL_STATE__`, Shopify's product
JSON, `dataLayer`). No script is run: objects are read as data. Only what looks like a product and bears the page's name
counts.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import chompjs
from lxml.html import HtmlElement  # type: ignore[import-untyped]

from spiders.structured import Node

MAX_SCRIPT = 4 * 1024 * 1024
_MAX_DEPTH = 24
_MAX_SEEN = 200_000
_MAX_PRODUCTS = 60
_ASSIGNED = re.compile(
    r"(?:window\.|self\.|var\s+|let\s+|const\s+)?[\w.$\[\]'\"]*"
    r"(?:__\w+__|state|State|STATE|product|Product|PRODUCT|data|Data|DATA|meta|item|config)[\w$\]'\"]*\s*=\s*(?=[{\[])"
    r"|dataLayer\.push\(\s*(?=\{)"
)
_PARSED = re.compile(r"JSON\.parse\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_MAX_OBJECTS = 12

_NAMES: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "title", "productname", "producttitle", "displayname", "producttitle"),
    "sku": ("sku", "productcode", "articlenumber", "itemnumber", "partnumber", "code", "productid", "itemid", "id"),
    "gtin": ("gtin", "gtin13", "ean", "ean13", "barcode", "upc", "gtin14", "gtin12"),
    "mpn": ("mpn", "manufacturerpartnumber", "modelnumber", "manufacturernumber"),
    "brand": ("brand", "brandname", "vendor", "manufacturer", "manufacturername"),
    "category": ("category", "categoryname", "producttype", "categorypath"),
    "description": ("description", "shortdescription", "longdescription", "descriptionhtml", "bodyhtml"),
    "url": ("url", "producturl", "canonicalurl", "link", "permalink"),
}
_PRICES = (
    "price", "currentprice", "saleprice", "finalprice", "sellingprice", "pricevalue", "specialprice", "nowprice",
    "discountedprice", "pricewithtax", "grossprice", "salesprice", "priceamount", "amount", "value", "prices", "offers",
    "offer", "pricing", "priceinfo", "sale", "now", "current", "final", "selling", "regularprice", "listprice",
)  # fmt: skip
_CURRENCIES = ("currency", "currencycode", "pricecurrency", "currencyisocode", "isocode")
_IMAGES = (
    "image", "images", "imageurl", "imageurls", "media", "gallery", "pictures", "featuredimage", "mainimage", "photos",
    "medias",
)  # fmt: skip
_ADDRESS = ("url", "src", "href", "large", "zoom", "original", "full", "imageurl", "contenturl", "path")
_STOCK = (
    "availability", "instock", "isinstock", "available", "isavailable", "stockstatus", "availableforsale", "stock",
    "inventory", "soldout", "issoldout", "outofstock", "isoutofstock",
)  # fmt: skip
_OPPOSITE = frozenset({"soldout", "issoldout", "outofstock", "isoutofstock"})


def embedded_products(document: HtmlElement, titles: Sequence[str]) -> tuple[Node, ...]:
    """Products in embedded state whose name is one of the page's own titles, the fullest first."""
    wanted = {key for key in map(_key, titles) if key}
    if not wanted:
        return ()
    found: list[Node] = []
    for state in _states(document):
        for entry in _objects(state):
            name = _text(entry, _NAMES["name"])
            if name and _is_one_of(_key(name), wanted) and _price(entry, 0) is not None:
                found.append(_node(entry))
                if len(found) >= _MAX_PRODUCTS:
                    break
    return tuple(sorted(found, key=lambda node: -len(node.properties)))


def _states(document: HtmlElement) -> Iterator[Any]:
    for script in document.iter("script"):
        text, kind = script.text or "", (script.get("type") or "").lower()
        if not text.strip() or len(text) > MAX_SCRIPT or "ld+json" in kind:
            continue
        if "json" in kind:
            yield from _loaded(text)
        elif not kind or "javascript" in kind or kind == "module":
            yield from _assigned(text)


def _loaded(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return


def _assigned(text: str) -> Iterator[Any]:
    """Objects that a script assigns or pushes, and texts that it parses."""
    end = 0
    for count, match in enumerate(_ASSIGNED.finditer(text)):
        if count >= _MAX_OBJECTS:
            break
        if match.end() < end:
            continue  # inside of what was read already
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text, match.end())
            yield value
        except (ValueError, RecursionError):
            yield from _javascript(text[match.end() :])
    for match in _PARSED.finditer(text):
        literal = (
            match[1] if match[1].startswith('"') else '"' + match[1][1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
        )
        try:
            yield json.loads(json.loads(literal, strict=False), strict=False)
        except (ValueError, TypeError, RecursionError):
            continue


def _javascript(text: str) -> Iterator[Any]:
    try:
        yield chompjs.parse_js_object(text, loader_kwargs={"strict": False})
    except (ValueError, RecursionError, TypeError):
        return


def _objects(state: Any) -> Iterator[Mapping[str, Any]]:
    """Every object inside, breadth first: the page's own product stands higher than those that it mentions."""
    queue: list[tuple[Any, int]] = [(state, 0)]
    for seen, (value, depth) in enumerate(queue):
        if seen > _MAX_SEEN:
            return
        if isinstance(value, Mapping):
            yield {str(key).lower().replace("_", "").replace("-", ""): inner for key, inner in value.items()}
        if depth < _MAX_DEPTH and isinstance(value, Mapping | list):
            inner_values = value.values() if isinstance(value, Mapping) else value
            queue.extend((inner, depth + 1) for inner in inner_values if isinstance(inner, Mapping | list))


def _node(entry: Mapping[str, Any]) -> Node:
    properties: dict[str, tuple[str | Node, ...]] = {}
    for name, keys in _NAMES.items():
        text = _text(entry, keys)
        if text:
            properties[name] = (text,)
    images = tuple(dict.fromkeys(address for key in _IMAGES for address in _addresses(entry.get(key))))
    if images:
        properties["image"] = images
    offer: dict[str, tuple[str | Node, ...]] = {}
    for name, value in (
        ("price", _price(entry, 0)),
        ("pricecurrency", _currency(entry)),
        ("availability", _stock(entry)),
    ):
        if value:
            offer[name] = (value,)
    properties["offers"] = (Node(frozenset({"offer"}), offer),)
    return Node(frozenset({"product"}), properties)


def _text(entry: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    for key in keys:
        value = entry.get(key)
        if isinstance(value, Mapping):
            value = value.get("name") or value.get("title") or value.get("value")
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return None


def _price(value: Any, depth: int) -> str | None:
    """The first amount under a name of prices, however deep objects nest it."""
    if isinstance(value, Mapping) and depth < 4:
        plain = {str(key).lower().replace("_", ""): inner for key, inner in value.items()}
        return next((found for key in _PRICES if key in plain and (found := _price(plain[key], depth + 1))), None)
    if isinstance(value, list) and depth < 4:
        return next((found for inner in value[:3] if (found := _price(inner, depth + 1))), None)
    if depth == 0 or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    return text if text and any(character.isdigit() for character in text) and len(text) < 30 else None


def _currency(entry: Mapping[str, Any]) -> str | None:
    for mapping in _objects(dict(entry)):
        for key in _CURRENCIES:
            value = mapping.get(key)
            if isinstance(value, str) and re.fullmatch(r"[A-Za-z]{3}", value):
                return value.upper()
    return None


def _stock(entry: Mapping[str, Any]) -> str | None:
    for key in _STOCK:
        value = entry.get(key)
        if isinstance(value, bool):
            return "InStock" if value is not (key in _OPPOSITE) else "OutOfStock"
        if isinstance(value, str) and value:
            return value
    return None


def _addresses(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str) and re.match(r"(?:https?:)?/", value):
        yield value
    elif isinstance(value, list) and depth < 3:
        for inner in value[:20]:
            yield from _addresses(inner, depth + 1)
    elif isinstance(value, Mapping) and depth < 3:
        plain = {str(key).lower().replace("_", ""): inner for key, inner in value.items()}
        yield from next((found for key in _ADDRESS if (found := list(_addresses(plain.get(key), depth + 1)))), [])


def _is_one_of(name: str, wanted: set[str]) -> bool:
    return len(name) > 2 and any(name == title or (len(name) > 8 and title.startswith(name)) for title in wanted)


def _key(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())
