"""Sitemaps (sitemaps.org 0.9) and sitemap indexes, packed or not: bytes in, addresses out."""

import zlib
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree  # type: ignore[import-untyped]

MAX_SITEMAP_BYTES = 50 * 1024 * 1024
"""The limit of the protocol, unpacked; more is a mistake or an attack."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class SitemapContent:
    """What one sitemap file lists: pages, or further sitemaps. Both are empty for a file that is no sitemap."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_sitemap(body: bytes, url: str) -> SitemapContent:
    """Read a sitemap or a sitemap index; relative addresses are completed with `url`."""
    data = _unpacked(body)
    if not data:
        return SitemapContent()
    # No entities, no network, no document type: a sitemap has no use for what an attacker needs.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return SitemapContent()
    if root is None:
        return SitemapContent()
    kind = etree.QName(root).localname
    locations = tuple(
        urljoin(url, text.strip()) for text in root.xpath("./*/*[local-name()='loc']/text()") if text.strip()
    )
    if kind == "sitemapindex":
        return SitemapContent(sitemaps=locations)
    return SitemapContent(pages=locations) if kind == "urlset" else SitemapContent()


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP_MAGIC):
        return body.strip()
    try:
        data = zlib.decompressobj(_GZIP_WINDOW).decompress(body, MAX_SITEMAP_BYTES + 1)
    except zlib.error:
        return b""
    return b"" if len(data) > MAX_SITEMAP_BYTES else data.strip()
