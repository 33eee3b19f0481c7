"""Crawls that are killed, that run again the next night, or whose disk is full: nothing lost, nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recognition.vocabulary import FetchReason
from spiders.crawl import CrawlJob, files_of, run_crawl
from spiders.errors import CrawlCrashedError
from spiders.feed import VisitReport, read_failures, read_feed
from spiders.items import ProductItem
from spiders.sources import SiteSource
from tests.support.web_shop import WebShop, open_web_shop

pytestmark = pytest.mark.slow
PAGES = 1500
KILLS = 10


@pytest.fixture
def shop() -> Iterator[WebShop]:
    with open_web_shop() as opened:
        yield opened


def job(shop: WebShop, tmp_path: Path, crawl_id: str = "night-1", **changes: object) -> CrawlJob:
    settings = {"name": "shop", "url": shop.url, "allow_private": True, "download_delay": 0, **changes}
    return CrawlJob(SiteSource.model_validate(settings), crawl_id, tmp_path / "feeds", tmp_path / "images", 300)


def visit(work: CrawlJob) -> VisitReport:
    report = run_crawl(work).visit
    assert report is not None
    return report


def on_disk(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words


def products_of(work: CrawlJob) -> list[ProductItem]:
    return [item for item in read_feed(files_of(work).feed) if isinstance(item, ProductItem)]


@contextmanager
def crawling(work: CrawlJob) -> Iterator["subprocess.Popen[bytes]"]:
    document = {
        "source": work.source.model_dump(mode="json"), "crawl_id": work.crawl_id,
        "feeds_root": str(work.feeds_root), "images_root": str(work.images_root),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "spiders.crawl"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path.cwd()
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(document).encode())
    process.stdin.close()
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


def test_ten_kills_lose_no_page_and_ask_for_hardly_any_twice(shop: WebShop, tmp_path: Path) -> None:
    names = [f"item-{number}" for number in range(PAGES)]
    for number, name in enumerate(names):
        picture = [f"img/{number}.jpg"] if number % 3 == 0 else []
        if picture:
            shop.image(picture[0], number)
        shop.product(name, images=picture)
    shop.sitemap(f"p/{name}" for name in names)
    work = job(shop, tmp_path, concurrency=2)
    random_moments = random.Random(7)  # noqa: S311 - moments, not secrets
    for kill in range(KILLS):
        before = sum(shop.asked.values())
        target = before + random_moments.randint(20, 2 * PAGES // (KILLS + 4))
        with crawling(work) as process:
            while process.poll() is None and sum(shop.asked.values()) < target:
                time.sleep(0.01)
            assert process.poll() is None, f"the crawl had ended before kill {kill}"
    summary = run_crawl(work)
    feed = products_of(work)
    assert summary.products == len(feed) == len({item.sku for item in feed}) == PAGES
    assert list(read_failures(files_of(work).failures)) == []
    twice = sum(count - 1 for path, count in shop.asked.items() if path.startswith("/p/"))
    pictures_twice = sum(count - 1 for path, count in shop.asked.items() if path.startswith("/img/"))
    assert twice <= PAGES * 0.02, twice
    assert pictures_twice <= PAGES * 0.02, pictures_twice
    assert sum(1 for item in feed if item.images) == PAGES // 3


def test_the_report_after_a_kill_also_tells_of_what_was_done_before_it(shop: WebShop, tmp_path: Path) -> None:
    for number in range(120):
        shop.product(f"item-{number}", images=[])
    shop.sitemap(f"p/item-{number}" for number in range(120))
    work = job(shop, tmp_path, download_delay=0.05, concurrency=2)
    with crawling(work) as process:
        while process.poll() is None and sum(shop.asked.values()) < 90:
            time.sleep(0.01)
        assert process.poll() is None
    before = sum(shop.asked.values())
    report = visit(work)
    in_all = sum(shop.asked.values())
    assert in_all - before < report.requests <= in_all
    assert 40 < report.pages <= 121


def test_the_frontier_goes_breadth_first_also_after_a_kill(shop: WebShop, tmp_path: Path) -> None:
    order: list[str] = []

    async def page(request: object) -> object:
        from aiohttp import web

        path = request.path  # type: ignore[attr-defined]
        order.append(path)
        depth = path.count("a") + path.count("b")
        links = "" if depth >= 5 else f'<a href="{path.rstrip("/")}/a">a</a><a href="{path.rstrip("/")}/b">b</a>'
        return web.Response(text=f"<html>{links}</html>", content_type="text/html")

    paths = ["/"]
    for parent in paths:
        if len(parent.split("/")) - 1 < 6 and len(paths) < 63:
            paths += [f"{parent.rstrip('/')}/a", f"{parent.rstrip('/')}/b"]
    for path in paths:
        shop.special[path] = page  # type: ignore[assignment]
    work = job(shop, tmp_path, concurrency=1, download_delay=0.02)
    with crawling(work) as process:
        while process.poll() is None and len(order) < 20:
            time.sleep(0.01)
    run_crawl(work)
    depths = [path.count("a") + path.count("b") for path in dict.fromkeys(order)]
    assert set(order) == set(paths)
    assert depths == sorted(depths)
    assert len(order) <= len(paths) + 1 + 1  # the page under way, and the one that the server had not counted yet


def test_a_second_night_over_an_unchanged_shop_asks_for_a_sample_and_no_picture(shop: WebShop, tmp_path: Path) -> None:
    names = [f"item-{number}" for number in range(60)]
    for number, name in enumerate(names):
        shop.image(f"img/{number}.jpg", number)
        shop.product(name, images=[f"img/{number}.jpg"])
    shop.sitemap((f"p/{name}" for name in names), changed="2026-11-01")
    first = visit(job(shop, tmp_path))
    shop.asked.clear()
    work = job(shop, tmp_path, "night-2")
    second = visit(work)
    assert (second.unasked, second.images_new, second.images_known) == (55, 0, 60)
    assert sum(count for path, count in shop.asked.items() if path.startswith("/p/")) == 5
    assert not any(path.startswith("/img/") for path in shop.asked)
    assert all(item.unchanged and item.images for item in products_of(work))
    assert len(products_of(work)) == 60
    assert second.bytes < 0.05 * first.bytes


def test_without_a_lastmod_unchanged_pages_cost_a_304_each(shop: WebShop, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        shop.product(name)
    shop.sitemap(("p/a", "p/b", "p/c"))
    visit(job(shop, tmp_path))
    shop.product("b", price="9.95")
    work = job(shop, tmp_path, "night-2")
    report = visit(work)
    assert (report.pages, report.unchanged) == (4, 3)  # the start page, too
    assert {item.sku: (item.unchanged, str(item.price)) for item in products_of(work)} == {
        "a": (True, "4.95"), "b": (False, "9.95"), "c": (True, "4.95"),
    }  # fmt: skip
    assert shop.not_modified["/p/a"] == 1


def test_a_sitemap_that_lies_about_what_changed_is_not_believed(shop: WebShop, tmp_path: Path) -> None:
    names = [f"item-{number}" for number in range(30)]
    for name in names:
        shop.product(name)
    shop.sitemap((f"p/{name}" for name in names), changed="2026-11-01")
    visit(job(shop, tmp_path))
    for name in names:
        shop.product(name, price="1.00")  # and the lastmod stays as it was
    work = job(shop, tmp_path, "night-2")
    visit(work)
    assert {str(item.price) for item in products_of(work)} == {"1.00"}


def test_a_full_disk_ends_the_crawl_with_a_word_and_room_lets_it_go_on(shop: WebShop, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = on_disk("mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk))
    if not mounted:
        pytest.skip("a small disk cannot be mounted here (not root)")
    names = [f"item-{number}" for number in range(150)]
    for number, name in enumerate(names):
        shop.image(f"img/{number}.jpg", number)
        shop.product(name, images=[f"img/{number}.jpg"])
    shop.sitemap(f"p/{name}" for name in names)
    work = job(shop, disk)
    try:
        with pytest.raises(CrawlCrashedError, match="disk is full"):
            run_crawl(work)
        assert not files_of(work).summary.exists()
        assert on_disk("mount", "-o", "remount,size=20m", str(disk))
        assert run_crawl(work).products == 150
        feed = products_of(work)
        assert len(feed) == 150
        assert all((disk / "images" / item.images[0].path).stat().st_size == item.images[0].bytes for item in feed)
        assert list(read_failures(files_of(work).failures)) == []
    finally:
        os.sync()
        assert on_disk("umount", str(disk))


def test_a_product_under_two_addresses_is_one_line_and_a_row_says_duplicate(shop: WebShop, tmp_path: Path) -> None:
    shop.product("mug")
    shop.pages["/p/mug-again"] = shop.pages["/p/mug"]
    shop.sitemap(("p/mug", "p/mug-again"))
    work = job(shop, tmp_path, concurrency=1)
    run_crawl(work)
    assert [item.sku for item in products_of(work)] == ["mug"]
    assert [(row.url, row.reason) for row in read_failures(files_of(work).failures)] == [
        (f"{shop.url}p/mug-again", FetchReason.DUPLICATE)
    ]


def test_what_is_postponed_is_not_asked_for_unless_the_sitemap_says_that_it_changed(
    shop: WebShop, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        shop.product(name)
    shop.sitemap(("p/a", "p/b"))
    work = job(shop, tmp_path)
    patient = CrawlJob(
        work.source, "night-1", work.feeds_root, work.images_root, 60, postponed=frozenset({f"{shop.url}p/b"})
    )
    report = visit(patient)
    assert (report.postponed, shop.asked["/p/b"], shop.asked["/p/a"]) == (1, 0, 1)
