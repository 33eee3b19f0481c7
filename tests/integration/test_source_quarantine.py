"""A shop that is not what it was: nothing of it reaches the tables until somebody has looked or it is normal again."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort

from spiders.items import ProductItem
from tasks.attention import tell_people
from tasks.ingest import ingest_feeds
from tasks.quarantine import NothingHeldError, release_source
from tasks.report import publish_artifacts
from tests.support.feeds import Store, image, shelf
from warehouse.visits import VisitRow, record_visit

Shelf = list[ProductItem]
NORMAL = shelf(40)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A shop after four ordinary nights; tests work on copies of it."""
    store = Store.made_in(tmp_path_factory.mktemp("usual"))
    for night in range(4):
        assert store.night(night, NORMAL).problems == ()
    return store


@pytest.fixture
def store(usual: Store, tmp_path: Path) -> Store:
    return usual.copy(tmp_path / "store")


def each(**said: object) -> Callable[[Shelf], Shelf]:
    """Every product says this."""
    return lambda items: [item.model_copy(update=said) for item in items]


def priced(times: Decimal) -> Callable[[Shelf], Shelf]:
    return lambda items: [item.model_copy(update={"price": (item.price or Decimal(0)) * times}) for item in items]


def renamed(item: ProductItem) -> ProductItem:
    return item.model_copy(update={"sku": f"new-{item.sku}", "url": f"{item.url}-new"})


DEFECTS: dict[str, tuple[str, Callable[[Shelf], Shelf]]] = {
    "one image everywhere": ("one_picture", each(images=(image("x"),))),
    "no image anywhere": ("fields_missing", each(images=())),
    "pictures shuffled": (
        "labels_moved",
        lambda items: [item.model_copy(update={"images": items[at - 1].images}) for at, item in enumerate(items)],
    ),
    "wrong currency": ("currency_changed", each(currency="JPY")),
    "no currency": ("fields_missing", each(currency=None)),
    "prices x100": ("prices_moved", priced(Decimal(100))),
    "prices / 100": ("prices_moved", priced(Decimal("0.01"))),
    "one price everywhere": ("prices_moved", each(price=Decimal(9999))),
    "no prices": ("fields_missing", each(price=None)),
    "prices beyond any number": ("damaged_rows", each(price=Decimal(10) ** 15)),
    "no availability": ("fields_missing", each(availability=None)),
    "no brands": ("fields_missing", each(brand=None)),
    "no categories": ("fields_missing", each(category=None)),
    "empty titles": ("fewer_items", each(title="")),
    "one title everywhere": ("one_title", each(title="Access denied")),
    "titles of something else": (
        "titles_replaced",
        lambda items: [item.model_copy(update={"title": f"Artikel {at}"}) for at, item in enumerate(items)],
    ),
    "40 % gone": ("fewer_items", lambda items: [item for at, item in enumerate(items) if at % 5 > 1]),
    "all gone": ("fewer_items", lambda _: []),
    "every SKU renamed": ("fewer_items", lambda items: list(map(renamed, items))),
    "rows of another shop": (
        "damaged_rows",
        lambda items: [*items[:20], *(item.model_copy(update={"source": "elsewhere"}) for item in items[20:])],
    ),
}


def test_there_are_twenty_seeded_defects() -> None:
    assert len(DEFECTS) == 20


def contents(store: Store) -> list[object]:
    return [
        store.query(f"FROM {name} ORDER BY ALL")
        for name in ("product", "listing", "offer", "image", "image_origin", "label_event")
    ]


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_spoilt_crawl_is_held_with_its_reason_and_leaves_the_tables_alone(store: Store, defect: str) -> None:
    reason, spoil = DEFECTS[defect]
    before = contents(store)
    report = store.night(4, spoil(NORMAL))
    assert report.held_crawls == 1
    assert contents(store) == before
    (problem,) = report.problems
    assert problem.startswith("shop: in quarantine")
    assert reason in problem
    decided = store.query("SELECT reason, detail FROM decision WHERE action = 'quarantine'")
    assert reason in {why for why, _ in decided}
    counted = {json.loads(detail)["rows"] + json.loads(detail)["damaged"] for _, detail in decided}
    assert counted == {len(spoil(NORMAL))}, "the ledger says how many rows are kept out"
    page = store.parts.paths.reports / "night-4" / "quarantine-shop.md"
    assert f"`{reason}`" in page.read_text()
    assert f"{json.loads(decided[0][1])['rows']} rows of its feed are kept out" in page.read_text()
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert {row[0] for row in store.query("SELECT DISTINCT figure FROM source_quarantine")}
    assert store.query("SELECT source, crawl_id FROM crawl_failure WHERE reason = 'site_changed'") == [
        ("shop", "shop-4")
    ]


