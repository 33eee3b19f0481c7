"""Small shops of each system on this machine, over real HTTP."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

Query = Mapping[str, list[str]]
Page = tuple[str, bytes]
Answer = Page | Callable[[Query], Page]


class Shop:
    """A server and what it was asked; `pages` may be filled after it has an address."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.pages: dict[str, Answer] = {}
        self.requests: list[str] = []

    def add(self, path: str, body: bytes | str, kind: str = "text/html") -> None:
        self.pages[path] = (kind, body.encode() if isinstance(body, str) else body)

    def add_json(self, path: str, value: Callable[[Query], Any]) -> None:
        self.pages[path] = lambda query: ("application/json", json.dumps(value(query)).encode())

    def picture(self, name: str) -> str:
        """The address of a picture of its own."""
        pixels = np.random.default_rng(list(name.encode())).integers(0, 255, (96, 96, 3), dtype=np.uint8)
        stream = BytesIO()
        Image.fromarray(pixels).resize((192, 192)).save(stream, "JPEG")
        self.add(f"/img/{name}.jpg", stream.getvalue(), "image/jpeg")
        return f"{self.url}/img/{name}.jpg"


@contextmanager
def open_shop() -> Iterator[Shop]:
    """A shop without any page yet."""
    held: list[Shop] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shop = held[0]
            shop.requests.append(self.path)
            parts = urlsplit(self.path)
            answer = shop.pages.get(parts.path)
            kind, body = ("text/plain", b"not here") if answer is None else _called(answer, parse_qs(parts.query))
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.append(Shop(server))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield held[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _called(answer: Answer, query: Query) -> Page:
    return answer(query) if callable(answer) else answer


def fill_shopify(shop: Shop, count: int = 300, currency: str = "EUR") -> None:
    """Products of two sizes, one with a picture of its own; two pages of them, and a collection of the first ten."""

    def variant(number: int, size: str) -> dict[str, Any]:
        featured = {"src": shop.picture(f"{number % 7}-large")} if size == "L" and number == 0 else None
        return {
            "id": number * 10 + (size == "L"), "title": size, "sku": f"M{number}-{size}", "price": f"{number + 1}.50",
            "available": size == "S", "featured_image": featured,
        }  # fmt: skip

    products = [
        {
            "id": 9000 + number, "title": f"Mug {number}", "handle": f"mug-{number}", "vendor": "Kiln",
            "product_type": "Mugs", "body_html": "<p>Nice</p>",
            "variants": [variant(number, "S"), variant(number, "L")],
            "images": [{"src": shop.picture(f"{number % 7}"), "variant_ids": []}],
        }
        for number in range(count)
    ]  # fmt: skip

    def page(of: list[dict[str, Any]]) -> Callable[[Query], Any]:
        def answer(query: Query) -> Any:
            size, number = int(query.get("limit", ["30"])[0]), int(query.get("page", ["1"])[0])
            return {"products": of[(number - 1) * size : number * size]}

        return answer

    shop.add("/", "<html><body><h1>Mugs</h1></body></html>")
    shop.add_json("/products.json", page(products))
    shop.add_json("/collections/first/products.json", page(products[:10]))
    shop.add_json("/meta.json", lambda _: {"id": 1, "name": "Kiln & Co", "currency": currency})


def fill_woocommerce(shop: Shop, count: int = 120) -> None:
    """Simple products, and one with two variations."""

    def entry(number: int, **changes: Any) -> dict[str, Any]:
        return {
            "id": number, "name": f"Cup {number}", "sku": f"C{number}", "permalink": f"{shop.url}/cup-{number}",
            "prices": {"price": str(100 * number + 50), "currency_code": "EUR", "currency_minor_unit": 2},
            "is_in_stock": True, "images": [{"src": shop.picture(f"cup{number % 5}")}],
            "categories": [{"name": "Cups"}], "variations": [], "parent": 0, **changes,
        }  # fmt: skip

    products = [entry(number) for number in range(1, count)] + [entry(count, variations=[{"id": 901}, {"id": 902}])]
    variations = [
        entry(901, parent=count, variation="Size: S"), entry(902, parent=count, variation="Size: L", is_in_stock=False),
    ]  # fmt: skip

    def answer(query: Query) -> Any:
        size, number = int(query["per_page"][0]), int(query.get("page", ["1"])[0])
        chosen = variations if query.get("type") == ["variation"] else products
        return chosen[(number - 1) * size : number * size]

    shop.add("/", "<html><body><h1>Cups</h1></body></html>")
    shop.add_json("/wp-json/wc/store/v1/products", answer)


def merchant_feed(shop: Shop, count: int = 5) -> str:
    """A feed of Google Merchant."""
    items = "".join(
        f"<item><g:id>F{number}</g:id><title>Bowl {number}</title><link>{shop.url}/bowl-{number}</link>"
        f"<g:image_link>{shop.picture(f'bowl{number}')}</g:image_link><g:price>{number}.50 EUR</g:price>"
        "<g:availability>in_stock</g:availability></item>"
        for number in range(1, count + 1)
    )
    return f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{items}</channel></rss>'


def fill_listings(shop: Shop, pages: int = 3, of_each: int = 4) -> None:
    """No sitemap: two categories of listing pages, each with a link to the next; products by JSON-LD."""
    links = "".join(f'<li><a href="/c/{name}">{name}</a></li>' for name in ("mugs", "plates"))
    shop.add("/", f"<html><body><nav><ul>{links}</ul></nav><a href='/cart/add?id=1'>buy</a></body></html>")
    for name in ("mugs", "plates"):
        for page in range(1, pages + 1):
            numbers = range((page - 1) * of_each, page * of_each)
            tiles = "".join(
                f'<div class="tile"><a href="/p/{name}-{number}">{name} {number}</a><span class="price">9,50 €</span>'
                "</div>"
                for number in numbers
            )
            more = f'<a class="next" href="/c/{name}?page={page + 1}">Next</a>' if page < pages else ""
            sort = f'<a href="/c/{name}?sort=price">sort</a>'
            body = f"<html><body><nav><ul>{links}</ul></nav><h1>{name}</h1>{tiles}{more}{sort}</body></html>"
            _add_listing(shop, f"/c/{name}", page, body)
            for number in numbers:
                shop.add(f"/p/{name}-{number}", _product_page(shop, name, number))


def _add_listing(shop: Shop, path: str, page: int, body: str) -> None:
    before = shop.pages.get(path)

    def answer(query: Query) -> Page:
        if query.get("page", ["1"]) == [str(page)] or before is None:
            return ("text/html", body.encode())
        return _called(before, query)

    shop.pages[path] = answer


def _product_page(shop: Shop, name: str, number: int) -> str:
    document = {
        "@type": "Product", "name": f"{name} {number}", "sku": f"{name}-{number}",
        "image": shop.picture(f"{name}{number % 4}"),
        "offers": {"@type": "Offer", "price": "9.50", "priceCurrency": "EUR", "availability": "InStock"},
    }  # fmt: skip
    return (
        f"<html><head><script type='application/ld+json'>{json.dumps(document)}</script></head><body>"
        f"<h1>{name} {number}</h1><a href='/p/{name}-0'>another</a></body></html>"
    )
