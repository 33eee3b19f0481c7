"""What holds for every feed and every batch, against slow and obvious references in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.pictures.duplicates import MAX_DISTANCE, near_duplicate_groups
from recognition.vocabulary import LabelOrigin, PictureReason, Tier, TierReason
from tasks.duplicates import group_duplicates
from tests.support.warehouses import migrated_warehouse
from warehouse import Session
from warehouse.audits import ClassAuditRow, append_class_audits, class_rows
from warehouse.images import ImageRow, MeasuredRow, add_images, duplicate_groups, store_measurements
from warehouse.products import OfferRow, ProductRow, UpsertCount, all_products, append_offers, upsert_products
from warehouse.vectors import VectorStore

NIGHT = datetime(2026, 5, 4, 2, tzinfo=UTC)
SKUS = st.sampled_from(["tea", "mate"])
few = settings(max_examples=25, deadline=None)


@contextmanager
def empty_store() -> Iterator[Session]:
    with tempfile.TemporaryDirectory() as folder, migrated_warehouse(Path(folder) / "w.duckdb").write() as db:
        yield db


OFFERS = st.builds(
    OfferRow,
    sku=SKUS,
    source=st.sampled_from(["shop", "market"]),
    price=st.none() | st.sampled_from([Decimal("1.0000"), Decimal("2.5000")]),
    currency=st.just("EUR"),
    availability=st.none() | st.sampled_from(["InStock", "OutOfStock"]),
    seen_at=st.just(NIGHT),
    crawl_id=st.just(""),
)


def said_on(night: int, offers: list[OfferRow]) -> list[OfferRow]:
    return [replace(offer, seen_at=NIGHT + timedelta(days=night), crawl_id=f"crawl{night}") for offer in offers]


def changes_of(crawls: list[list[OfferRow]]) -> list[tuple[object, ...]]:
    """The obvious way: remember the last word of each SKU and source, and note where it differs."""
    last: dict[tuple[str, str], tuple[object, ...]] = {}
    noted = []
    for crawl in crawls:
        for (sku, source), offer in {(o.sku, o.source): o for o in crawl}.items():
            content = (offer.price, offer.currency, offer.availability)
            if last.get((sku, source)) != content:
                noted.append((sku, source, *content, offer.crawl_id))
            last[sku, source] = content
    return noted


@few
@given(st.lists(st.lists(OFFERS, max_size=6), max_size=5), st.randoms())
def test_offers_are_the_changes_between_crawls_and_refolding_in_any_order_adds_none(crawls, random):
    crawls = [said_on(night, offers) for night, offers in enumerate(crawls)]
    with empty_store() as db:
        for crawl in crawls:
            append_offers(db, crawl)
        stored = db._connection.execute(
            "SELECT sku, source, price, currency, availability, crawl_id FROM offer"
        ).fetchall()
        assert sorted(stored, key=repr) == sorted(changes_of(crawls), key=repr)
        assert [append_offers(db, crawl) for crawl in random.sample(crawls, len(crawls))] == [0] * len(crawls)


maybe = st.none() | st.sampled_from(["x", "y"])
PRODUCTS = st.builds(
    ProductRow,
    sku=SKUS,
    title=st.sampled_from(["One", "Two"]),
    brand=maybe,
    category=maybe,
    gtin=maybe,
    description=maybe,
    url=maybe,
    source=st.sampled_from(["shop", "market", "photos"]),
    named_by=st.sampled_from(LabelOrigin),
    first_seen_run=st.just("run"),
    updated_at=st.integers(0, 3).map(lambda days: NIGHT + timedelta(days=days)),
)
RANK = {LabelOrigin.CATALOGUE: 3, LabelOrigin.ANNOTATOR: 2, LabelOrigin.FOLDER: 1}


@few
@given(st.lists(st.lists(PRODUCTS, max_size=4), max_size=4))
def test_folding_products_loses_no_field_lowers_no_origin_and_is_idempotent(feeds):
    with empty_store() as db:
        for feed in feeds:
            before = {row.sku: row for row in all_products(db)}
            upsert_products(db, feed)
            after = {row.sku: row for row in all_products(db)}
            assert upsert_products(db, feed) == UpsertCount(0, 0)
            assert {row.sku: row for row in all_products(db)} == after
            for sku, old in before.items():
                assert RANK[after[sku].named_by] >= RANK[old.named_by]
                for field in ("brand", "category", "gtin", "description", "url"):
                    assert getattr(old, field) is None or getattr(after[sku], field) is not None


AUDITS = st.builds(
    ClassAuditRow,
    sku=SKUS,
    samples=st.integers(0, 2),
    images=st.integers(0, 1),
    conflicts=st.just(0),
    unusable=st.just(0),
    tier=st.sampled_from(Tier),
    reason=st.sampled_from(TierReason),
    decided_at=st.just(NIGHT),
)


@few
@given(st.lists(st.lists(AUDITS, max_size=2, unique_by=lambda row: row.sku), max_size=6))
def test_tiers_over_time_add_up_to_the_tiers_now(audits):
    with empty_store() as db:
        expected: dict[str, ClassAuditRow] = {}
        for number, audit in enumerate(audits):
            append_class_audits(db, f"run{number}", audit)
            expected |= {row.sku: row for row in audit}
        assert {row.sku: row for row in class_rows(db)} == expected
        history = db._connection.execute("SELECT trained, gallery, quarantined FROM class_counts_over_time").fetchall()
        now = tuple(sum(row.tier == tier for row in expected.values()) for tier in Tier)
        assert (history[-1] if history else (0, 0, 0)) == now


HASHES = st.integers(0, 3).map(lambda bits: (1 << bits) - 1) | st.sampled_from([2**64 - 1, 0xFF00FF00])


@few
@given(
    nights=st.lists(
        st.tuples(st.dictionaries(st.sampled_from("abcdefgh"), HASHES), st.sets(st.sampled_from("abcdefgh"))),
        max_size=5,
    )
)
def test_groups_kept_night_by_night_while_images_come_and_go_equal_those_made_from_scratch(nights):
    """An image is measured once; some are found unreadable later, and groups that they held together fall apart."""
    usable: dict[str, int] = {}
    spoilt: set[str] = set()
    with empty_store() as db:
        for new, lost in nights:
            fresh = {sha: phash for sha, phash in new.items() if sha not in usable.keys() | spoilt}
            add_images(db, [ImageRow(sha, f"{sha}.jpg", 1, "JPEG", "run") for sha in fresh])
            store_measurements(db, [_measured(sha, phash) for sha, phash in fresh.items()])
            usable |= fresh
            gone = lost & usable.keys()
            store_measurements(db, [_measured(sha, None) for sha in gone])
            spoilt |= gone
            usable = {sha: phash for sha, phash in usable.items() if sha not in gone}
            scratch = near_duplicate_groups(list(usable), np.array(list(usable.values()), np.uint64), MAX_DISTANCE)
            group_duplicates(db)
            assert duplicate_groups(db) == scratch


def _measured(sha: str, phash: int | None) -> MeasuredRow:
    reason = PictureReason.UNREADABLE if phash is None else PictureReason.OK
    return MeasuredRow(sha, 1, 1, 1.0, 1.0, 1.0, phash, reason)


@few
@given(
    batches=st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True), max_size=6),
    asked=st.lists(st.integers(0, 40), max_size=20, unique=True),
)
def test_loading_finds_exactly_what_was_appended_in_the_order_asked(batches, asked):
    with tempfile.TemporaryDirectory() as folder:
        store = VectorStore(Path(folder))
        for batch in batches:
            vectors = np.array([[number, number + 0.5] for number in batch], np.float32)
            store.append("enc", [f"sha{number}" for number in batch], vectors)
        stored = {number for batch in batches for number in batch}
        found, vectors = store.load("enc", [f"sha{number}" for number in asked])
        expected = [number for number in asked if number in stored]
        assert found == tuple(f"sha{number}" for number in expected)
        assert [tuple(row) for row in vectors.tolist()] == [(number, number + 0.5) for number in expected]
        assert store.known("enc") == {f"sha{number}" for number in stored}
