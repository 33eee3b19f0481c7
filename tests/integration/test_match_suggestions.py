"""Two shops that sell the same fruit without a barcode: real photos, a real encoder, and a person who decides."""

import csv
import hashlib
import os
from pathlib import Path

import pytest

from recognition.files import write_durably
from spiders.items import ImageRef, ProductItem
from tasks.audit import audit_catalogue
from tasks.embed import embed_new
from tasks.settings import load_settings
from tasks.suggest import SuggestReport, suggest_matches
from tasks.wiring import build_parts
from tests.support.feeds import Store, product
from warehouse.matches import open_suggestions
from warehouse.products import product_skus

SHARED = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared")))
WEIGHTS = SHARED / "weights" / "vit_tiny_patch16_224.augreg_in21k_ft_in1k.safetensors"
GROCERY = SHARED / "data" / "grocery"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (WEIGHTS.exists() and GROCERY.exists()), reason="no photos and weights: set SKULOOP_SHARED to their folder"
    ),
]
FRUIT = 12


@pytest.fixture
def store(tmp_path: Path) -> Store:
    config = tmp_path / "skuloop.toml"
    config.write_text(
        f'[encoder]\nname = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"\nweights = "{WEIGHTS}"\nworkers = 1\n'
    )
    build_parts(load_settings(config))
    return Store(config)


def listed(store: Store, source: str, sku: str, title: str, photos: list[Path]) -> ProductItem:
    images = []
    for photo in photos:
        data = photo.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{sha256[:2]}/{sha256}.jpg"
        write_durably(store.parts.paths.images / path, data)
        url = f"https://{source}.example/{photo.name}"
        images.append(ImageRef(url=url, sha256=sha256, path=path, bytes=len(data), format="JPEG"))
    return product(sku, source, pictures=()).model_copy(update={"title": title, "brand": None, "images": tuple(images)})


def suggest(store: Store) -> SuggestReport:
    with store.loop("looks") as loop:
        audit_catalogue.fn(loop)
        embed_new.fn(loop)
        return suggest_matches.fn(loop)


def test_the_same_fruit_of_two_shops_is_suggested_and_never_merged_by_its_looks(store: Store) -> None:
    with (GROCERY / "classes.csv").open(newline="", encoding="utf-8") as file:
        names = [row["class_name"].replace("-", " ") for row in csv.DictReader(file)][:FRUIT]
    photos = {number: sorted((GROCERY / "images" / "test" / f"{number:02}").iterdir()) for number in range(FRUIT)}
    here = [listed(store, "shop", f"S{n}", names[n], photos[n][:3]) for n in range(FRUIT)]
    there = [listed(store, "market", f"M{n}", f"{names[n]} loose", photos[n][3:6]) for n in range(FRUIT)]
    store.night(0, here)
    store.night(1, there, "market")
    report = suggest(store)
    with store.parts.warehouse.read() as db:
        pairs = {(row.sku, row.into_sku) for row in open_suggestions(db)}
        assert len(product_skus(db)) == 2 * FRUIT, "looks alone never make two products one"
    same = {(f"M{n}", f"S{n}") for n in range(FRUIT)}
    assert len(pairs & same) >= FRUIT - 2
    assert all(sku.startswith("M") and into.startswith("S") for sku, into in pairs)
    assert report.suggested == len(pairs)
    assert suggest(store).suggested == 0, "no pair is asked about twice"
