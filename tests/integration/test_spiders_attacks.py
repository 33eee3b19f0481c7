"""What a hostile or a strict shop does to a crawl, and what the crawl does not do to a shop."""

import asyncio
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from PIL import Image

import spiders.guard
from recognition.vocabulary import FetchReason
from spiders.crawl import CrawlJob, run_crawl
from spiders.feed import CrawlFiles, FeedWriter, VisitReport, read_failures, read_feed
from spiders.images import ImageStore
from spiders.items import ProductItem
from spiders.sources import SiteSource
from spiders.web import visit_source
from tests.support.web_shop import WebShop, jpeg, open_web_shop

pytestmark = pytest.mark.slow
MEGABYTE = 1024 * 1024


@pytest.fixture
def shop() -> Iterator[WebShop]:
    with open_web_shop() as opened:
        yield opened


Crawled = tuple[VisitReport, dict[str, ProductItem], dict[str, FetchReason]]


def crawl(shop: WebShop, tmp_path: Path, *pages: str, **changes: object) -> Crawled:
    """Crawl the given pages by way of a sitemap."""
    shop.sitemap(pages)
    settings = {"name": "bad", "url": shop.url, "allow_private": True, "download_delay": 0, **changes}
    files = CrawlFiles(tmp_path / "feeds" / "bad" / "night")
    writer = FeedWriter(files)
    ending = visit_source(SiteSource.model_validate(settings), files, ImageStore(tmp_path / "images"), writer)
    writer.close()
    items = {item.sku: item for item in read_feed(files.feed) if isinstance(item, ProductItem)}
    return ending.visit, items, {row.url.removeprefix(shop.url): row.reason for row in read_failures(files.failures)}


async def drip(request: web.Request) -> web.StreamResponse:
    """A byte now and then, for ever."""
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.1)


async def pour(request: web.Request) -> web.StreamResponse:
    """As fast as it goes, for ever."""
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65536)


def test_a_server_that_drips_and_one_that_never_ends_cost_their_own_page_only(shop: WebShop, tmp_path: Path) -> None:
    shop.special |= {"/drip": drip, "/pour": pour}
    shop.product("mug")
    _, items, failures = crawl(shop, tmp_path, "drip", "pour", "p/mug", timeout_seconds=3)
    assert failures["drip"] is FetchReason.TIMEOUT
    assert failures["pour"] in {FetchReason.TOO_LARGE, FetchReason.TIMEOUT}
    assert set(items) == {"mug"}


def test_what_lies_about_how_it_is_packed_is_a_row_and_what_is_packed_well_is_read(
    shop: WebShop, tmp_path: Path
) -> None:
    for name in ("gzip", "deflate"):
        shop.product(name)
    page = shop.pages["/p/gzip"][0]
    bodies = {
        "gzip": gzip.compress(page),
        "deflate": zlib.compress(shop.pages["/p/deflate"][0]),
        "bad": b"<html>not packed at all</html>",
        "unheard": page,
    }
    for name, body in bodies.items():
        shop.pages[f"/p/{name}"] = (body, "text/html")
        shop.headers[f"/p/{name}"] = {"Content-Encoding": {"bad": "gzip", "unheard": "x-own"}.get(name, name)}
    _, items, failures = crawl(shop, tmp_path, "p/gzip", "p/deflate", "p/bad", "p/unheard")
    assert set(items) == {"gzip", "deflate"}
    assert failures == {"p/bad": FetchReason.PARSE, "p/unheard": FetchReason.PARSE}


