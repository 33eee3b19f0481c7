"""A static shop for the benchmark of the crawl: product pages, photos and a sitemap as files, served by nginx."""

import io
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from skuloop.demo import shop_pages

PHOTO_BYTES = 94_000
_SIDE = 1000
_BASES = 40
_NGINX = """
daemon off; master_process off; error_log {folder}/error.log; pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types; default_type text/html;
    log_format sent '$uri $bytes_sent'; access_log {folder}/access.log sent; etag on; sendfile on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {root}; index index.html; }}
}}
"""


def build_shop(root: Path, url: str, products: int, *, with_lastmod: bool = True) -> None:
    """Write the shop's files; photos that are there already stay, and pages that are as they would be written."""
    (root / "img").mkdir(parents=True, exist_ok=True)
    (root / "p").mkdir(exist_ok=True)
    missing = [number for number in range(products) if not (root / f"img/{number}.jpg").exists()]
    if missing:
        _draw_photos(root / "img", missing)
    cards = [_card(number) for number in range(products)]
    for number, card in enumerate(cards):
        related = cards[max(0, number - 4) : number]
        page = shop_pages.product("Bench", f"{url}p/{number}.html", card, [f"{url}img/{number}.jpg"], related)
        _write(root / f"p/{number}.html", page)
    addresses = [f"{url}p/{number}.html" for number in range(products)]
    lastmod = "<lastmod>2026-01-05</lastmod>" if with_lastmod else ""
    entries = "".join(f"<url><loc>{address}</loc>{lastmod}</url>" for address in addresses)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    (root / "sitemap.xml").write_text(f'<urlset xmlns="{schema}">{entries}</urlset>')
    (root / "robots.txt").write_text(f"User-agent: *\nDisallow: /cart\nSitemap: {url}sitemap.xml\n")
    _write(root / "index.html", shop_pages.message("Bench", "Bench", "A shop of files."))


@contextmanager
def served(root: Path, folder: Path, port: int) -> Iterator[None]:
    """Serve the files with nginx on 127.0.0.1; its access log is `folder/access.log`.

    Raises:
        FileNotFoundError: nginx is not installed.
    """
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise FileNotFoundError("this benchmark needs nginx: apt-get install nginx-light")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "access.log").write_bytes(b"")
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder.absolute(), root=root.absolute(), port=port))
    server = subprocess.Popen(  # noqa: S603 - our own words
        [program, "-e", f"{folder}/error.log", "-c", f"{folder.absolute()}/nginx.conf"]
    )
    try:
        _await(f"http://127.0.0.1:{port}/robots.txt")
        yield
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write(path: Path, text: str) -> None:
    """A file that is as it should be keeps its time, and with it its validators."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _await(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody answers at {url}")


def _card(number: int) -> shop_pages.Card:
    return shop_pages.Card(
        sku=f"B-{number}",
        title=f"Article number {number}",
        brand="Kiln & Co",
        category=f"Shelf {number % 20}",
        gtin=None,
        description="Turned by hand, glazed twice, fired once; each one a little different from the next. " * 3,
        price=Decimal(number % 90) + Decimal("4.95"),
        currency="EUR",
        availability="InStock" if number % 7 else "OutOfStock",
        address=f"/p/{number}.html",
        image=f"/img/{number}.jpg",
    )


def _draw_photos(folder: Path, numbers: Sequence[int]) -> None:
    """Photos of about PHOTO_BYTES: smooth shapes with a fine grain, no two alike."""
    bases = [_base(seed) for seed in range(_BASES)]
    for number in numbers:
        pixels = np.roll(bases[number % _BASES], (number // _BASES) * 7, axis=1)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
        (folder / f"{number}.jpg").write_bytes(buffer.getvalue())


def _base(seed: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)).astype(np.float32)
    grain = random.normal(0, 1.7, (_SIDE, _SIDE, 1))
    return (smooth + grain).clip(0, 255).astype(np.uint8)
