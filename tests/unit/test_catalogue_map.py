"""The map of the catalogue: cells, picture, page."""

import base64
import json
import re
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recognition.release import catalogue_map, catalogue_page
from recognition.release.catalogue_map import draw_catalogue_map, square
from recognition.release.catalogue_page import ProductNote
from recognition.release.catalogue_places import (
    CataloguePlaces,
    _halved_cells,
    _nearest_free_cells,
    place_catalogue,
)
from recognition.vocabulary import Tier

HOSTILE = '</script><script>alert("1")</script> <img src=x onerror=alert(2)> & \u2028 __TITLE__'
RED, BLUE = (200, 30, 30), (30, 30, 200)


def catalogue(count: int = 12) -> CataloguePlaces:
    skus = tuple(f"sku{row:04d}" for row in range(count))
    tiers = tuple(Tier.TRAINED if row % 2 else Tier.GALLERY for row in range(count))
    cells = np.stack([np.arange(count) % 40, np.arange(count) // 40], axis=1).astype(np.float64)
    return CataloguePlaces(skus, tiers, np.arange(count) % 3, {0: "Alto Tea", 1: "Brio", 2: HOSTILE}, cells)


def data_of(page: str) -> dict:
    (block,) = re.findall(r'<script type="application/json" id="catalogue">(.*?)</script>', page, re.DOTALL)
    return json.loads(block)


@settings(deadline=None)
@given(count=st.integers(1, 60), same=st.integers(0, 8), seed=st.integers(0, 99))
@pytest.mark.parametrize("method", [_nearest_free_cells, _halved_cells])
def test_every_product_has_a_cell_of_its_own_even_where_all_stand_in_one_place(method, count, same, seed) -> None:
    positions = np.random.default_rng(seed).normal(size=(count, 2))
    positions[:same] = positions[0]
    cells = method(positions)
    assert len({tuple(cell) for cell in cells.tolist()}) == count
    assert np.array_equal(cells, np.round(cells))
    assert cells.min() >= 0
    assert len(cells) == count


def test_halving_keeps_groups_together_and_in_their_places():
    random = np.random.default_rng(0)
    corners = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])
    cells = _halved_cells(np.repeat(corners, 50, axis=0) + random.normal(scale=0.4, size=(200, 2)))
    middles = cells.reshape(4, 50, 2).mean(axis=1)
    assert middles[0].max() < middles[3].min()
    assert middles[1][0] > middles[2][0]
    assert np.linalg.norm(cells.reshape(4, 50, 2) - middles[:, None], axis=2).max() < np.ptp(cells, axis=0).min() / 2


def test_a_handful_of_products_stands_in_a_row_without_umap():
    heads = SimpleNamespace(
        classes=("a", "b", "c"), tiers=(Tier.GALLERY,) * 3, superclass_of=np.zeros(3, int), prototypes=np.eye(3)
    )
    found = place_catalogue(heads, {0: "Tea"})
    assert len({tuple(cell) for cell in found.cells.tolist()}) == 3


def test_superclasses_that_are_next_to_each_other_in_number_differ_in_colour():
    colours = catalogue().colours
    assert colours.shape == (3, 3)
    assert min(np.abs(colours[one] - colours[other]).sum() for one, other in ((0, 1), (1, 2), (0, 2))) > 0.5


@pytest.mark.parametrize("most", [400, 5], ids=["pictures", "dots"])
def test_the_picture_is_a_png_with_pictures_or_with_dots(monkeypatch, most):
    monkeypatch.setattr(catalogue_map, "MOST_PICTURES", most)
    drawn = draw_catalogue_map(catalogue(), {"sku0001": Image.new("RGB", (80, 40), RED)}, "12 products")
    with Image.open(BytesIO(drawn)) as picture:
        picture.load()
        seen = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24)}
    assert (RED in seen) == (most == 400)


def test_whatever_a_title_holds_is_data_in_the_page_and_never_markup():
    notes = {"sku0000": ProductNote(HOSTILE, 7)}
    page = catalogue_page.catalogue_page(catalogue(), notes, {}, "12 <b>products</b>").decode()
    data = data_of(page)
    first = data["products"][0]
    assert (first["sku"], first["title"], first["samples"], first["tier"]) == ("sku0000", HOSTILE, 7, "gallery")
    assert (first["superclass"], first["x"], first["y"], first["picture"]) == (0, 0, 0, -1)
    assert data["superclasses"][2]["name"] == HOSTILE
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert "<b>" not in page
    assert "innerHTML" not in page


def test_the_page_asks_no_other_host_for_anything():
    page = catalogue_page.catalogue_page(catalogue(), {}, {}, "12 products").decode()
    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|href)\s*=\s*[\"']|https?://|@import|url\(", page)


def test_each_thumbnail_is_where_the_page_looks_for_it_on_its_sheet():
    many = catalogue(300)
    pictures = {sku: Image.new("RGB", (90, 90), RED if row % 2 else BLUE) for row, sku in enumerate(many.classes)}
    del pictures["sku0007"]
    data = data_of(catalogue_page.catalogue_page(many, {}, pictures, "300 products").decode())
    sheets = [Image.open(BytesIO(base64.b64decode(uri.partition(",")[2]))) for uri in data["sheets"]]
    side, per_row = data["side"], data["perRow"]
    assert len(sheets) == 2
    assert data["products"][7]["picture"] == -1
    for row, product in enumerate(data["products"]):
        if row == 7:
            continue
        sheet, number = sheets[product["picture"] // per_row**2], product["picture"] % per_row**2
        middle = (number % per_row * side + side // 2, number // per_row * side + side // 2)
        assert np.allclose(sheet.getpixel(middle), RED if row % 2 else BLUE, atol=12)


def test_beyond_the_most_thumbnails_products_are_dots(monkeypatch):
    monkeypatch.setattr(catalogue_page, "MOST_THUMBNAILS", 5)
    pictures = {sku: Image.new("RGB", (9, 9), RED) for sku in catalogue().classes}
    data = data_of(catalogue_page.catalogue_page(catalogue(), {}, pictures, "12 products").decode())
    assert sum(product["picture"] >= 0 for product in data["products"]) == 5


def test_a_thumbnail_shows_the_whole_picture_on_white():
    seen = square(Image.new("RGB", (100, 50), RED), 64)
    assert seen.size == (64, 64)
    assert seen.getpixel((32, 32)) == RED
    assert seen.getpixel((32, 4)) == (255, 255, 255)
