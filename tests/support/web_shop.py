"""A shop that answers as it is told to, and keeps count: an aiohttp server in a thread of its own."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from aiohttp import web
from PIL import Image

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class WebShop:
    """`pages` answers fixed bodies with validators, `special` anything else; `asked` counts what came, by path."""

    url: str = ""
    pages: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    special: dict[str, Answering] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    not_modified: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def product(self, name: str, price: str = "4.95", title: str | None = None, **more: object) -> None:
        """A product page at /p/NAME; `images` are paths."""
        images = [f"{self.url}{path}" for path in more.pop("images", ())]  # type: ignore[attr-defined]
        document = {
            "@type": "Product",
            "@context": "https://schema.org",
            "sku": name,
            "name": title or f"Product {name}",
            "image": images,
            "offers": {"@type": "Offer", "price": price, "priceCurrency": "EUR"},
            **more,
        }
        facts = json.dumps(document).replace("<", "\\u003c")  # a title must not be able to end the element
        text = f'<html><head><script type="application/ld+json">{facts}</script></head><h1>x</h1></html>'
        self.pages[f"/p/{name}"] = (text.encode(), "text/html")

    def image(self, path: str, seed: int = 0) -> None:
        """A small picture at a path."""
        self.pages[f"/{path}"] = (jpeg(seed), "image/jpeg")

    def sitemap(self, paths: Iterable[str], changed: str | None = None) -> None:
        """List pages, all with the same lastmod."""
        told = f"<lastmod>{changed}</lastmod>" if changed else ""
        entries = "".join(f"<url><loc>{self.url}{path}</loc>{told}</url>" for path in paths)
        body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
        self.pages["/sitemap.xml"] = (body.encode(), "application/xml")

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        self.asked[request.path] += 1
        if request.path in self.special:
            return await self.special[request.path](request)
        if request.path not in self.pages:
            return web.Response(status=404)
        body, kind = self.pages[request.path]
        etag = f'"{hash(body)}"'
        headers = {"ETag": etag, **self.headers.get(request.path, {})}
        if request.headers.get("If-None-Match") == etag:
            self.not_modified[request.path] += 1
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=kind, headers=headers)


def jpeg(seed: int, side: int = 80) -> bytes:
    """A small picture of noise."""
    buffer = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


@contextmanager
def open_web_shop(host: str = "127.0.0.1") -> Iterator[WebShop]:
    """Serve a shop on a free port of this machine until the block ends."""
    shop = WebShop()
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", shop.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, host, 0)
        await site.start()
        port = runner.addresses[0][1]
        shop.url = f"http://127.0.0.1:{port}/"
        shop.pages["/"] = (b"<h1>Shop</h1>", "text/html")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(30)
    try:
        yield shop
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