def huge_png(side: int = 30_000) -> bytes:
    """A picture of 900 megapixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * (20 * MEGABYTE))
    return buffer.getvalue()


def gif(*, whole: bool) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (80, 80)).save(buffer, "GIF")
    return buffer.getvalue() if whole else buffer.getvalue()[:-20]


def test_no_picture_is_let_in_that_is_none_and_each_says_why(shop: WebShop, tmp_path: Path) -> None:
    bad = {
        "bomb.png": huge_png(),
        "zip.jpg": zip_bomb(),
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "half.jpg": jpeg(1, 400)[:9000],
        "page.jpg": b"<h1>Please log in</h1>",
        "icon.jpg": jpeg(2, 16),
        "half.gif": gif(whole=False),
        "empty.jpg": b"",
        "heic.jpg": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "phar.gif": b"GIF89a<?php system($_GET[0]); ?>",
    }
    for name, body in bad.items():
        shop.pages[f"/img/{name}"] = (body, "image/jpeg")
    shop.pages["/img/good"] = (jpeg(3), "text/plain")  # a good picture under a wrong name: the bytes decide
    for number, name in enumerate([*bad, "good"]):
        shop.product(f"item-{number}", images=[f"img/{name}"])
    _, items, failures = crawl(shop, tmp_path, *(f"p/item-{number}" for number in range(len(bad) + 1)))
    assert len(items) == len(bad) + 1
    assert failures.pop("img/bomb.png") is FetchReason.TOO_LARGE
    assert failures == {f"img/{name}": FetchReason.BAD_IMAGE for name in bad if name != "bomb.png"}
    stored = [path for path in (tmp_path / "images").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in stored] == [jpeg(3)]


def test_no_redirect_leads_into_a_private_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spiders.guard, "is_public", lambda address: address == "127.0.0.1")  # the shop's, and no other
    with open_web_shop("0.0.0.0") as shop:  # noqa: S104 - it must be there to be refused
        inside = shop.url.replace("127.0.0.1", "127.0.0.2")

        async def lead_inside(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"{inside}secret")

        shop.special |= {"/img/hop": lead_inside, "/page-hop": lead_inside}
        shop.product("a", images=["img/hop"])
        shop.product("b")
        text = shop.pages["/p/b"][0].decode().replace('"image": []', f'"image": ["{inside}direct.jpg"]')
        shop.pages["/p/b"] = (text.encode(), "text/html")
        _, items, failures = crawl(shop, tmp_path, "p/a", "p/b", "page-hop", allow_private=False)
    assert set(items) == {"a", "b"}
    assert failures == {
        "img/hop": FetchReason.PRIVATE_ADDRESS,
        f"{inside}direct.jpg": FetchReason.PRIVATE_ADDRESS,
        "page-hop": FetchReason.REDIRECT,
    }
    assert not {"/secret", "/direct.jpg"} & set(shop.asked)


def test_titles_are_plain_and_ids_are_no_paths(shop: WebShop, tmp_path: Path) -> None:
    title = (
        "Mug\x00\x1b[31m </script><script>alert(1)</script><img src=x onerror=alert(1)> \u202eevil\u202c & \ud83c\udf75"
    )
    shop.product("mug", title=title, description="<b>Good</b>\r\n\x07 mug")
    for number, sku in enumerate(["../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "a\x00b", "%2e%2e%2fup"]):
        shop.product(f"trick-{number}")
        text = shop.pages[f"/p/trick-{number}"][0].decode()
        escaped = sku.replace("\\", "\\\\").replace("\x00", "\\u0000")
        shop.pages[f"/p/trick-{number}"] = (text.replace(f'"trick-{number}"', f'"{escaped}"').encode(), "text/html")
    _, items, _ = crawl(shop, tmp_path, "p/mug", *(f"p/trick-{number}" for number in range(5)))
    mug = items.pop("mug")
    assert not set(mug.title) & set("<>\x00\x1b\u202e\u202c")
    assert "alert" not in mug.title
    assert mug.description == "Good mug"
    assert len(items) >= 4
    assert not any({"/", "\\", "\x00", "%"} & set(sku) or sku.startswith(".") for sku in items)


async def challenge(request: web.Request) -> web.StreamResponse:
    return web.Response(status=403, headers={"cf-mitigated": "challenge"}, text="<title>Just a moment...</title>")


def test_a_shop_that_shows_a_challenge_is_left_alone_for_the_night(shop: WebShop, tmp_path: Path) -> None:
    names = [f"item-{number}" for number in range(30)]
    for name in names:
        shop.product(name)
    shop.special["/p/item-5"] = challenge
    report, items, failures = crawl(shop, tmp_path, *(f"p/{name}" for name in names), concurrency=1)
    assert failures == {"": FetchReason.BLOCKED}
    assert report.closed is not None
    assert set(items) - {"item-6"} == {f"item-{number}" for number in range(5)}  # one more may be on its way
    assert [number for number in range(7, 30) if shop.asked[f"/p/item-{number}"]] == []


def test_a_wall_before_the_pictures_of_another_host_does_not_close_the_shop_that_led_there(
    shop: WebShop, tmp_path: Path
) -> None:
    elsewhere = shop.url.replace("127.0.0.1", "localhost")

    async def lead_away(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{elsewhere}walled")

    shop.special |= {"/img/hop": lead_away, "/walled": challenge}
    for number in range(8):
        shop.product(f"item-{number}", images=["img/hop"] if number == 0 else [])
    report, items, failures = crawl(shop, tmp_path, *(f"p/item-{number}" for number in range(8)), concurrency=1)
    assert failures == {"img/hop": FetchReason.BLOCKED}
    assert (report.closed, len(items)) == (None, 8)


def test_a_wall_of_refusals_is_not_run_against(shop: WebShop, tmp_path: Path) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403)

    paths = [f"closed/{number}" for number in range(40)]
    shop.special |= {f"/{path}": refuse for path in paths}
    report, _, failures = crawl(shop, tmp_path, *paths, concurrency=1)
    assert FetchReason.BLOCKED in failures.values()
    assert sum(shop.asked[f"/{path}"] for path in paths) <= 9
    assert report.closed is not None


def test_who_is_asked_to_wait_waits_and_then_asks_again(shop: WebShop, tmp_path: Path) -> None:
    shop.product("mug")

    async def wait_first(request: web.Request) -> web.StreamResponse:
        if shop.asked[request.path] == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        body, kind = shop.pages[request.path]
        return web.Response(body=body, content_type=kind)

    shop.special["/p/mug"] = wait_first
    report, items, failures = crawl(shop, tmp_path, "p/mug")
    assert (set(items), failures) == ({"mug"}, {})
    assert (report.pauses, report.paused_seconds) == (1, 1.0)
    assert report.seconds_between > 0  # and more slowly from then on


def test_a_shop_that_asks_to_wait_for_hours_is_left_alone(shop: WebShop, tmp_path: Path) -> None:
    async def tomorrow(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "7200"})

    shop.special["/p/a"] = tomorrow
    shop.product("b")
    report, items, failures = crawl(shop, tmp_path, "p/a", "p/b", concurrency=1)
    assert (items, failures) == ({}, {"": FetchReason.RATE_LIMITED})
    assert report.closed is not None
    assert shop.asked["/p/b"] == 0


def test_robots_txt_rules_pace_and_pictures_of_other_hosts_too(shop: WebShop, tmp_path: Path) -> None:
    rules = b"User-agent: skuloop\nDisallow: /img/\nDisallow: /p/secret\nCrawl-delay: 0.2\n"
    shop.pages["/robots.txt"] = (rules, "text/plain")
    shop.image("img/a.jpg")
    shop.product("a")
    other = shop.url.replace("127.0.0.1", "localhost")
    text = shop.pages["/p/a"][0].decode().replace('"image": []', f'"image": ["{other}img/a.jpg"]')
    shop.pages["/p/a"] = (text.encode(), "text/html")
    shop.product("secret")
    report, items, failures = crawl(shop, tmp_path, "p/a", "p/secret")
    assert failures == {"p/secret": FetchReason.ROBOTS, f"{other}img/a.jpg": FetchReason.ROBOTS}
    assert (report.asked_delay, report.seconds_between) == (0.2, 0.2)
    assert set(items) == {"a"}
    assert shop.asked["/img/a.jpg"] == 0


def test_a_shop_that_cannot_tell_its_rules_is_not_asked(shop: WebShop, tmp_path: Path) -> None:
    async def fail(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    shop.special["/robots.txt"] = fail
    _, items, failures = crawl(shop, tmp_path, "p/a")
    assert (items, failures) == ({}, {"": FetchReason.ROBOTS})
    assert shop.asked["/"] == 0


def test_what_is_not_to_be_used_is_not_used(shop: WebShop, tmp_path: Path) -> None:
    for name in ("header", "meta", "pictures", "picture", "others", "fine"):
        shop.image(f"img/{name}.jpg", hash(name) % 1000)
        shop.product(name, images=[f"img/{name}.jpg"])
    shop.headers["/p/header"] = {"X-Robots-Tag": "noindex"}
    shop.headers["/p/others"] = {"X-Robots-Tag": "otherbot: noindex"}
    shop.headers["/p/pictures"] = {"X-Robots-Tag": "noimageai"}
    shop.headers["/img/picture.jpg"] = {"X-Robots-Tag": "noai"}
    meta = shop.pages["/p/meta"][0].replace(b"<head>", b"<head><META content='none' name=\"robots\">")
    shop.pages["/p/meta"] = (meta, "text/html")
    _, items, failures = crawl(
        shop, tmp_path, *(f"p/{name}" for name in ("header", "meta", "pictures", "picture", "others", "fine"))
    )
    assert {sku: len(item.images) for sku, item in items.items()} == {
        "pictures": 0, "picture": 0, "others": 1, "fine": 1,
    }  # fmt: skip
    assert failures == {
        "p/header": FetchReason.NOINDEX, "p/meta": FetchReason.NOINDEX, "img/picture.jpg": FetchReason.NOINDEX,
    }  # fmt: skip
    assert shop.asked["/img/pictures.jpg"] == 0


def test_all_of_it_together_stays_under_two_hundred_megabytes(shop: WebShop, tmp_path: Path) -> None:
    shop.pages["/deep"] = (b"<div>" * 400_000, "text/html")
    shop.pages["/wide"] = (b"<a href=/x>" * 300_000, "text/html")
    shop.pages["/json"] = (b'<script type="application/ld+json">' + b"[" * 500_000 + b"</script>", "text/html")
    packed = gzip.compress(b"\0" * (200 * MEGABYTE))
    shop.pages["/bomb"] = (packed, "text/html")
    shop.headers["/bomb"] = {"Content-Encoding": "gzip"}
    for number in range(4):
        shop.pages[f"/img/{number}.jpg"] = (jpeg(number)[:-2] + b"\0" * (9 * MEGABYTE) + b"\xff\xd9", "image/jpeg")
        shop.product(f"item-{number}", images=[f"img/{number}.jpg", "img/bomb.png"])
    shop.pages["/img/bomb.png"] = (huge_png(), "image/png")
    paths = ["deep", "wide", "json", "bomb", *(f"p/item-{number}" for number in range(4))]
    shop.sitemap(paths)
    source = SiteSource(
        name="bad", url=shop.url, allow_private=True, download_delay=0, concurrency=8, timeout_seconds=60
    )
    summary = run_crawl(CrawlJob(source, "night", tmp_path / "feeds", tmp_path / "images", 300))
    assert summary.products == 4
    assert summary.visit is not None
    assert 0 < summary.visit.peak_mib <= 200
    assert summary.visit.pages_failed[FetchReason.TOO_LARGE] == 3  # deep, wide, bomb
    assert summary.visit.images_new == 4
