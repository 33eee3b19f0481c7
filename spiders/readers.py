"""Which reader reads a source."""

from urllib.parse import urldefrag

from lxml import etree, html  # type: ignore[import-untyped]

from spiders.errors import NoProductError
from spiders.pages import PageProduct, read_product
from spiders.reader import Document, Found, Reader, Target
from spiders.sources import SiteSource


def reader_of(source: SiteSource) -> Reader:
    """The reader of a source that is asked over the web."""
    return SiteReader(source)


class SiteReader:
    """Reads the pages of a shop."""

    uses_sitemap = True

    def __init__(self, source: SiteSource) -> None:
        self._source = source

    def start(self) -> tuple[Target, ...]:
        """The start page."""
        return (Target(self._source.url, "listing"),)

    def read(self, document: Document) -> Found:
        """The product of a page and its links."""
        if document.text is None:
            raise NoProductError(f"this is not a page of text: it is {document.content_type or 'of an unknown kind'}")
        products: tuple[PageProduct, ...] = ()
        try:
            products = (read_product(document.text, document.target.url, self._source.sku_prefix),)
        except NoProductError:
            if document.target.role == "product":
                raise
        return Found(products, _links(document.text, document.target.url))


def _links(text: str, url: str) -> list[Target]:
    try:
        page = html.fromstring(text)
    except (etree.ParserError, ValueError):
        return []
    page.make_links_absolute(url, handle_failures="ignore")
    return [
        Target(urldefrag(link.get("href")).url, "other")
        for link in page.iter("a")
        if link.get("href") and "nofollow" not in (link.get("rel") or "")
    ]
