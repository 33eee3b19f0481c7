"""RDFa Lite (W3C, 2015) as shops use it for schema.org: `vocab`, `typeof`, `property`; bounded."""

from collections.abc import Iterator
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from lxml.html import HtmlElement  # type: ignore[import-untyped]

_THINGS = etree.XPath("//*[@typeof and not(@property)]")
_MOST = 200
_DEPTH = 12
_ADDRESSES = {
    "a": "href",
    "link": "href",
    "area": "href",
    "img": "src",
    "source": "src",
    "video": "src",
    "iframe": "src",
}


def rdfa_items(document: HtmlElement) -> Iterator[dict[str, Any]]:
    """Top-level things of schema.org, each `{"type": [...], "properties": {...}}` like an item of microdata."""
    tops = _THINGS(document)
    for element in tops[:_MOST]:
        if _speaks_of_shops(element):
            yield _item(element, 0)


def _speaks_of_shops(element: HtmlElement) -> bool:
    """Whether its words are those of schema.org: by name, or by the vocabulary around it."""
    if "schema" in element.get("typeof", "").lower() or "schema.org" in element.get("vocab", ""):
        return True
    return any("schema.org" in (above.get("vocab") or "") for above in element.iterancestors())


def _item(element: HtmlElement, depth: int) -> dict[str, Any]:
    properties: dict[str, list[Any]] = {}
    if depth < _DEPTH:
        for child in _children_of_thing(element):
            value: Any = _item(child, depth + 1) if child.get("typeof") else _value(child)
            for name in child.get("property", "").split():
                if value:
                    properties.setdefault(name.split(":")[-1], []).append(value)
    return {"type": element.get("typeof", "").replace("schema:", "").split(), "properties": properties}


def _children_of_thing(element: HtmlElement) -> Iterator[HtmlElement]:
    """Elements below with a property, down to but not into things of their own."""
    stack = list(reversed(element))
    while stack:
        child = stack.pop()
        if not isinstance(child.tag, str):
            continue
        if child.get("property"):
            yield child
        if not child.get("typeof"):
            stack.extend(reversed(child))


def _value(element: HtmlElement) -> str:
    for attribute in ("content", "resource", _ADDRESSES.get(element.tag, "datetime")):
        if element.get(attribute):
            return str(element.get(attribute)).strip()
    return " ".join(element.text_content().split())
