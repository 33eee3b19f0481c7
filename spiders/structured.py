"""What a page says of itself to machines: JSON-LD, microdata, RDFa and meta tags, brought to one plain shape."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jstyleson  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]
from lxml import html as lxml_html
from lxml.html import HtmlElement  # type: ignore[import-untyped]

from spiders.errors import PageUnreadableError
from spiders.rdfa import rdfa_items

__all__ = ["HtmlElement", "Node", "StructuredData", "parse_html", "read_structured", "short_name"]

MAX_NODES = 5000
MAX_DEPTH = 24
_JSON_LD = etree.XPath("//script[contains(@type, 'ld+json')]")
_HAS_MICRODATA = etree.XPath("boolean(//*[@itemscope])")
_META = etree.XPath("//meta[@content]")
_LEADING_COMMENT = re.compile(r"^\s*<!--[^{}\[\]]*-->")
_MARKERS = re.compile(r"^\s*(?:<!--|(?://\s*)?<!\[CDATA\[)|(?:-->|(?://\s*)?\]\]>)\s*;?\s*$")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")


@dataclass(frozen=True, slots=True)
class Node:
    """One schema.org thing: its types and properties by short lower-case name; values are texts and further nodes.

    Lower case, because shops write "productID", "productId" and "product" for "Product".
    """

    types: frozenset[str]
    properties: Mapping[str, tuple["str | Node", ...]] = field(default_factory=dict)

    def texts(self, *names: str) -> tuple[str, ...]:
        """The texts of the first of these properties that has any."""
        for name in names:
            values = self.properties.get(name.lower())
            if not values:
                continue
            found = tuple(text for value in values if isinstance(value, str) and (text := value.strip()))
            if found:
                return found
        return ()

    def text(self, *names: str) -> str | None:
        """The first text of these properties."""
        texts = self.texts(*names)
        return texts[0] if texts else None

    def nodes(self, *names: str) -> tuple["Node", ...]:
        """The nodes under these properties."""
        return tuple(
            value for name in names for value in self.properties.get(name.lower(), ()) if isinstance(value, Node)
        )


@dataclass(frozen=True, slots=True)
class StructuredData:
    """All of a page: top-level nodes (JSON-LD, microdata, RDFa), meta tags, and how many JSON-LD blocks were broken."""

    nodes: tuple[Node, ...]
    meta: Mapping[str, tuple[str, ...]]
    broken_blocks: int

    def tag(self, *names: str) -> str | None:
        """The first content of these meta tags, by property, name or itemprop."""
        return next((content for name in names for content in self.meta.get(name, ()) if content), None)


def parse_html(text: str) -> HtmlElement | None:
    """The page's tree, or None where there is nothing to parse.

    Raises:
        PageUnreadableError: not even a forgiving parser can make a tree of it.
    """
    # Characters that XML forbids make lxml stop at the first of them.
    cleaned = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", text)
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, huge_tree=False)
    if not cleaned.strip():
        return None
    try:
        return lxml_html.document_fromstring(cleaned.encode("utf-8", "replace"), parser=parser, ensure_head_body=True)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise PageUnreadableError(f"the page is not HTML that can be parsed: {error}") from error


def read_structured(document: HtmlElement, url: str) -> StructuredData:
    """Everything structured on a page; what is broken is counted, never raised."""
    nodes: list[Node] = []
    broken = 0
    for script in _JSON_LD(document):
        try:
            nodes.extend(_top_nodes(_load(script.text or "")))
        except (ValueError, RecursionError):
            broken += 1
    nodes.extend(_microdata(document, url))
    nodes.extend(_node(item, "type", item["properties"], 0) for item in rdfa_items(document))
    return StructuredData(tuple(nodes[:MAX_NODES]), _meta(document), broken)


def short_name(text: str) -> str:
    """The last part of a schema.org address: "https://schema.org/InStock" gives "InStock"."""
    return re.split(r"[/#:]", text.strip().rstrip("/"))[-1]


def _load(script: str) -> Any:
    text = _MARKERS.sub("", _LEADING_COMMENT.sub("", script)).strip().rstrip(";")
    if not text:
        return []
    try:
        return json.loads(text, strict=False)
    except ValueError:
        # Shops write comments and trailing commas; both are harmless.
        return json.loads(_TRAILING_COMMA.sub(r"\1", jstyleson.dispose(text)), strict=False)


def _top_nodes(value: Any, depth: int = 0) -> Iterator[Node]:
    """Nodes of a JSON-LD document: an object, a list of them, or a graph."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _top_nodes(entry, depth + 1)
    elif isinstance(value, dict):
        if "@type" in value:
            yield _node(value, "@type", value, depth)
        for key in ("@graph", "mainEntity"):
            yield from _top_nodes(value.get(key), depth + 1)


def _node(source: Mapping[str, Any], type_key: str, properties: Mapping[str, Any], depth: int) -> Node:
    types = source.get(type_key) or ()
    names = frozenset(short_name(name).lower() for name in _as_list(types) if isinstance(name, str))
    values = {
        short_name(key).lower(): tuple(_values(value, depth + 1))
        for key, value in properties.items()
        if not key.startswith("@")
    }
    identity = source.get("@id") or source.get("id")
    if isinstance(identity, str):
        values["@id"] = (identity,)
    return Node(names, values)


def _values(value: Any, depth: int) -> Iterator["str | Node"]:
    if depth > MAX_DEPTH:
        return
    for entry in _as_list(value):
        if isinstance(entry, dict):
            if "properties" in entry and ("type" in entry or "value" in entry):  # a nested item of microdata
                yield _node(entry, "type", entry["properties"], depth)
            elif "@value" in entry:
                yield str(entry["@value"])
            else:
                yield _node(entry, "@type", entry, depth)
        elif isinstance(entry, list):
            yield from _values(entry, depth + 1)
        elif entry is not None and not isinstance(entry, bool):
            yield str(entry)


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _microdata(document: HtmlElement, url: str) -> Iterator[Node]:
    if not _HAS_MICRODATA(document):
        return  # extruct brings a second of imports along, and most pages have no use for it
    try:
        from extruct.w3cmicrodata import LxmlMicrodataExtractor

        items = LxmlMicrodataExtractor().extract_items(document, base_url=url)
    except (ValueError, TypeError, RecursionError, AttributeError):  # extruct on markup that refers to itself
        return
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("properties"), dict):
            yield _node(item, "type", item["properties"], 0)


def _meta(document: HtmlElement) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for element in _META(document):
        for attribute in ("property", "name", "itemprop"):
            name = element.get(attribute)
            if name:
                found.setdefault(name.strip().lower(), []).append(element.get("content", "").strip())
    return {name: tuple(contents) for name, contents in found.items()}
