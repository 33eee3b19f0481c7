"""A shop that means harm, or is merely broken: every trick ends as a row, and the crawl goes on."""

import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from recognition.vocabulary import FetchReason
from spiders.crawl import CrawlJob, files_of, run_crawl
from spiders.feed import read_failures, read_feed
from spiders.items import ProductItem
from spiders.sources import SiteSource

MEGABYTE = 1024 * 1024
Headers = dict[str, str]


class QuietServer(ThreadingHTTPServer):
    """Does not complain when the crawler hangs up, which is what it should do."""

    def handle_error(self, *args: object) -> None:
        pass


@dataclass
class BadShop:
    """Answers each path as it is told to."""

    answers: dict[str, Callable[[], tuple[int, Headers, bytes]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    sent: int = 0
    url: str = ""

    def page(self, path: str, body: str, **headers: str) -> None:
        self.answers[path] = lambda: (200, {"Content-Type": "text/html", **headers}, body.encode())

    def redirect(self, path: str, target: str) -> None:
        self.answers[path] = lambda: (302, {"Location": target}, b"")


@pytest.fixture
def shop() -> Iterator[BadShop]:
    bad = BadShop()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bad.requests.append(self.path)
            status, headers, body = bad.answers.get(self.path, lambda: (404, {}, b""))()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(body), 65536):
                try:
                    self.wfile.write(body[start : start + 65536])
                except OSError:  # the crawler hung up, as it should
                    return
                bad.sent += 65536

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    bad.url = f"http://127.0.0.1:{server.server_port}/"
    bad.page("/", "<h1>Shop</h1>")
    yield bad
    server.shutdown()
    thread.join()
    server.server_close()


def crawl(shop: BadShop, tmp_path: Path, *paths: str) -> tuple[list[ProductItem], dict[str, FetchReason]]:
    """Crawl the given pages by way of a sitemap."""
    entries = "".join(f"<url><loc>{shop.url}{path}</loc></url>" for path in paths)
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    shop.answers["/sitemap.xml"] = lambda: (200, {"Content-Type": "application/xml"}, sitemap.encode())
    source = SiteSource(name="bad", url=shop.url, allow_private=True, download_delay=0)
    job = CrawlJob(source, "night", tmp_path / "feeds", tmp_path / "images", 120)
    assert run_crawl(job).reached
    items = [item for item in read_feed(files_of(job).feed) if isinstance(item, ProductItem)]
    return items, {row.url.removeprefix(shop.url): row.reason for row in read_failures(files_of(job).failures)}


def product(image: str = "") -> str:
    document = {
        "@type": "Product", "name": "Mug", "sku": "MUG", "image": [image] if image else [],
        "offers": {"@type": "Offer", "price": "1.00", "priceCurrency": "EUR"},
    }  # fmt: skip
    return f'<script type="application/ld+json">{json.dumps(document)}</script>'


@pytest.mark.slow
def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with QuietServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"https://localhost:{server.server_port}/"
        source = SiteSource(name="bad", url=url, allow_private=True, download_delay=0)
        job = CrawlJob(source, "night", tmp_path / "feeds", tmp_path / "images", 120)
        assert not run_crawl(job).reached
        server.shutdown()
        thread.join()
    assert [row.reason for row in read_failures(files_of(job).failures)] == [FetchReason.TLS]


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.slow
def test_a_page_of_fifty_megabytes_is_hung_up_on_and_the_next_page_is_read(shop: BadShop, tmp_path: Path) -> None:
    shop.page("/huge", "x" * (50 * MEGABYTE))
    shop.page("/announced", "x" * (50 * MEGABYTE), **{"Content-Length": str(50 * MEGABYTE)})
    shop.page("/mug", product())
    items, failures = crawl(shop, tmp_path, "huge", "announced", "mug")
    assert failures == {"huge": FetchReason.TOO_LARGE, "announced": FetchReason.TOO_LARGE}
    assert [item.sku for item in items] == ["MUG"]
    assert shop.sent < 60 * MEGABYTE


@pytest.mark.slow
def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(shop: BadShop, tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * (200 * MEGABYTE))
    shop.answers["/bomb"] = lambda: (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, bomb)
    _, failures = crawl(shop, tmp_path, "bomb")
    assert failures == {"bomb": FetchReason.TOO_LARGE}


@pytest.mark.slow
def test_redirects_in_a_circle_away_from_the_shop_or_to_files_are_refused(shop: BadShop, tmp_path: Path) -> None:
    for number in range(9):
        shop.redirect(f"/hop{number}", f"/hop{number + 1}")
    shop.redirect("/away", "http://localhost:9/elsewhere")
    shop.redirect("/file", "file:///etc/passwd")
    _, failures = crawl(shop, tmp_path, "hop0", "away", "file")
    assert failures == {"hop0": FetchReason.REDIRECT, "away": FetchReason.REDIRECT, "file": FetchReason.REDIRECT}
    assert "/hop4" not in shop.requests


@pytest.mark.slow
def test_a_server_that_fails_is_tried_again_and_then_written_down(shop: BadShop, tmp_path: Path) -> None:
    shop.answers["/ill"] = lambda: (503, {}, b"")
    _, failures = crawl(shop, tmp_path, "ill")
    assert failures == {"ill": FetchReason.HTTP_5XX}
    assert shop.requests.count("/ill") == 3


@pytest.mark.slow
def test_an_image_that_is_a_page_and_one_that_is_gone_cost_only_themselves(shop: BadShop, tmp_path: Path) -> None:
    shop.page("/mug", product("/img"))
    shop.page("/img", "<h1>Please log in</h1>", **{"X-Claims": "image/jpeg"})
    items, failures = crawl(shop, tmp_path, "mug")
    assert [(item.sku, item.images) for item in items] == [("MUG", ())]
    assert failures == {"img": FetchReason.BAD_IMAGE}


@pytest.mark.slow
def test_a_broken_page_and_a_pdf_are_told_apart(shop: BadShop, tmp_path: Path) -> None:
    shop.page("/half", '<script type="application/ld+json">{"@type": "Product", "name":</script>')
    shop.answers["/pdf"] = lambda: (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7 \x00\x01")
    _, failures = crawl(shop, tmp_path, "half", "pdf")
    assert failures == {"half": FetchReason.PARSE, "pdf": FetchReason.NO_PRODUCT}


@pytest.mark.slow
def test_a_shop_that_only_answers_with_errors_counts_as_not_reached(shop: BadShop, tmp_path: Path) -> None:
    shop.answers["/"] = lambda: (503, {}, b"")
    source = SiteSource(name="bad", url=shop.url, allow_private=True, download_delay=0)
    job = CrawlJob(source, "night", tmp_path / "feeds", tmp_path / "images", 120)
    # Otherwise every product of the shop would look as if it had vanished.
    assert not run_crawl(job).reached
    assert [row.reason for row in read_failures(files_of(job).failures)] == [FetchReason.HTTP_5XX]
