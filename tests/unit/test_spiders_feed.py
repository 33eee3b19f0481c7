from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from recognition.vocabulary import FetchReason
from spiders.errors import FeedDamagedError
from spiders.feed import CrawlFiles, FeedWriter, read_failures, read_feed
from spiders.items import ImageRef, ProductItem, failure

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def image(url: str = "https://shop.example/a.jpg", digest: str = "ab" * 32) -> ImageRef:
    return ImageRef(url=url, sha256=digest, path=f"{digest[:2]}/{digest}.jpg", bytes=10, format="JPEG")


def item(sku: str) -> ProductItem:
    return ProductItem(
        source="shop",
        sku=sku,
        title=sku,
        url=f"https://shop.example/p/{sku}",
        price=Decimal("1.10"),
        images=(image(),),
        seen_at=NOW,
    )


def test_what_is_written_is_what_is_read_to_the_last_cent(tmp_path: Path) -> None:
    files = CrawlFiles(tmp_path)
    writer = FeedWriter(files)
    writer.product(item("a"))
    writer.failure(failure("shop", "https://shop.example/x", FetchReason.HTTP_4XX, "404\x00<b>"))
    writer.close()
    assert list(read_feed(files.feed)) == [item("a")]
    (row,) = read_failures(files.failures)
    assert (row.reason, row.detail) == (FetchReason.HTTP_4XX, "404")


def test_a_line_torn_by_a_kill_is_dropped_and_the_page_asked_for_again(tmp_path: Path) -> None:
    files = CrawlFiles(tmp_path)
    writer = FeedWriter(files)
    writer.product(item("a"))
    writer.close()
    with files.feed.open("a", encoding="utf-8") as feed:
        feed.write(item("b").model_dump_json()[:50])
    again = FeedWriter(files)
    assert again.done == {item("a").url}
    assert again.product(item("b"))
    again.close()
    assert [entry.sku for entry in read_feed(files.feed)] == ["a", "b"]
    assert (again.products, again.images) == (2, 1)


def test_a_crawl_that_is_taken_up_again_retries_what_may_have_passed_and_not_what_is_settled(tmp_path: Path) -> None:
    files = CrawlFiles(tmp_path)
    writer = FeedWriter(files)
    writer.product(item("a"))
    writer.failure(failure("shop", "https://shop.example/gone", FetchReason.HTTP_4XX, ""))
    writer.failure(failure("shop", "https://shop.example/slow", FetchReason.TIMEOUT, ""))
    writer.close()
    again = FeedWriter(files)
    again.close()
    assert again.done == {item("a").url, "https://shop.example/gone"}
    assert again.dropped == ("https://shop.example/slow",)
    assert [row.reason for row in read_failures(files.failures)] == [FetchReason.HTTP_4XX]


def test_one_product_under_two_addresses_is_one_line(tmp_path: Path) -> None:
    writer = FeedWriter(CrawlFiles(tmp_path))
    assert writer.product(item("a"))
    assert not writer.product(item("a").model_copy(update={"url": "https://shop.example/other"}))
    writer.close()
    assert writer.products == 1


def test_a_damaged_feed_names_the_file_and_the_line(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text(item("a").model_dump_json() + '\n{"type": "product"}\n')
    with pytest.raises(FeedDamagedError, match=r"feed\.jsonl, line 2"):
        list(read_feed(feed))


def test_an_image_path_that_leaves_the_store_cannot_be_written_down() -> None:
    with pytest.raises(ValidationError):
        ImageRef(url="u", sha256="ab" * 32, path="../../etc/passwd", bytes=1, format="JPEG")


def test_a_field_nobody_declared_is_refused() -> None:
    with pytest.raises(ValidationError):
        ProductItem.model_validate({**item("a").model_dump(), "colour": "red"})


def test_a_failure_that_a_killed_attempt_wrote_is_not_written_twice(tmp_path: Path) -> None:
    row = failure("shop", "https://shop.example/gone", FetchReason.HTTP_4XX, "")
    writer = FeedWriter(CrawlFiles(tmp_path))
    writer.product(item("a"))
    assert writer.failure(row)
    writer.close()
    again = FeedWriter(CrawlFiles(tmp_path))
    assert not again.failure(row)
    again.close()
    assert again.failures == len(list(read_failures(CrawlFiles(tmp_path).failures))) == 1


def test_a_product_that_a_killed_attempt_wrote_is_no_duplicate_of_itself(tmp_path: Path) -> None:
    for _ in range(2):
        writer = FeedWriter(CrawlFiles(tmp_path))
        assert writer.product(item("a"))
        writer.close()
    assert [entry.sku for entry in read_feed(CrawlFiles(tmp_path).feed)] == ["a"]
