"""Sitemaps (sitemaps.org 0.9) and sitemap indexes, packed or not: bytes in, addresses out."""

import zlib
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urljoin

from lxml import etree  # type: ignore[import-untyped]

from spiders.reader import Target

MAX_SITEMAP_BYTES = 50 * 1024 * 1024
"""The limit of the protocol, unpacked; more is a mistake or an attack."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class SitemapContent:
    """What one sitemap file lists: pages, or further sitemaps. Both are empty for a file that is no sitemap."""

    pages: tuple[Target, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_sitemap(body: bytes, url: str) -> SitemapContent:
    """Read a sitemap or a sitemap index; relative addresses are completed with `url`."""
    data = _unpacked(body)
    if not data:
        return SitemapContent()
    entries: list[Target] = []
    try:
        kind = _read_entries(data, url, entries)
    except etree.XMLSyntaxError:
        return SitemapContent()
    if kind == "sitemapindex":
        return SitemapContent(sitemaps=tuple(entry.url for entry in entries))
    return SitemapContent(pages=tuple(entries)) if kind == "urlset" else SitemapContent()


def _read_entries(data: bytes, url: str, entries: list[Target]) -> str | None:
    """Append what the file lists, element by element: as a tree it would take ten times its size. Returns its kind."""
    # No entities, no network, no document type: a sitemap has no use for what an attacker needs.
    steps = etree.iterparse(
        BytesIO(data), recover=True, resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True
    )
    facts: dict[str, str] = {}
    for _, element in steps:
        parent = element.getparent()
        if parent is None:
            continue
        if (entry := parent.getparent()) is not None:
            if entry.getparent() is None:  # a fact of an entry; what is said of images and videos in it lies deeper
                facts.setdefault(etree.QName(element).localname, (element.text or "").strip())
            continue
        if facts.get("loc"):
            entries.append(Target(urljoin(url, facts["loc"]), "product", changed=facts.get("lastmod") or None))
        facts = {}
        element.clear()
        while element.getprevious() is not None:
            del parent[0]
    return None if steps.root is None else str(etree.QName(steps.root).localname)


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP_MAGIC):
        return body.strip()
    try:
        data = zlib.decompressobj(_GZIP_WINDOW).decompress(body, MAX_SITEMAP_BYTES + 1)
    except zlib.error:
        return b""
    return b"" if len(data) > MAX_SITEMAP_BYTES else data.strip()
