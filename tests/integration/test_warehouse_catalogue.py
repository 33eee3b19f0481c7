"""Products, offers and images in a real database: folding twice changes nothing, and nothing known is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from recognition.vocabulary import LabelKind, LabelOrigin, PictureReason
from tests.support.warehouses import migrated_warehouse
from warehouse.images import (
    ImageRef,
    ImageRow,
    MeasuredRow,
    OriginKind,
    OriginRow,
    UsableImage,
    add_images,
    add_origins,
    camera_arrivals,
    duplicate_groups,
    hashed_images,
    store_duplicate_groups,
    store_measurements,
    unlabelled_camera_images,
    unmeasured_images,
    usable_images,
)
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.products import (
    OfferRow,
    ProductRow,
    UpsertCount,
    all_products,
    append_offers,
    latest_offers,
    titles,
    upsert_products,
)

NIGHT = datetime(2026, 5, 4, 2, tzinfo=UTC)
TEA = ProductRow(
    sku="tea", title="Green tea", brand="Leaf", category=None, gtin=None, description="Loose.", url="https://shop/tea",
    source="shop", named_by=LabelOrigin.CATALOGUE, first_seen_run="run1", updated_at=NIGHT,
)  # fmt: skip
OFFER = OfferRow("tea", "shop", Decimal("4.5000"), "EUR", "InStock", NIGHT, "crawl1")


@pytest.fixture
def db(tmp_path: Path):
    warehouse = migrated_warehouse(tmp_path / "w.duckdb")
    with warehouse.write() as session:
        yield session


def later(row, nights=1, **changes):
    moved = "updated_at" if isinstance(row, ProductRow) else "seen_at"
    return replace(row, **{moved: NIGHT + timedelta(days=nights)}, **changes)


def test_the_same_feed_twice_is_one_product_and_no_change(db):
    assert upsert_products(db, [TEA]) == UpsertCount(new=1, changed=0)
    assert upsert_products(db, [later(TEA)]) == UpsertCount(new=0, changed=0)
    assert all_products(db) == [TEA]


def test_a_page_that_lost_its_brand_does_not_erase_it(db):
    upsert_products(db, [TEA])
    assert upsert_products(db, [later(TEA, brand=None, title="Green tea 100 g", gtin="4006381333931")]).changed == 1
    (stored,) = all_products(db)
    assert (stored.brand, stored.title, stored.gtin) == ("Leaf", "Green tea 100 g", "4006381333931")
    assert (stored.first_seen_run, titles(db)) == ("run1", {"tea": "Green tea 100 g"})


def test_a_product_named_by_an_annotator_belongs_to_the_catalogue_once_it_appears_there(db):
    named = replace(TEA, title="tea green box", brand="Leef", source="label-studio", named_by=LabelOrigin.ANNOTATOR)
    upsert_products(db, [named])
    assert upsert_products(db, [later(TEA, brand=None)]) == UpsertCount(new=0, changed=1)
    (stored,) = all_products(db)
    assert (stored.title, stored.brand, stored.named_by, stored.source) == ("Green tea", "Leef", "catalogue", "shop")


@pytest.mark.parametrize("origin", [LabelOrigin.FOLDER, LabelOrigin.ANNOTATOR])
def test_a_folder_or_a_person_does_not_rename_what_the_catalogue_named(db, origin):
    upsert_products(db, [TEA])
    assert upsert_products(db, [later(TEA, title="TEA_01", source="photos", named_by=origin)]).changed == 0
    assert all_products(db) == [TEA]


def test_two_shops_that_call_one_product_differently_do_not_take_turns_every_night(db):
    other = replace(TEA, title="Sencha", source="market", category="Drinks")
    upsert_products(db, [TEA])
    assert upsert_products(db, [other]).changed == 1
    for night in (1, 2):
        assert upsert_products(db, [later(TEA, night)]).changed == 0
        assert upsert_products(db, [later(other, night)]).changed == 0
    (stored,) = all_products(db)
    assert (stored.title, stored.category) == ("Green tea", "Drinks")


def test_an_old_feed_folded_again_does_not_bring_an_old_title_back(db):
    upsert_products(db, [TEA])
    upsert_products(db, [later(TEA, title="Green tea, new")])
    assert upsert_products(db, [TEA]).changed == 0
    assert titles(db) == {"tea": "Green tea, new"}


def test_a_feed_that_names_a_product_twice_is_folded_like_its_last_page(db):
    twice = [TEA, replace(TEA, title="Green tea, second page")]
    assert upsert_products(db, twice) == UpsertCount(new=1, changed=0)
    assert upsert_products(db, twice) == UpsertCount(new=0, changed=0)
    assert titles(db) == {"tea": "Green tea, second page"}


def test_an_offer_is_a_row_only_where_something_changed(db):
    assert append_offers(db, [OFFER]) == 1
    assert append_offers(db, [later(OFFER, 1, crawl_id="crawl2")]) == 0
    sold_out = later(OFFER, 2, crawl_id="crawl3", availability="OutOfStock")
    assert append_offers(db, [sold_out]) == 1
    assert latest_offers(db) == {"tea": sold_out}


def test_crawls_folded_again_in_any_order_add_no_offers(db):
    crawls = [OFFER, later(OFFER, 1, price=Decimal("5.0000"), crawl_id="crawl2"), later(OFFER, 2, crawl_id="crawl3")]
    assert append_offers(db, crawls) == 3
    assert [append_offers(db, [crawl]) for crawl in (*crawls, *reversed(crawls))] == [0] * 6
    assert latest_offers(db)["tea"] == crawls[2]


def test_an_offer_without_a_price_is_still_an_offer(db):
    unpriced = replace(OFFER, price=None, currency=None)
    assert append_offers(db, [unpriced, unpriced]) == 1
    assert append_offers(db, [later(unpriced, 1, crawl_id="crawl2")]) == 0


def image(sha: str) -> ImageRow:
    return ImageRow(sha, f"{sha[:2]}/{sha}.jpg", 100, "JPEG", "run1")


def measured(sha: str, reason=PictureReason.OK, phash=2**63 + 7) -> MeasuredRow:
    return MeasuredRow(sha, 640, 480, 12.5, 0.5, 0.25, phash, reason)


def origin(sha: str, kind=OriginKind.CAMERA, sku=None) -> OriginRow:
    return OriginRow(sha, "inbox", f"{sha}.jpg", sku, kind, "crawl1", NIGHT)


def test_images_and_their_origins_are_stored_once(db):
    rows = [image("aa1"), image("bb2"), image("aa1")]
    assert (add_images(db, rows), add_images(db, rows)) == (2, 0)
    places = [origin("aa1"), replace(origin("aa1"), origin="copy.jpg"), origin("aa1")]
    assert (add_origins(db, places), add_origins(db, places)) == (2, 0)


def test_an_image_is_measured_once_and_only_sound_ones_are_usable(db):
    add_images(db, [image("aa1"), image("bb2"), image("cc3")])
    unreadable = MeasuredRow("bb2", None, None, None, None, None, None, PictureReason.UNREADABLE)
    for _ in range(2):
        assert store_measurements(db, [measured("aa1"), unreadable, measured("unknown")]) == 2
        assert unmeasured_images(db) == [ImageRef("cc3", "cc/cc3.jpg")]
        assert usable_images(db) == [UsableImage("aa1", "aa/aa1.jpg", 2**63 + 7)]


def test_only_camera_photos_that_nobody_spoke_about_wait_for_recognition(db):
    add_images(db, [image(sha) for sha in ("camera", "labelled", "shop", "blurred")])
    add_origins(
        db, [origin("camera"), origin("labelled"), origin("shop", OriginKind.CATALOGUE, "tea"), origin("blurred")]
    )
    store_measurements(
        db, [measured("camera"), measured("labelled"), measured("shop"), measured("blurred", PictureReason.BLURRED)]
    )
    said = LabelEventRow("e1", "labelled", LabelKind.NOT_A_PRODUCT, None, LabelOrigin.ANNOTATOR, "ann", NIGHT)
    append_label_events(db, [said])
    assert [row.sha256 for row in unlabelled_camera_images(db)] == ["camera"]


def test_camera_photos_are_numbered_by_the_crawl_that_brought_them_first(db):
    add_images(db, [image(sha) for sha in ("first", "again", "second", "shop", "blurred")])
    tonight = {"crawl_id": "crawl2", "seen_at": NIGHT + timedelta(days=1)}
    add_origins(db, [origin("first"), origin("again"), origin("shop", OriginKind.CATALOGUE, "tea"), origin("blurred")])
    add_origins(db, [replace(origin(sha), origin=f"{sha}-2.jpg", **tonight) for sha in ("again", "second")])
    sound = [measured(sha) for sha in ("first", "again", "second", "shop")]
    store_measurements(db, [*sound, measured("blurred", PictureReason.BLURRED)])
    assert list(camera_arrivals(db).items()) == [("second", 2), ("again", 1), ("first", 1)]


def test_groups_stay_where_nothing_is_said_and_go_with_their_images(db):
    add_images(db, [image(sha) for sha in ("a", "b", "c")])
    store_measurements(db, [measured(sha) for sha in ("a", "b", "c")])
    assert store_duplicate_groups(db, {"a": "a", "b": "a", "c": "c"}) == 3
    assert store_duplicate_groups(db, {"c": "c"}) == 0
    assert store_duplicate_groups(db, {"b": "b"}) == 1
    assert duplicate_groups(db) == {"a": "a", "b": "b", "c": "c"}
    store_measurements(db, [measured("c", PictureReason.UNREADABLE)])
    assert store_duplicate_groups(db, {}) == 1
    assert duplicate_groups(db) == {"a": "a", "b": "b"}


def test_only_new_images_and_those_of_a_group_that_lost_one_are_grouped_anew(db):
    add_images(db, [image(sha) for sha in "abcdef"])
    store_measurements(db, [measured(sha, phash=2**63 + place) for place, sha in enumerate("abcde")])
    store_duplicate_groups(db, {"a": "a", "b": "a", "c": "c", "d": "c"})
    store_measurements(db, [measured("d", PictureReason.UNREADABLE)])
    found = hashed_images(db)
    assert found.sha256s.tolist() == ["a", "b", "c", "e"]
    assert found.before.tolist() == [0, 0, -1, -1]
    assert found.phashes.tolist() == [2**63, 2**63 + 1, 2**63 + 2, 2**63 + 4]
