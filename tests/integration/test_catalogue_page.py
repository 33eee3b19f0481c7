"""The map of the catalogue in a real browser: search, filter, zoom, card."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from recognition.release.catalogue_page import ProductNote, catalogue_page
from recognition.release.catalogue_places import CataloguePlaces
from recognition.vocabulary import Tier
from tasks.catalogue_map import MAP_NAME, PAGE_NAME, draw_map
from tasks.loop import finish, open_loop
from tasks.report import write_report
from tasks.settings import load_settings
from tests.support.browser import Browser, chromium
from tests.support.in_process import plain_night
from tests.support.workspace import CLASSES, small_workspace

pytestmark = pytest.mark.slow

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
CARD = "document.getElementById('card').innerText"


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no chromium on this machine")
    with chromium(executable, tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture
def page(chrome: Browser, tmp_path: Path) -> Browser:
    """Twelve products in two superclasses, side by side; the title of the last is hostile."""
    skus = tuple(f"sku{row}" for row in range(12))
    cells = np.stack([np.arange(12), np.zeros(12)], axis=1).astype(np.float64)
    tiers = (Tier.TRAINED,) * 6 + (Tier.GALLERY,) * 6
    places = CataloguePlaces(skus, tiers, np.repeat([0, 1], 6), {0: "Alto Tea", 1: HOSTILE}, cells)
    notes = {sku: ProductNote(f"Alto Tea {number}", number) for number, sku in enumerate(skus)}
    notes["sku11"] = ProductNote(HOSTILE, 11)
    pictures = {sku: Image.new("RGB", (64, 64), (200, 40, 40)) for sku in skus}
    (tmp_path / "map.html").write_bytes(catalogue_page(places, notes, pictures, "12 products"))
    chrome.open(f"file://{tmp_path}/map.html")
    chrome.wait("document.title === '12 products' && opened && sheets.every((sheet) => sheet.complete)")
    return chrome


def test_a_cycle_leaves_picture_and_page_in_its_reports_and_its_report_links_both(tmp_path):
    config = small_workspace(tmp_path)
    plain_night(config, "n1")
    heads = SimpleNamespace(
        classes=CLASSES, tiers=(Tier.GALLERY,) * 2, superclass_of=np.zeros(2, dtype=np.int64), prototypes=np.eye(2)
    )
    with open_loop(load_settings(config), "cycle", "c1") as loop:
        write_report(loop, "Cycle c1", ())
        assert MAP_NAME not in (loop.reports / "cycle.md").read_text(encoding="utf-8")
        draw_map(loop, heads, {0: "Tea"}, "r1")
        write_report(loop, "Cycle c1", ())
        finish(loop, ())
    with Image.open(loop.reports / MAP_NAME) as picture:
        picture.verify()
    page = (loop.reports / PAGE_NAME).read_text(encoding="utf-8")
    assert all(f'"{sku}"' in page for sku in CLASSES)
    assert '"samples":5' in page
    assert '"picture":1' in page
    report = (loop.reports / "cycle.md").read_text(encoding="utf-8")
    assert f"({MAP_NAME})" in report
    assert f"({PAGE_NAME})" in report


def hover(page: Browser, number: int) -> None:
    at = page.js(
        f"(() => {{ const [x, y] = placeOf(products[{number}]), box = map.getBoundingClientRect();"
        " return [x + box.left, y + box.top]; })()"
    )
    page.do("Input.dispatchMouseEvent", type="mouseMoved", x=at[0], y=at[1])


def test_the_card_of_the_product_under_the_mouse_tells_title_sku_superclass_tier_and_samples(page):
    hover(page, 1)
    page.wait(f"{CARD}.includes('Alto Tea 1')")
    assert page.js(CARD).split() == ["Alto", "Tea", "1", "sku1", "Alto", "Tea", "trained,", "1", "sample"]
    assert page.js("document.querySelectorAll('#card canvas').length") == 1


def test_a_hostile_title_is_shown_as_it_is_written_and_does_nothing(page):
    hover(page, 11)
    page.wait(f"{CARD}.includes('sku11')")
    assert HOSTILE in page.js(CARD)
    page.js("document.getElementById('search').value = 'owned'; search(); 0")
    assert page.js("document.title") == "12 products"
    assert page.js("document.querySelectorAll('img').length") == 0


def test_search_by_keyboard_finds_products_and_enter_goes_to_them(page):
    before = page.js("view.scale")
    page.js("map.focus(); 0")
    page.press("/")
    page.type("tea 7")
    page.wait("document.getElementById('said').textContent === '1 of 12'")
    page.press("Enter")
    page.wait(f"view.scale > {before}")
    across = page.js("placeOf(products[7])[0] - map.clientWidth / 2")
    assert abs(across) < 1


def test_a_superclass_chosen_in_the_legend_hides_the_others_and_shows_them_again(page):
    choose = "document.querySelector('#superclasses button').click(); 0"
    page.js(choose)
    assert page.js("products.map(isShown)") == [True] * 6 + [False] * 6
    hover(page, 8)
    assert not page.js(CARD)
    page.js(choose)
    assert page.js("products.every(isShown)")


def test_the_map_is_moved_and_zoomed_by_keys_and_shown_whole_again(page):
    page.js("map.focus(); 0")
    whole = page.js("[view.scale, view.across]")
    page.press("+")
    assert page.js("view.scale") > whole[0]
    page.press("0")
    assert page.js("[view.scale, view.across]") == whole
