"""Pages of one shop, read as its owner would: a class with a method for each field that the general rules get wrong.

    class CornerPage(ProductPage):
        hosts = ("corner.example",)

        def price(self):
            return self.text("#now-only .amount")

A page object is pure: it has the page and what the general rules read, and no network, files or clock. A method is
named for the field that it overrides and gives a raw text (or a list of addresses for `images`), which is cleaned like
any other.
"""

import hashlib
import importlib.util
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from cssselect import SelectorError

from spiders.errors import BadPageObjectError, NoProductError, PageUnreadableError
from spiders.hosts import shop_host
from spiders.pages import PageProduct, parse_page, read_parsed
from spiders.records import RawProduct, clean_product
from spiders.structured import HtmlElement

FIELDS = (
    "sku", "title", "price", "currency", "availability", "brand", "gtin", "mpn", "category", "group", "variant",
    "description", "images",
)  # fmt: skip
"""What a page object may override, each by a method of that name."""


class ProductPage:
    """A page of a shop. `hosts` are those of the shop, without "www."."""

    hosts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, document: HtmlElement, url: str, sku_prefix: str = "") -> None:
        self.document = document
        self.url = url
        self._sku_prefix = sku_prefix

    def text(self, css: str) -> str | None:
        """The text of the first element that a CSS selector finds, white space folded; None where there is none."""
        return next(iter(self.texts(css)), None)

    def texts(self, css: str) -> list[str]:
        """The texts of all elements that a CSS selector finds."""
        found = (" ".join(element.text_content().split()) for element in self._select(css))
        return [text for text in found if text]

    def attribute(self, css: str, name: str) -> str | None:
        """An attribute of the first element that a CSS selector finds and that has it."""
        return next((element.get(name) for element in self._select(css) if element.get(name)), None)

    def is_product(self) -> bool:
        """Whether the page is about one product; override it where the general rules take a page for what it is not."""
        return True

    @cached_property
    def read(self) -> tuple[PageProduct, ...]:
        """What the general rules read; empty where they see no product."""
        try:
            return read_parsed(self.document, self.url, self._sku_prefix)
        except (NoProductError, PageUnreadableError):
            return ()

    def products(self) -> tuple[PageProduct, ...]:
        """What the page says, with what this shop's methods say instead.

        Raises:
            NoProductError: the page is about no product, or nothing says its title or its id.
        """
        if not self.is_product():
            raise NoProductError("the shop's page object says that this is no product page")
        told = self._told()
        if not self.read:
            return (clean_product(RawProduct(url=self.url, **told), self._sku_prefix),)
        return tuple(self._overridden(product, told) for product in self.read)

    def _told(self) -> dict[str, Any]:
        """What the methods of this class say, by field."""
        methods = {name: getattr(self, name, None) for name in FIELDS}
        told: dict[str, Any] = {name: method() for name, method in methods.items() if callable(method)}
        return told | ({"images": tuple(told["images"] or ())} if "images" in told else {})

    def _overridden(self, product: PageProduct, told: Mapping[str, Any]) -> PageProduct:
        """One product of the page; of several sizes each keeps its own id, name and pictures."""
        known = {"sku": product.sku, "title": product.title}
        clean = clean_product(
            RawProduct(url=self.url, **{**known, **told}), "" if "sku" not in told else self._sku_prefix
        )
        fields = set(told) - (_OF_EACH if len(self.read) > 1 else set())
        names = [_ATTRIBUTES.get(name, name) for name in fields]
        return replace(product, **{name: getattr(clean, name) for name in names})

    def _select(self, css: str) -> list[HtmlElement]:
        try:
            return list(self.document.cssselect(css))
        except SelectorError as error:
            raise BadPageObjectError(f"{type(self).__name__}: {css!r} is no CSS selector: {error}") from error


_ATTRIBUTES = {"images": "image_urls"}
_OF_EACH = {"sku", "variant", "images", "gtin", "mpn"}


def read_page(
    text: str, url: str, page_objects: Iterable[type[ProductPage]], sku_prefix: str = ""
) -> tuple[PageProduct, ...]:
    """The products of a page, by the page object of its host, or by the general rules where no host fits.

    Raises:
        NoProductError, PageUnreadableError: as `spiders.pages.read_product`.
    """
    return read_document(parse_page(text), url, page_objects, sku_prefix)


def read_document(
    document: HtmlElement, url: str, page_objects: Iterable[type[ProductPage]], sku_prefix: str = ""
) -> tuple[PageProduct, ...]:
    """The same for a page that is parsed already."""
    host = shop_host(url)[0]
    chosen = next((each for each in page_objects if host in each.hosts), None)
    return chosen(document, url, sku_prefix).products() if chosen else read_parsed(document, url, sku_prefix)


def load_page_objects(path: Path) -> tuple[type[ProductPage], ...]:
    """The page objects of a Python file, or of every Python file of a folder.

    Raises:
        BadPageObjectError: there is no such file, it cannot be loaded, or it holds no page object with hosts.
    """
    files = sorted(path.glob("*.py")) if path.is_dir() else [path]
    found = tuple(page_object for file in files for page_object in _of_file(file))
    if not found:
        raise BadPageObjectError(f"{path} holds no class made from ProductPage that names its hosts")
    return found


def _of_file(file: Path) -> list[type[ProductPage]]:
    name = f"skuloop_pages_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise BadPageObjectError(f"there is no Python file {file}: check page_objects of this source")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadPageObjectError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    classes = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, ProductPage)]
    return [each for each in classes if each.hosts and each.__module__ == name]
