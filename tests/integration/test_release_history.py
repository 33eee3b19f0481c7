"""Releases over time: what taught them, what was withdrawn, what is damaged, and what only got newer prices."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.release.pointer import POINTER, current_release_id, open_current
from recognition.vocabulary import GateReason, ReleaseStatus
from tasks.loop import BadLabelError, finish, open_loop
from tasks.roll_back import roll_back
from tasks.settings import SettingsError, load_settings
from tasks.train import TrainReport
from tasks.wiring import Parts
from tests.support.in_process import call_skuloop, plain_cycle, plain_night
from tests.support.workspace import drawn_photo, small_workspace
from warehouse.products import OfferRow, append_offers
from warehouse.releases import release_history

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainReport]:
    """A workspace after its first night and cycle, made once."""
    config = small_workspace(tmp_path_factory.mktemp("published"))
    plain_night(config, "n1")
    return config, plain_cycle(config, "c1")


@pytest.fixture
def config(published: tuple[Path, TrainReport], tmp_path: Path) -> Path:
    """A copy that the test may spoil."""
    return shutil.copytree(published[0].parent, tmp_path / "copy") / published[0].name


@pytest.fixture
def first(published: tuple[Path, TrainReport]) -> TrainReport:
    return published[1]


def parts(config: Path) -> Parts:
    return Parts(load_settings(config))


def pictures_of(config: Path, sku: str) -> tuple[bytes, ...]:
    return open_current(parts(config).paths.releases).references.of(sku)


def set_price(config: Path, price: str, day: int) -> None:
    offer = OfferRow(
        "red-tea", "shelf", Decimal(price), "EUR", "InStock", datetime(2026, 1, day, tzinfo=UTC), f"crawl{day}"
    )
    with parts(config).warehouse.write() as db:
        append_offers(db, [offer])


def add_photos(config: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    for sku, colour in (("red-tea", (200, 40, 30)), ("blue-tea", (30, 60, 190))):
        for place in range(3):
            drawn_photo(random, colour).save(config.parent / "photos" / sku / f"more-{seed}-{place}.jpg", quality=92)


def rolled_back(config: Path) -> tuple[str, str]:
    with open_loop(load_settings(config), "rollback", "r") as loop:
        found = roll_back(loop)
        finish(loop, ())
    return found


def test_a_cycle_without_anything_new_changes_nothing(config, first):
    again = plain_cycle(config, "c2")
    assert (again.unchanged, again.release_id) == (True, first.release_id)
    with parts(config).warehouse.read() as db:
        assert len(release_history(db)) == 1


def test_a_release_shows_each_product_and_a_newer_one_takes_the_pictures_over(config, first):
    shown = pictures_of(config, "red-tea")
    assert len(shown) == 3
    with Image.open(BytesIO(shown[0])) as picture:
        assert (picture.format, picture.size) == ("JPEG", (240, 240))
    assert set(shown).isdisjoint(pictures_of(config, "blue-tea"))
    for photo in (config.parent / "store" / "images").rglob("*.jpg"):
        photo.unlink()  # so what is shown now was not drawn anew
    set_price(config, "2.50", day=1)
    assert plain_cycle(config, "c2").reason == GateReason.PRODUCTS_REFRESHED
    assert pictures_of(config, "red-tea") == shown


def test_a_new_price_is_published_with_the_same_heads_and_without_training(config, first):
    set_price(config, "2.50", day=1)
    refreshed = plain_cycle(config, "c2")
    assert (refreshed.status, refreshed.reason) == (ReleaseStatus.PUBLISHED, GateReason.PRODUCTS_REFRESHED)
    bundle = open_current(parts(config).paths.releases)
    assert bundle.manifest.release_id == refreshed.release_id != first.release_id
    assert bundle.products["red-tea"].price == Decimal("2.50")


def test_a_withdrawn_release_stays_withdrawn_whatever_prices_do(config, first):
    add_photos(config, seed=1)
    plain_night(config, "n2")
    second = plain_cycle(config, "c2")
    assert second.release_id != first.release_id
    set_price(config, "2.50", day=1)
    refreshed = plain_cycle(config, "c3")
    assert rolled_back(config) == (refreshed.release_id, first.release_id)
    set_price(config, "2.60", day=2)
    after = plain_cycle(config, "c4")
    assert (after.status, after.reason) == (ReleaseStatus.REFUSED, GateReason.WITHDRAWN)
    assert current_release_id(parts(config).paths.releases) == first.release_id


def test_a_damaged_release_is_replaced_by_the_next_cycle_even_if_nothing_is_new(config, first):
    releases = parts(config).paths.releases
    heads = releases / first.release_id / "heads.safetensors"
    heads.write_bytes(heads.read_bytes()[:-1] + b"\0\0")
    healed = plain_cycle(config, "c2")
    assert (healed.status, healed.reason) == (ReleaseStatus.PUBLISHED, GateReason.REPLACES_DAMAGED)
    assert open_current(releases).manifest.release_id == healed.release_id


def test_a_garbled_pointer_is_written_anew_instead_of_eating_history(config, first):
    pointer = parts(config).paths.releases / POINTER
    pointer.write_text("{")
    assert plain_cycle(config, "c2").unchanged
    assert open_current(parts(config).paths.releases).manifest.release_id == first.release_id


def test_photos_that_arrive_later_the_same_day_are_taken_by_a_second_night_of_that_day(config):
    add_photos(config, seed=2)
    plain_night(config, "n1")
    with parts(config).warehouse.read() as db:
        assert len(db.tuples("images/usable")) == 16


@pytest.mark.parametrize("label", ["../../escaped", "/absolute", "", ".hidden", "a b", "x" * 80])
def test_a_label_cannot_lead_out_of_the_store(config, label):
    with pytest.raises(BadLabelError, match="letters, digits"), open_loop(load_settings(config), "nightly", label):
        pass


def test_a_title_with_markup_neither_crashes_the_terminal_nor_becomes_a_link(config):
    with parts(config).warehouse.write() as db:
        from warehouse.products import all_products, upsert_products

        product = next(row for row in all_products(db) if row.sku == "red-tea")
        upsert_products(db, [replace(product, title="Pack [/] of [bold]6[/bold]", updated_at=datetime.now(UTC))])
    said = call_skuloop("why", "red-tea", "--config", str(config))
    assert said.code == 0
    assert "Pack [/] of [bold]6[/bold]" in said.out


def test_a_misspelt_variable_is_refused_with_the_nearest_name(config, monkeypatch):
    monkeypatch.setenv("SKULOOP_TIMEZON", "UTC")
    with pytest.raises(SettingsError, match="did you mean SKULOOP_TIMEZONE"):
        load_settings(config)
