"""A small real shop on 127.0.0.1: pages, structured data, images, a sitemap, and the faults that real shops have."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from skuloop.demo import shop_pages
from skuloop.demo.shop_server import Answer, ShopServer, handler_of

__all__ = ["LocalShop", "ShopProduct"]

PAGE_SIZE = 24
_ROBOTS = "User-agent: *\nDisallow: /cart\nDisallow: /private/\n"
_IMAGE_TYPES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif",
    ".avif": "image/avif",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShopProduct:
    """One product on the shelf. `price` is in units of `currency`; `availability` is a schema.org short name."""

    sku: str
    title: str
    brand: str
    category: str
    gtin: str | None
    description: str
    price: Decimal
    currency: str
    availability: str
    images: tuple[Path, ...]


class LocalShop:
    """A real HTTP server with the given products: `with LocalShop(products, "Corner Shop") as shop: shop.url`.

    `dead_links` adds that many addresses to the sitemap which answer 404; `broken_images` gives the first so many
    products one more image, which is a JPEG cut off in the middle. `/private/` and `/cart` are closed by robots.txt.
    """

    def __init__(
        self, products: Sequence[ShopProduct], name: str, *, port: int = 0, dead_links: int = 0, broken_images: int = 0
    ) -> None:
        self.name = name
        self._products = {product.sku: product for product in products}
        self._dead = tuple(f"/p/discontinued-{number}" for number in range(1, dead_links + 1))
        self._broken = frozenset(list(self._products)[:broken_images])
        self._port = port
        self._lock = threading.Lock()
        self._requests: list[str] = []
        self._agents: set[str] = set()
        self._has_sitemap = True
        self._server: ShopServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address of the front page."""
        if self._server is None:
            raise RuntimeError("the shop is closed: open it with start() or in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def requests(self) -> list[str]:
        """The paths that were asked for, in order."""
        with self._lock:
            return list(self._requests)

    @property
    def products(self) -> tuple[ShopProduct, ...]:
        """What is on the shelf, with today's prices."""
        with self._lock:
            return tuple(self._products.values())

    @property
    def agents(self) -> frozenset[str]:
        """The User-Agents that visitors gave."""
        with self._lock:
            return frozenset(self._agents)

    def hide_sitemap(self) -> None:
        """From now on have no sitemap, as many shops: whoever comes must follow the links."""
        self._has_sitemap = False

    def forget_requests(self) -> None:
        """Begin the list of requests anew."""
        with self._lock:
            self._requests.clear()

    def set_offers(self, offers: Mapping[str, tuple[Decimal, str]]) -> None:
        """Change price and availability by SKU, as a shop does between two nights."""
        with self._lock:
            for sku, (price, availability) in offers.items():
                self._products[sku] = replace(self._products[sku], price=price, availability=availability)

    def start(self) -> Self:
        """Listen; returns at once."""
        self._server = ShopServer(("127.0.0.1", self._port), handler_of(self._answer, self._note))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=f"shop {self.name}")
        self._thread.daemon = True
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and wait for the server's thread."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _note(self, path: str, agent: str) -> None:
        with self._lock:
            self._requests.append(path)
            self._agents.add(agent)

    def _answer(self, target: str) -> Answer:
        """The whole shop: what to answer to a path."""
        parts = urlsplit(target)
        path, query = unquote(parts.path), parse_qs(parts.query)
        rooms: dict[str, Callable[[], Answer]] = {
            "/": lambda: self._listing(query),
            "/about": lambda: _page(shop_pages.about(self.name, len(self._products))),
            "/robots.txt": self._robots,
            "/sitemap.xml": self._sitemap,
            "/private/prices": lambda: _page(
                shop_pages.message(self.name, "Internal", "Purchase prices. Not for you.")
            ),
            "/cart": lambda: _page(shop_pages.message(self.name, "Your cart", "Your cart is empty.")),
        }
        if path in rooms:
            return rooms[path]()
        kind, _, rest = path.lstrip("/").partition("/")
        if kind == "p" and rest in self._products:
            return self._product(rest)
        if kind == "img":
            return self._image(rest)
        body = shop_pages.message(self.name, "Nothing here", "This page does not exist, or no longer.")
        return _page(body, HTTPStatus.NOT_FOUND)

    def _listing(self, query: Mapping[str, Sequence[str]]) -> Answer:
        category = next(iter(query.get("category", ())), None)
        chosen = [product for product in self.products if category in {None, product.category}]
        number = next(iter(query.get("page", ())), "1")
        page = max(1, min(int(number), _pages(len(chosen)))) if number.isdecimal() else 1
        cards = [self._card(product) for product in chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]]
        categories = sorted({product.category for product in self.products})
        return _page(shop_pages.listing(self.name, categories, category, cards, len(chosen), page, _pages(len(chosen))))

    def _product(self, sku: str) -> Answer:
        product = next(product for product in self.products if product.sku == sku)
        images = [f"{self.url}img/{quote(sku)}/{index}" for index in range(len(product.images))]
        if sku in self._broken:
            images.append(f"{self.url}img/{quote(sku)}/broken")
        related = [other for other in self.products if other.category == product.category and other.sku != sku][:4]
        address = f"{self.url}p/{quote(sku)}"
        return _page(shop_pages.product(self.name, address, self._card(product), images, [*map(self._card, related)]))

    def _card(self, product: ShopProduct) -> shop_pages.Card:
        image = f"/img/{quote(product.sku)}/0" if product.images else None
        return shop_pages.Card(
            sku=product.sku,
            title=product.title,
            brand=product.brand,
            category=product.category,
            gtin=product.gtin,
            description=product.description,
            price=product.price,
            currency=product.currency,
            availability=product.availability,
            address=f"/p/{quote(product.sku)}",
            image=image,
        )

    def _image(self, rest: str) -> Answer:
        sku, _, index = rest.rpartition("/")
        product = self._products.get(sku)
        if product is not None and index == "broken" and product.images:
            whole = product.images[0].read_bytes()
            return Answer(whole[: len(whole) // 2], "image/jpeg")
        if product is None or not index.isdecimal() or int(index) >= len(product.images):
            return _text("no such image\n", HTTPStatus.NOT_FOUND)
        path = product.images[int(index)]
        body = path.read_bytes()
        return Answer(
            body,
            _IMAGE_TYPES.get(path.suffix.lower(), "application/octet-stream"),
            etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"',
            last_modified=formatdate(path.stat().st_mtime, usegmt=True),
        )

    def _robots(self) -> Answer:
        return _text(_ROBOTS + (f"Sitemap: {self.url}sitemap.xml\n" if self._has_sitemap else ""))

    def _sitemap(self) -> Answer:
        if not self._has_sitemap:
            return _text("no sitemap\n", HTTPStatus.NOT_FOUND)
        paths = [*(f"/p/{quote(product.sku)}" for product in self.products), *self._dead, "/about"]
        return Answer(shop_pages.sitemap([self.url.rstrip("/") + path for path in paths]).encode(), "application/xml")


def _pages(products: int) -> int:
    return max(1, -(-products // PAGE_SIZE))


def _page(html: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(html.encode(), status=status)


def _text(text: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(text.encode(), "text/plain; charset=utf-8", status)
