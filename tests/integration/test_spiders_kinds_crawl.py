"""Every kind of source, crawled from a real server on this machine; whatever a reader brings passes the door."""

import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from recognition.vocabulary import FetchReason
from spiders.crawl import CrawlJob, CrawlSummary, files_of, run_crawl
from spiders.feed import read_failures, read_feed
from spiders.items import ProductItem
from spiders.sources import Source
from tasks.door import admit
from tests.support.shops import (
    Shop,
    fill_listings,
    fill_shopify,
    fill_woocommerce,
    merchant_feed,
    open_shop,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def crawl(tmp_path: Path, **source: Any) -> tuple[CrawlSummary, list[ProductItem], list[tuple[str, FetchReason]]]:
    settings = {"name": "s", "allow_private": True, "download_delay": 0, "concurrency": 8, **source}
    job = CrawlJob(TypeAdapter(Source).validate_python(settings), "n1", tmp_path / "feeds", tmp_path / "images", 180)
    summary = run_crawl(job)
    assert admit(files_of(job).feed, job.source.name, job.crawl_id, datetime.now(UTC)).refused == []
    items = [item for item in read_feed(files_of(job).feed) if isinstance(item, ProductItem)]
    return summary, items, [(row.url, row.reason) for row in read_failures(files_of(job).failures)]


def test_a_shopify_shop_is_read_to_its_last_page_with_all_sizes(shop: Shop, tmp_path: Path) -> None:
    fill_shopify(shop)
    summary, items, failures = crawl(tmp_path, kind="shopify", url=shop.url, currency="EUR", max_pages=100)
    assert (summary.products, failures) == (600, [])
    assert [path for path in shop.requests if "products.json" in path] == [
        "/products.json?limit=250&page=1", "/products.json?limit=250&page=2",
    ]  # fmt: skip
    small, large = (next(item for item in items if item.sku == sku) for sku in ("M0-S", "M0-L"))
    assert (small.group, small.variant, small.price, small.currency) == ("9000", "S", Decimal("1.50"), "EUR")
    assert (large.group, large.availability, len(large.images), len(small.images)) == ("9000", "OutOfStock", 1, 1)
    assert small.images[0].sha256 != large.images[0].sha256


def test_only_the_chosen_collections_of_a_shopify_shop_are_asked_for(shop: Shop, tmp_path: Path) -> None:
    fill_shopify(shop, 20)
    summary, _, _ = crawl(tmp_path, kind="shopify", url=shop.url, categories=["first"])
    assert summary.products == 20
    assert not [path for path in shop.requests if path.startswith("/products.json")]


def test_a_woocommerce_shop_is_read_with_its_variations(shop: Shop, tmp_path: Path) -> None:
    fill_woocommerce(shop)
    summary, items, failures = crawl(tmp_path, kind="woocommerce", url=shop.url)
    assert (summary.products, failures) == (121, [])
    assert {(item.sku, item.group, item.variant) for item in items if item.group} == {
        ("C901", "120", "Size: S"), ("C902", "120", "Size: L"),
    }  # fmt: skip


def test_a_feed_is_read_from_an_address_packed_or_not_and_from_a_file(shop: Shop, tmp_path: Path) -> None:
    body = merchant_feed(shop).encode()
    shop.add("/feed.xml", body, "application/xml")
    shop.add("/feed.xml.gz", gzip.compress(body), "application/gzip")
    (tmp_path / "feed.xml").write_bytes(body)
    places: list[dict[str, Any]] = [
        {"url": f"{shop.url}/feed.xml"}, {"url": f"{shop.url}/feed.xml.gz"}, {"path": str(tmp_path / "feed.xml")},
    ]  # fmt: skip
    for number, place in enumerate(places):
        summary, items, failures = crawl(tmp_path / str(number), kind="feed", **place)
        assert (summary.products, summary.images, failures) == (5, 5, []), place
        assert {item.url for item in items} == {f"{shop.url}/bowl-{number}" for number in range(1, 6)}


def test_a_feed_over_its_limit_is_refused_with_its_reason(shop: Shop, tmp_path: Path) -> None:
    shop.add("/feed.xml", merchant_feed(shop), "application/xml")
    summary, _, failures = crawl(tmp_path, kind="feed", url=f"{shop.url}/feed.xml", max_bytes=500)
    assert summary.products == 0
    assert [reason for _, reason in failures] == [FetchReason.TOO_LARGE]


def test_a_table_of_picture_addresses_is_fetched_and_a_dead_one_is_a_row(shop: Shop, tmp_path: Path) -> None:
    rows = [
        {"nr": f"T{number}", "was": f"Jug {number}", "foto": shop.picture(f"jug{number}"), "preis": 3.5}
        for number in range(4)
    ]
    rows.append({"nr": "T9", "was": "Jug 9", "foto": f"{shop.url}/img/none.jpg", "preis": 3.5})
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    summary, items, failures = crawl(
        tmp_path, kind="table", path=str(tmp_path / "t.parquet"), columns={"sku": "nr", "title": "was", "image": "foto"}
    )
    assert (summary.products, summary.images) == (5, 4)
    assert failures == [(f"{shop.url}/img/none.jpg", FetchReason.HTTP_4XX)]
    assert items[0].price == Decimal("3.5")


def test_a_table_that_leads_into_a_private_network_is_refused(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"id,title,image\n1,Jug,{shop.picture('jug')}\n2,File,file:///etc/passwd\n")
    summary, items, failures = crawl(tmp_path, kind="table", path=str(tmp_path / "t.csv"), allow_private=False)
    assert (summary.products, [item.images for item in items]) == (2, [(), ()])
    assert [reason for _, reason in failures] == [FetchReason.PRIVATE_ADDRESS]
    assert shop.requests == []


def test_a_shop_without_a_sitemap_is_read_over_the_pages_of_its_listings(shop: Shop, tmp_path: Path) -> None:
    fill_listings(shop)
    summary, _, failures = crawl(tmp_path, kind="site", url=f"{shop.url}/")
    assert (summary.products, failures) == (24, [])
    assert not [path for path in shop.requests if "sort" in path or "cart" in path]


def test_each_chosen_category_gives_no_more_than_its_share(shop: Shop, tmp_path: Path) -> None:
    fill_listings(shop)
    chosen = [f"{shop.url}/c/mugs", f"{shop.url}/c/plates"]
    _, items, _ = crawl(tmp_path, kind="site", url=f"{shop.url}/", categories=chosen, per_category=6, concurrency=2)
    assert Counter(item.sku.split("-")[0] for item in items) == {"mugs": 6, "plates": 6}


def test_only_the_chosen_category_is_read(shop: Shop, tmp_path: Path) -> None:
    fill_listings(shop)
    summary, items, _ = crawl(tmp_path, kind="site", url=f"{shop.url}/", categories=[f"{shop.url}/c/plates"])
    assert {item.sku.split("-")[0] for item in items} == {"plates"}
    assert summary.products == 12


def test_an_api_that_is_gone_is_an_unreached_source(shop: Shop, tmp_path: Path) -> None:
    summary, _, failures = crawl(tmp_path, kind="shopify", url=shop.url)
    assert summary.products == 0
    assert [reason for _, reason in failures] == [FetchReason.HTTP_4XX]
