"""Real crawls: Scrapy in its subprocess against a real shop on this machine."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.vocabulary import FetchReason
from skuloop.demo.shop import LocalShop, ShopProduct
from spiders.crawl import CrawlJob, files_of, run_crawl
from spiders.errors import BadCrawlJobError
from spiders.feed import read_failures, read_feed
from spiders.items import ProductItem
from spiders.sources import FolderSource, SiteSource

pytestmark = pytest.mark.slow
HOSTILE_TITLE = "Mug </script><script>alert(1)</script> & \u202e<b>bold</b>"


def product(number: int, folder: Path, title: str | None = None) -> ShopProduct:
    path = folder / f"{number}.jpg"
    pixels = np.random.default_rng(number).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, quality=90)
    return ShopProduct(
        sku=f"SKU-{number}",
        title=title or f"Product {number}",
        brand="Kiln & Co",
        category="Mugs" if number % 2 else "Plates",
        gtin=None,
        description=f"The number {number} < {number + 1}.",
        price=Decimal(number) + Decimal("0.95"),
        currency="EUR",
        availability="OutOfStock" if number % 3 == 0 else "InStock",
        images=(path,),
    )


@pytest.fixture
def shelf(tmp_path: Path) -> list[ShopProduct]:
    (tmp_path / "photos").mkdir()
    return [product(number, tmp_path / "photos") for number in range(1, 13)]


@pytest.fixture
def shop(shelf: list[ShopProduct]) -> Iterator[LocalShop]:
    with LocalShop(shelf, "Corner Shop", dead_links=2, broken_images=1) as opened:
        yield opened


def job(shop: LocalShop, tmp_path: Path, crawl_id: str = "night-1", **changes: object) -> CrawlJob:
    settings = {"name": "corner", "url": shop.url, "allow_private": True, "download_delay": 0, **changes}
    return CrawlJob(SiteSource.model_validate(settings), crawl_id, tmp_path / "feeds", tmp_path / "images", 120)


def products_of(done: CrawlJob) -> dict[str, ProductItem]:
    return {item.sku: item for item in read_feed(files_of(done).feed) if isinstance(item, ProductItem)}


def failures_of(done: CrawlJob) -> list[tuple[str, FetchReason]]:
    return [(row.url, row.reason) for row in read_failures(files_of(done).failures)]


def test_a_full_crawl_yields_every_product_exactly_and_every_fault_as_a_row(
    shop: LocalShop, shelf: list[ShopProduct], tmp_path: Path
) -> None:
    work = job(shop, tmp_path)
    summary = run_crawl(work)
    found = products_of(work)
    assert {sku: (item.price, item.currency, item.availability) for sku, item in found.items()} == {
        each.sku: (each.price, each.currency, each.availability) for each in shelf
    }
    assert all((item.title, item.brand) == (f"Product {item.sku[4:]}", "Kiln & Co") for item in found.values())
    assert sorted(failures_of(work)) == [
        (f"{shop.url}about", FetchReason.NO_PRODUCT),
        (f"{shop.url}img/SKU-1/broken", FetchReason.BAD_IMAGE),
        (f"{shop.url}p/discontinued-1", FetchReason.HTTP_4XX),
        (f"{shop.url}p/discontinued-2", FetchReason.HTTP_4XX),
    ]
    counts = (summary.products, summary.images, summary.failures, summary.reached, summary.skipped)
    assert counts == (12, 12, 4, True, False)
    assert len(found["SKU-1"].images) == 1  # the truncated one cost itself, not the product


def test_images_are_the_shop_s_original_bytes_under_their_hash(
    shop: LocalShop, shelf: list[ShopProduct], tmp_path: Path
) -> None:
    work = job(shop, tmp_path)
    run_crawl(work)
    (image,) = products_of(work)["SKU-5"].images
    assert (tmp_path / "images" / image.path).read_bytes() == shelf[4].images[0].read_bytes()
    assert (image.format, image.path) == ("JPEG", f"{image.sha256[:2]}/{image.sha256}.jpg")


def test_what_robots_txt_forbids_is_never_asked_for(shop: LocalShop, tmp_path: Path) -> None:
    run_crawl(job(shop, tmp_path))
    assert not [path for path in shop.requests if path.startswith(("/cart", "/private"))]


def test_the_next_night_sees_new_prices_and_fetches_no_image_twice(shop: LocalShop, tmp_path: Path) -> None:
    run_crawl(job(shop, tmp_path))
    shop.set_offers({"SKU-2": (Decimal("0.01"), "PreOrder")})
    again = job(shop, tmp_path, "night-2")
    summary = run_crawl(again)
    assert summary.images == 12
    changed = products_of(again)["SKU-2"]
    assert (changed.price, changed.availability) == (Decimal("0.01"), "PreOrder")
    assert summary.visit is not None
    assert (summary.visit.images_new, summary.visit.images_known) == (0, 12)
    assert {item.sku for item in products_of(again).values() if not item.unchanged} == {"SKU-2", "SKU-1"}


def test_a_finished_crawl_is_not_started_again(shop: LocalShop, tmp_path: Path) -> None:
    first = run_crawl(job(shop, tmp_path))
    shop.forget_requests()
    second = run_crawl(job(shop, tmp_path))
    assert second == first.model_copy(update={"skipped": True})
    assert shop.requests == []


def test_a_shop_without_a_sitemap_is_crawled_by_its_links(shop: LocalShop, tmp_path: Path) -> None:
    work = job(shop, tmp_path, url=f"{shop.url}?sitemap=none")
    shop.hide_sitemap()
    assert run_crawl(work).products == 12
    assert not [path for path in shop.requests if path.startswith(("/cart", "/private"))]


def test_a_hostile_title_is_plain_text_in_the_feed(tmp_path: Path) -> None:
    with LocalShop([product(1, tmp_path, HOSTILE_TITLE)], "Corner Shop") as shop:
        work = job(shop, tmp_path)
        run_crawl(work)
    assert products_of(work)["SKU-1"].title == "Mug & bold"


def test_an_unreachable_shop_is_an_answer_with_a_row_and_without_a_summary(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    source = SiteSource(name="gone", url=url, allow_private=True, download_delay=0)
    work = CrawlJob(source, "night-1", tmp_path / "feeds", tmp_path / "images", 60)
    summary = run_crawl(work)
    assert (summary.reached, summary.failures) == (False, 1)
    assert failures_of(work) == [(url, FetchReason.REFUSED)]
    assert not files_of(work).summary.exists()


def test_a_private_address_is_refused_unless_the_source_allows_it(shop: LocalShop, tmp_path: Path) -> None:
    work = job(shop, tmp_path, allow_private=False)
    assert not run_crawl(work).reached
    assert shop.requests == []
    (row,) = read_failures(files_of(work).failures)
    assert row.reason is FetchReason.PRIVATE_ADDRESS
    assert "allow_private = true" in row.detail


@pytest.mark.parametrize("host", ["localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_no_other_name_for_this_machine_gets_past_the_guard(shop: LocalShop, tmp_path: Path, host: str) -> None:
    url = shop.url.replace("127.0.0.1", host)
    assert not run_crawl(job(shop, tmp_path, allow_private=False, url=url)).reached
    assert shop.requests == []


def test_a_killed_crawl_leaves_no_summary_and_the_next_one_goes_on_from_there(
    shop: LocalShop, shelf: list[ShopProduct], tmp_path: Path
) -> None:
    slow = job(shop, tmp_path, download_delay=0.4, concurrency=1)
    files = files_of(slow)
    document = {
        "source": slow.source.model_dump(mode="json"), "crawl_id": slow.crawl_id,
        "feeds_root": str(slow.feeds_root), "images_root": str(slow.images_root),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "spiders.crawl"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path.cwd()
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(document).encode())
    process.stdin.close()
    wait_for(lambda: files.feed.exists() and files.feed.read_text().count("\n") >= 2)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not files.summary.exists()

    before = len(products_of(slow))
    shop.forget_requests()
    summary = run_crawl(job(shop, tmp_path))
    assert (summary.products, summary.skipped) == (12, False)
    assert set(products_of(slow)) == {each.sku for each in shelf}
    assert len([path for path in shop.requests if path.startswith("/p/SKU")]) <= 12 - before


def test_max_pages_bounds_what_is_asked_of_a_shop(shop: LocalShop, tmp_path: Path) -> None:
    run_crawl(job(shop, tmp_path, max_pages=4))
    assert len([path for path in shop.requests if path.startswith("/p/")]) <= 4


def test_the_crawler_says_who_it_is_and_whom_to_ask(shop: LocalShop, tmp_path: Path) -> None:
    run_crawl(job(shop, tmp_path, contact="data-team@shop.example"))
    assert any("skuloop" in agent and "data-team@shop.example" in agent for agent in shop.agents)


def test_a_folder_crawl_ends_with_a_summary_too(shelf: list[ShopProduct], tmp_path: Path) -> None:
    root = tmp_path / "classes"
    (root / "SKU-1").mkdir(parents=True)
    (root / "SKU-1" / "a.jpg").write_bytes(shelf[0].images[0].read_bytes())
    work = CrawlJob(FolderSource(name="shelf", path=root), "night-1", tmp_path / "feeds", tmp_path / "images", 60)
    summary = run_crawl(work)
    assert (summary.photos, summary.images, summary.failures) == (1, 1, 0)
    assert files_of(work).summary.exists()


def test_a_crawl_id_that_climbs_out_of_the_feeds_is_refused(shop: LocalShop, tmp_path: Path) -> None:
    with pytest.raises(BadCrawlJobError, match="crawl_id"):
        run_crawl(job(shop, tmp_path, "../../elsewhere"))
    assert shop.requests == []


def test_a_job_that_is_no_job_exits_with_two_and_says_why() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "spiders.crawl"], input=b'{"source": {"kind": "ftp"}}', capture_output=True, check=False
    )
    assert finished.returncode == 2
    assert b"source" in finished.stderr


def wait_for(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
