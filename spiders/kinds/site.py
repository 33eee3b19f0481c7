"""Any shop with product pages: what a page tells of its products, and where it leads."""

from collections.abc import Iterator

from recognition.vocabulary import FetchReason
from spiders.errors import NoProductError, PageUnreadableError
from spiders.links import Link, Role, links_on
from spiders.page_object import load_page_objects, read_document
from spiders.pages import PageProduct, parse_page
from spiders.reader import Document, Found, Problem, Target
from spiders.sources import SiteSource
from spiders.structured import HtmlElement


class SiteReader:
    """Reads pages. Only one that should hold a product and holds none is a problem: others are ways to products."""

    def __init__(self, source: SiteSource) -> None:
        self._source = source
        self._page_objects = load_page_objects(source.page_objects) if source.page_objects else ()

    @property
    def uses_sitemap(self) -> bool:
        """Whether all of the shop is wanted: with categories, what their listings lead to is."""
        return not self._source.categories

    def start(self) -> tuple[Target, ...]:
        """The start page, or the listings of the chosen categories."""
        if self.uses_sitemap:
            return (Target(self._source.url, Role.LISTING),)
        return tuple(Target(category, Role.LISTING, category) for category in self._source.categories)

    def read(self, document: Document) -> Found:
        """The products of a page and its links, the most telling first."""
        target = document.target
        if document.text is None:
            kind = document.content_type or "of an unknown kind"
            return Found(_missing(target, NoProductError(f"this is not a page of text: it is {kind}")))
        try:
            page = parse_page(document.text)
        except (NoProductError, PageUnreadableError) as error:
            return Found(_missing(target, error))
        try:
            products = read_document(page, target.url, self._page_objects, self._source.sku_prefix)
            return Found(products, self._targets(page, target))
        except (NoProductError, PageUnreadableError) as error:
            return Found(_missing(target, error), self._targets(page, target))

    def _targets(self, page: HtmlElement, target: Target) -> Iterator[Target]:
        for link in links_on(page, target.url):
            if self._is_wanted(link, target):
                yield Target(link.url, Role.LISTING if link.role is Role.NEXT else link.role, target.category)

    def _is_wanted(self, link: Link, target: Target) -> bool:
        """With categories only a listing leads on, and only to its products and its own further pages."""
        if self.uses_sitemap:
            return True
        return target.role != Role.PRODUCT and link.role in {Role.PRODUCT, Role.NEXT}


def _missing(target: Target, error: Exception) -> Iterator[PageProduct | Problem]:
    if isinstance(error, PageUnreadableError):
        yield Problem(target.url, FetchReason.PARSE, str(error))
    elif target.role == Role.PRODUCT:
        yield Problem(target.url, FetchReason.NO_PRODUCT, str(error))
