"""Nights of several shops, ingested into a real warehouse: one product, offers over time, what goes and comes back."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from recognition.vocabulary import FetchReason, LabelKind, LabelOrigin
from spiders.items import PhotoItem
from tasks.matching import MatchError, merge_products, refuse_match, undo_match
from tests.support.feeds import FIRST_NIGHT, Store, image, product, sha, shelf
from warehouse.labels import LabelEventRow, append_label_events, label_events
from warehouse.matches import open_suggestions
from warehouse.products import all_products, latest_offers, product_skus
from warehouse.runs import CrawlFailureRow, record_failures

GTIN = "4006381333931"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.made_in(tmp_path)


def tables(store: Store) -> dict[str, list[str]]:
    names = [name for (name,) in store.query("SELECT table_name FROM duckdb_tables()")]
    kept = [name for name in names if name not in {"run", "run_stage", "run_version"}]
    return {name: sorted(map(str, store.query(f"FROM {name}"))) for name in kept}


def unfold(store: Store) -> None:
    with store.parts.warehouse.write() as db:
        db._connection.execute("UPDATE crawl SET folded = false")


def test_two_shops_with_one_barcode_are_one_product_with_two_offers(store: Store) -> None:
    store.night(0, [product("A1", gtin=GTIN, price=Decimal(4))])
    report = store.night(
        1, [product("77", "market", gtin=f"0{GTIN}", title="Another name", price=Decimal(3))], "market"
    )
    assert report.merged_products == 1
    with store.parts.warehouse.read() as db:
        assert [row.sku for row in all_products(db)] == ["A1"]
        assert latest_offers(db)["A1"].price == Decimal(3)
        assert {event.sku for event in label_events(db)} == {"A1"}
    assert store.query("SELECT product, sku, source FROM product_listings") == [
        ("A1", "77", "market"),
        ("A1", "A1", "shop"),
    ]
    assert store.query("SELECT action, reason FROM decision WHERE subject = '77'") == [("merge product", "same_gtin")]


def test_two_products_of_one_title_stay_two(store: Store) -> None:
    store.night(0, [product("A1", title="Green tea")])
    assert store.night(1, [product("77", "market", title="Green tea")], "market").merged_products == 0


def test_folding_the_same_feeds_again_changes_no_table(store: Store) -> None:
    store.night(0, [*shelf(12), product("A1", gtin=GTIN)])
    store.night(1, [*shelf(11), product("A1", gtin=GTIN)])
    store.night(2, [product("77", "market", gtin=GTIN, mpn="AB-1234")], "market")
    before = tables(store)
    unfold(store)
    store.ingest("again")
    assert tables(store) == before


def test_an_undone_merge_is_not_made_again_by_the_next_night(store: Store) -> None:
    store.night(0, [product("A1", gtin=GTIN)])
    store.night(1, [product("77", "market", gtin=GTIN)], "market")
    with store.loop() as loop:
        assert undo_match(loop, "A1", "77", "ann").changed
    assert store.night(2, [product("77", "market", gtin=GTIN)], "market").merged_products == 0
    with store.parts.warehouse.read() as db:
        assert product_skus(db) == ["77", "A1"]
        assert {event.sku for event in label_events(db)} == {"77", "A1"}


def test_a_merge_by_a_person_moves_labels_can_be_said_twice_and_can_be_undone(store: Store) -> None:
    store.night(0, [product("A1"), product("B2"), product("C3")])
    with store.parts.warehouse.write() as db:
        said = LabelEventRow("e1", sha("shelf"), LabelKind.SKU, "B2", LabelOrigin.ANNOTATOR, "ann", FIRST_NIGHT)
        append_label_events(db, [said])
    with store.loop() as loop:
        assert merge_products(loop, "B2", "A1", "ann").changed
        assert not merge_products(loop, "B2", "A1", "ann").changed
        assert not merge_products(loop, "A1", "B2", "ann").changed, "they are one product, whichever is named first"
        assert merge_products(loop, "B2", "C3", "ann").sku == "A1", "what B2 is a name of becomes a name of C3"
    with store.parts.warehouse.read() as db:
        assert product_skus(db) == ["C3"]
        assert {event.sku for event in label_events(db)} == {"C3"}
    with store.loop() as loop:
        undo_match(loop, "B2", "A1", "ann")
    with store.parts.warehouse.read() as db:
        assert product_skus(db) == ["B2", "C3"]
        assert {event.sku for event in label_events(db) if event.sha256 == sha("shelf")} == {"B2"}


def test_a_refused_pair_is_not_suggested_until_that_is_undone(store: Store) -> None:
    store.night(0, [product("S", gtin=GTIN), product("M", gtin=GTIN)])
    store.night(1, [product("77", "market", gtin=GTIN)], "market")

    def suggested() -> set[tuple[str, str]]:
        with store.parts.warehouse.read() as db:
            return {(row.sku, row.into_sku) for row in open_suggestions(db)}

    assert suggested() == {("77", "S"), ("M", "S")}, "a barcode that a shop uses twice decides nothing alone"
    with store.loop() as loop:
        assert refuse_match(loop, "S", "M", "ann").changed
        assert not refuse_match(loop, "M", "S", "ann").changed
    assert suggested() == {("77", "S")}
    with store.loop() as loop:
        undo_match(loop, "S", "M", "ann")
        merge_products(loop, "77", "S", "ann")
    assert suggested() == {("M", "S")}


def test_nonsense_about_products_is_refused_with_what_to_do(store: Store) -> None:
    store.night(0, [product("A1"), product("B2")])
    with store.loop() as loop:
        for said in (merge_products, refuse_match):
            with pytest.raises(MatchError, match="no product has the SKU 'X9'"):
                said(loop, "A1", "X9", "ann")
        with pytest.raises(MatchError, match="name two"):
            merge_products(loop, "A1", "A1", "ann")
        with pytest.raises(MatchError, match="nothing to undo"):
            undo_match(loop, "A1", "B2", "ann")
        merge_products(loop, "A1", "B2", "ann")
        with pytest.raises(MatchError, match="one product"):
            refuse_match(loop, "A1", "B2", "ann")


def test_a_product_that_left_the_shop_is_gone_after_three_nights_and_comes_back_with_its_price(store: Store) -> None:
    whole = shelf(20)
    store.night(0, whole)
    for night in (1, 2):
        assert store.night(night, whole[1:]).gone_listings == 0
    assert store.night(3, whole[1:]).gone_listings == 1
    assert store.night(4, whole[1:]).gone_listings == 0, "it goes once"
    gone = whole[0].sku
    history = "SELECT availability, price FROM offer WHERE sku = ? ORDER BY seq"
    decided = "SELECT action, reason FROM decision WHERE subject = ? ORDER BY seq"
    assert store.query(history, gone) == [("InStock", Decimal("5.0000")), ("Gone", Decimal("5.0000"))]
    assert store.query(decided, gone) == [("gone", "not_listed")]
    store.night(5, whole)
    assert [row[0] for row in store.query(history, gone)] == ["InStock", "Gone", "InStock"]
    assert store.query("SELECT missed, gone_at FROM listing WHERE sku = ?", gone) == [(0, None)]
    assert ("back", "listed_again") in store.query(decided, gone)


def test_a_product_whose_page_fails_and_is_not_asked_for_again_is_not_gone(store: Store) -> None:
    whole = shelf(20)
    store.night(0, whole)
    at = FIRST_NIGHT + timedelta(days=1)
    with store.parts.warehouse.write() as db:
        record_failures(db, [CrawlFailureRow("shop", whole[0].url, FetchReason.TIMEOUT, "20 s", "shop-1", at)])
    assert sum(store.night(night, whole[1:]).gone_listings for night in (1, 2, 3)) == 0


def test_last_seen_moves_on_where_nothing_changed_and_no_offer_is_added(store: Store) -> None:
    for night in range(3):
        store.night(night, [product("A1")])
    ((first, last),) = store.query("SELECT first_seen_at, last_seen_at FROM listing")
    assert last - first == timedelta(days=2)
    assert store.query("SELECT count(*) FROM offer") == [(1,)]
    with store.parts.warehouse.read() as db:
        assert latest_offers(db)["A1"].seen_at == FIRST_NIGHT + timedelta(days=2)


def test_a_shop_that_still_lists_a_product_outranks_one_where_it_is_gone(store: Store) -> None:
    store.night(0, [product("A1", gtin=GTIN), *shelf(15)])
    store.night(1, [product("77", "market", gtin=GTIN)], "market")
    for night in (2, 3, 4):
        store.night(night, shelf(15))
    with store.parts.warehouse.read() as db:
        assert latest_offers(db)["A1"].source == "market"


def test_a_bad_line_is_a_row_with_a_reason_and_the_others_come_in(store: Store) -> None:
    good = shelf(12)
    evil = [
        product("evil", url="javascript:alert(1)"),
        product("..", title="A path"),
        product("rich", price=Decimal("1e15")),
        product("html", title="<b></b>"),
        product("file").model_copy(update={"images": (image("x").model_copy(update={"sha256": "0" * 64}),)}),
        product("other", "market"),
    ]
    torn = [
        "{",
        '{"type": "product"}',
        "\udcff\udcfe",
        good[0].model_dump_json().replace("Thing", "\\u0000Thing", 1),
        "",
    ]
    store.deliver(0, [*good, *evil], damaged=torn)
    report = store.ingest()
    assert (report.new_products, report.refused_rows, report.problems) == (12, 9, ())
    failures = store.query("SELECT url, reason, detail FROM crawl_failure ORDER BY url")
    assert {reason for _, reason, _ in failures} == {"parse"}
    assert len(failures) == 9
    assert all(detail for *_, detail in failures)


def test_markup_and_control_signs_never_reach_a_table(store: Store) -> None:
    store.night(
        0,
        [
            product(
                "A1",
                title="Tea <script>x()</script>\x1b[31m\u202eevil",
                brand="<i>Leaf</i>",
                price=Decimal("1.23456789"),
            )
        ],
    )
    assert store.query("SELECT title, brand FROM product") == [("Tea [31mevil", "Leaf")]
    assert store.query("SELECT price FROM offer") == [(Decimal("1.2346"),)]


def test_labels_of_a_folder_follow_a_merge_too(store: Store) -> None:
    store.night(0, [product("A1")])
    photo = PhotoItem(source="folder", image=image("p"), origin="tea/p.jpg", sku="tea", seen_at=FIRST_NIGHT)
    store.night(1, [photo], "folder")
    with store.loop() as loop:
        merge_products(loop, "tea", "A1", "ann")
    with store.parts.warehouse.read() as db:
        assert {event.sku for event in label_events(db)} == {"A1"}


def test_prices_after_the_clock_was_set_back_are_news_and_not_old_hat(store: Store) -> None:
    store.night(0, [product("A1", price=Decimal(4))])
    store.night(300, [product("A1", price=Decimal(5))])  # a clock that had gone astray
    for night, price in ((1, 6), (2, 7), (3, 8)):
        assert store.night(night, [product("A1", price=Decimal(price))]).new_offers == 1
    with store.parts.warehouse.read() as db:
        assert latest_offers(db)["A1"].price == Decimal(8)
    assert store.query("SELECT price FROM offer ORDER BY seq") == [(Decimal(price),) for price in (4, 5, 6, 7, 8)]
    times = [at for (at,) in store.query("SELECT seen_at FROM offer ORDER BY seq")]
    assert times == sorted(times)
    before = tables(store)
    unfold(store)
    store.ingest("night-3")
    assert tables(store) == before
