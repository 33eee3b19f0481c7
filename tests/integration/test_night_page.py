"""The page of a night stands alone: whoever opens it months later, elsewhere, sees what the night saw."""

import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tasks.loop import finish, open_loop, stage
from tasks.night_page import LATEST, write_page
from tasks.settings import load_settings
from tests.support.in_process import plain_cycle, plain_night
from tests.support.loops import LoopUnderTest, small_loop
from tests.support.workspace import CLASSES
from warehouse.products import all_products, upsert_products

AT = datetime(2031, 1, 5, 3, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> & tea"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LoopUnderTest:
    """After a night, a cycle, and a night with camera photos that are judged."""
    loop = small_loop(tmp_path_factory.mktemp("store"))
    plain_night(loop.config, "n1")
    plain_cycle(loop.config, "c1")
    loop.deliver("green")
    plain_night(loop.config, "n2")
    return loop


def page_of(store: LoopUnderTest, label: str, flow: str = "nightly", problems: tuple[str, ...] = ()) -> str:
    with open_loop(load_settings(store.config), flow, label) as loop:
        with stage(loop, "looking") as done:
            done.summary = "twice"
        written = write_page(loop, f"Night {label}", problems, AT)
        finish(loop, ())
    latest = loop.parts.paths.snapshot / LATEST
    assert latest.read_bytes() == written.path.read_bytes()
    return written.path.read_text(encoding="utf-8")


def pictures(page: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/(?:png|jpeg);base64,([^"]+)"', page)
    return [Image.open(BytesIO(b64decode(content))) for content in found]


def test_the_page_holds_plots_sheets_and_tables_and_asks_for_nothing_from_elsewhere(store):
    page = page_of(store, "n2", problems=("shop: could not be reached",))
    sections = re.findall(r"<h2>([^<]+)</h2>", page)
    assert {"Left to people", "Classes", "Asked about", "Stages", "Decisions"} <= set(sections)
    assert {"Sure", "Unsure", "Unseen"} & set(sections)
    assert len(pictures(page)) == page.count("<img ") >= 4
    assert all(picture.width > 300 for picture in pictures(page))
    assert re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page) == []
    assert "shop: could not be reached" in page
    assert re.search(r"<dd>4</dd><dt>photos judged, n2</dt>", page)


def test_each_night_keeps_its_own_page_and_the_latest_lies_beside_the_snapshot(store):
    page_of(store, "n1")
    page_of(store, "n2")
    reports = store.parts.paths.reports
    assert "Night n1" in (reports / "n1" / "nightly.html").read_text(encoding="utf-8")
    assert "Night n2" in (reports / "n2" / "nightly.html").read_text(encoding="utf-8")


def test_the_page_of_a_cycle_shows_the_checks_of_the_gate(store):
    page = page_of(store, "c1", flow="cycle")
    assert "The gate" in re.findall(r"<h2>([^<]+)</h2>", page)


def test_a_product_whose_title_is_a_script_is_text_on_the_page(store: LoopUnderTest, tmp_path: Path):
    copy = store.copy(tmp_path / "copy")
    with copy.parts.warehouse.write() as db:
        product = next(row for row in all_products(db) if row.sku == CLASSES[0])
        upsert_products(db, [replace(product, title=HOSTILE, updated_at=datetime.now(UTC))])
    page = page_of(copy, "n2")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_photos_that_are_gone_leave_grey_tiles_not_a_failed_night(store: LoopUnderTest, tmp_path: Path):
    copy = store.copy(tmp_path / "copy")
    for image in copy.parts.paths.images.rglob("*.jpg"):
        image.unlink()
    assert pictures(page_of(copy, "n2"))