def test_a_held_source_is_told_once_and_again_only_when_another_crawl_of_it_is_held(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    monkeypatch.setattr("tasks.attention.emit_event", lambda event, **_: events.append(event))  # Prefect is not needed
    _, spoil = DEFECTS[next(iter(DEFECTS))]
    store.night(4, spoil(NORMAL))
    for _ in range(2):
        with store.loop("night-4") as loop:
            told = tell_people(loop)
    assert told == []
    assert events == ["skuloop.attention.source_quarantined"]
    store.night(5, spoil(NORMAL))
    with store.loop("night-5") as loop:
        (message,) = tell_people(loop)
    assert message.subject == "shop"
    assert "skuloop source release shop" in message.text


def say_that_it_was_cut_short(store: Store, crawl_id: str) -> None:
    visit = VisitRow(
        crawl_id=crawl_id,
        pages=10,
        pages_unchanged=0,
        pages_unasked=0,
        pages_postponed=0,
        images_new=0,
        images_known=10,
        images_failed=0,
        failed_by_reason="",
        requests=12,
        bytes=999,
        seconds_between=0.3,
        asked_delay=None,
        pauses=0,
        paused_seconds=0.0,
        closed="it shows a captcha",
    )
    with store.parts.warehouse.write() as db:
        record_visit(db, visit)


def test_a_crawl_that_a_shop_cut_short_is_not_taken_for_a_shop_that_lost_half_its_products(store: Store) -> None:
    crawl_id = store.deliver(4, NORMAL[:10])
    say_that_it_was_cut_short(store, crawl_id)
    report = store.ingest("night-4")
    assert (report.held_crawls, report.gone_listings, report.problems) == (0, 0, ())
    assert store.night(5, NORMAL[::2]).held_crawls == 1, "what is usual must not have shrunk to what came through"


def test_what_came_before_a_shop_cut_a_crawl_short_is_judged_all_the_same(store: Store) -> None:
    crawl_id = store.deliver(4, [item.model_copy(update={"currency": "JPY"}) for item in NORMAL[:20]])
    say_that_it_was_cut_short(store, crawl_id)
    assert store.ingest("night-4").held_crawls == 1


def test_the_next_normal_crawl_takes_the_place_of_what_was_held(store: Store) -> None:
    store.night(4, NORMAL[::2])
    assert store.night(5, NORMAL).problems == ()
    assert store.query("SELECT verdict FROM crawl_judgement ORDER BY seq") == [("normal",)] * 4 + [
        ("dropped",),
        ("normal",),
    ]
    assert store.query("SELECT reason FROM decision WHERE action = 'release'") == [("normal_again",)]
    assert store.query("SELECT count(*) FROM listing WHERE missed > 0") == [(0,)]


def test_a_source_stays_in_quarantine_night_after_night_and_only_the_last_crawl_is_held(store: Store) -> None:
    store.night(4, NORMAL[::2])
    report = store.night(5, NORMAL[::2])
    assert len(report.problems) == 1
    assert store.query("SELECT crawl_id FROM crawl_judgement WHERE verdict = 'held'") == [("shop-5",)]


def test_a_night_without_a_crawl_still_says_that_the_source_is_held(store: Store) -> None:
    store.night(4, NORMAL[::2])
    assert len(store.ingest("later").problems) == 1


def test_what_a_person_lets_in_is_usual_from_then_on(store: Store) -> None:
    cheap = [item.model_copy(update={"price": (item.price or Decimal(0)) / 100}) for item in NORMAL]
    store.night(4, cheap)
    with store.loop() as loop:
        assert release_source(loop, "shop").reasons == ("prices_moved",)
    assert store.ingest("released").new_offers == 40
    for night in range(5, 7):
        assert store.night(night, cheap).problems == ()
    assert store.night(7, NORMAL).held_crawls == 1, "the old prices are what is odd now"


def test_a_source_that_is_not_held_cannot_be_released(store: Store) -> None:
    with store.loop() as loop, pytest.raises(NothingHeldError, match="nothing of 'shop' is in quarantine"):
        release_source(loop, "shop")


def test_other_sources_are_let_in_while_one_is_held(store: Store) -> None:
    store.deliver(4, NORMAL[::2])
    store.deliver(4, shelf(3, "market"), "market")
    report = store.ingest("night-4")
    assert (report.held_crawls, report.new_products) == (1, 3)


@pytest.mark.slow
def test_who_looks_into_prefect_sees_what_changed_at_a_source_that_is_held(store: Store, prefect_api: str) -> None:
    crawl_id = store.deliver(4, [item.model_copy(update={"currency": "JPY"}) for item in NORMAL])
    say_that_it_was_cut_short(store, crawl_id)
    with store.loop("night-4") as loop:
        report = ingest_feeds.fn(loop)
        as_run = replace(loop, run_id="run")  # the run that its feeds are delivered in
        flow(lambda: publish_artifacts(as_run, "Night night-4", report.problems), name="show")()
    shown = in_prefect("quarantine-shop")
    assert "`currency_changed`" in shown
    assert "(data:image/png;base64,iVBOR" in shown, "beside Prefect's page there is no file"
    assert "12 requests" in in_prefect(f"{loop.flow}-crawls")


def in_prefect(key: str) -> str:
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        (newest,) = client.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1)
    return str(newest.data)
