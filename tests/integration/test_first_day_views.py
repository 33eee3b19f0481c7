"""Products that have catalogue photos alone are taught by views of them: made once, and never evidence of anything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognition.vocabulary import Part
from skuloop.demo.shop import LocalShop, ShopProduct
from tasks.loop import Loop, finish, open_loop
from tasks.settings import load_settings
from tasks.teaching import Teaching, gather_teaching
from tasks.views import NO_VIEWS, encode_views
from tests.support.in_process import plain_night
from warehouse.ledger import SubjectKind, subjects_of
from warehouse.vectors import VectorStore

SHARED = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared")))
NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
WEIGHTS = SHARED / "weights" / f"{NAME}.safetensors"
SKUS = ("cup", "box", "bar", "jar")
KNOWN = "cup"  # has camera photos already

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not WEIGHTS.exists(), reason="no ViT-Tiny: set SKULOOP_SHARED to the shared folder"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a store whose shop shows two photos of each product; one photo is not on a plain background."""
    folder, random = tmp_path_factory.mktemp("store"), np.random.default_rng(3)
    products = []
    for number, sku in enumerate(SKUS):
        paths = []
        for place in range(2):
            path = folder / f"{sku}-{place}.png"
            photo(random, number, plain=(sku, place) != ("jar", 1)).save(path)
            paths.append(path)
        products.append(
            ShopProduct(sku, sku, "", "", None, "", Decimal(1), "EUR", "InStock", tuple(paths)),
        )
    for place in range(3):
        (folder / "labelled" / KNOWN).mkdir(parents=True, exist_ok=True)
        photo(random, 0, plain=False).save(folder / "labelled" / KNOWN / f"{place}.png")
    with LocalShop(products, "Corner Shop") as shop:
        config = folder / "skuloop.toml"
        config.write_text(
            f'[encoder]\nname = "{NAME}"\nweights = "{WEIGHTS}"\nworkers = 1\nisolation.method = "attention"\n'
            "[first_day]\nviews = 3\ncamera_photos = 2\n"
            f'[[source]]\nkind = "site"\nname = "shop"\nurl = "{shop.url}"\nallow_private = true\ndownload_delay = 0\n'
            '[[source]]\nkind = "folder"\nname = "shelf"\npath = "labelled"\n',
            encoding="utf-8",
        )
        plain_night(config, "n1")
    return config


def photo(random: np.random.Generator, number: int, *, plain: bool) -> Image.Image:
    ground = Image.fromarray(random.integers(60, 200, (24, 24, 3), dtype=np.uint8)).resize((240, 240))
    picture = Image.new("RGB", (240, 240), "white") if plain else ground
    left, top = random.integers(40, 80, 2).tolist()
    pen = ImageDraw.Draw(picture)
    pen.rectangle((left, top, left + 110, top + 60 + 15 * number), fill=(200, 40 * number, 30))
    for stripe in range(2 + number):
        pen.line((left + 10, top + 15 + 12 * stripe, left + 90, top + 15 + 12 * stripe), fill="black", width=3)
    return picture


@contextmanager
def loop_of(config: Path, label: str) -> Iterator[Loop]:
    with open_loop(load_settings(config), "cycle", label) as loop:
        yield loop
        finish(loop, ())


def views_of(teaching: Teaching) -> list[int]:
    return [row for row, is_view in enumerate(teaching.photos.views) if is_view]


def test_views_are_made_once_survive_a_run_that_dies_and_teach_beside_their_photo(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loop_of(store, "c1") as loop:
        before = gather_teaching(loop.parts)
        assert not views_of(before)

        monkeypatch.setattr("recognition.encoders.parallel.SHARD", 4)
        append, calls = VectorStore.append, []

        def dies_at_the_second(self: VectorStore, *arguments: object) -> object:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return append(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(VectorStore, "append", dies_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            encode_views.fn(loop)
        monkeypatch.setattr(VectorStore, "append", append)
        rest = encode_views.fn(loop)
        assert rest.waiting == 0
        with loop.parts.warehouse.read() as db:
            assert len(subjects_of(db, SubjectKind.IMAGE, NO_VIEWS)) == 1
        assert 0 < rest.encoded < 15

        teaching = gather_teaching(loop.parts)
        made = views_of(teaching)
        assert len(made) == 15  # of five photos: the jar's second is in clutter, and the cup has camera photos
        photos = teaching.photos
        assert {photos.skus[row] for row in made} == set(SKUS) - {KNOWN}
        assert {photos.parts[row] for row in made} == {Part.TRAIN}
        groups = {photos.groups[row] for row in range(len(photos.skus)) if row not in made}
        assert {photos.groups[row] for row in made} <= groups
        assert teaching.taught != before.taught

        again = encode_views.fn(loop)
        assert (again.encoded, again.waiting, again.not_plain) == (0, 0, 0)
        assert gather_teaching(loop.parts).taught == teaching.taught


def test_a_run_makes_no_more_views_than_it_may_and_none_where_the_settings_say_so(store: Path) -> None:
    config = store.with_name("few.toml")
    text = store.read_text(encoding="utf-8")
    config.write_text(text.replace("views = 3", "views = 5\nmost_views = 4"), encoding="utf-8")
    with loop_of(config, "c2") as loop:
        report = encode_views.fn(loop)
        assert report.encoded == 4
        assert report.waiting > 0
    config.write_text(text.replace("views = 3", "views = 0"), encoding="utf-8")
    with loop_of(config, "c3") as loop:
        assert encode_views.fn(loop).encoded == 0
        assert not views_of(gather_teaching(loop.parts))
