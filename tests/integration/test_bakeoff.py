"""The bake-off on a small store: every combination has a row, measured or with the reason why not."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognition.encoders import open_encoder
from recognition.release.bakeoff import Entry, advised
from recognition.vocabulary import IsolationMethod, RunStatus
from tasks.bakeoff import TABLE_NAME, BakeoffReport, compare_encoders
from tasks.foreground import foreground_head
from tasks.loop import Loop, finish, open_loop
from tasks.settings import load_settings
from tasks.teaching import labelled_photos
from tasks.wiring import Parts
from tests.support.in_process import call_skuloop, plain_night
from tests.support.workspace import small_workspace

SHARED = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared")))
NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
WEIGHTS = SHARED / "weights" / f"{NAME}.safetensors"
SHAPES = ("ellipse", "rectangle")
COLOURS = ((200, 40, 30), (30, 60, 190), (40, 150, 60), (210, 170, 40))

pytestmark = pytest.mark.slow


@contextmanager
def bakeoff_of(config: Path, label: str = "b1") -> Iterator[Loop]:
    with open_loop(load_settings(config), "bakeoff", label) as loop:
        yield loop
        finish(loop, ())


def vectors_stored(config: Path) -> list[str]:
    return sorted(path.name for path in Parts(load_settings(config)).paths.vectors.rglob("*.parquet"))


def test_an_encoder_that_isolates_nothing_is_measured_and_every_other_row_says_why_not(tmp_path: Path):
    config = small_workspace(tmp_path)
    plain_night(config, "n1")
    encoded = vectors_stored(config)
    with bakeoff_of(config) as loop:
        report = compare_encoders.fn(loop)
    assert [entry.isolation for entry in report.entries] == list(IsolationMethod)
    measured, attention, foreground, box = report.entries
    assert measured.figures is not None
    assert measured.figures.top1 > 0.8
    assert measured.figures.milliseconds > 0
    assert "isolates nothing" in attention.reason
    assert "isolates nothing" in foreground.reason
    assert "--detector" in box.reason
    assert report.advice == '[encoder]\nname = "handcrafted"\n'
    assert "not tried" in (loop.reports / TABLE_NAME).read_text()
    assert vectors_stored(config) == encoded  # what nights have encoded is not encoded again


def test_a_bakeoff_beside_a_run_at_work_is_skipped_and_one_after_it_prints_its_table(tmp_path: Path, prefect_api: str):
    config = small_workspace(tmp_path)
    plain_night(config, "n1")
    words = ("bakeoff", "--config", str(config), "--label", "b1")
    with open_loop(load_settings(config), "cycle", "long-cycle") as loop:
        said = call_skuloop(*words)
        assert (said.code, "long-cycle" in said.err) == (75, True)
        finish(loop, ())
    said = call_skuloop(*words)
    assert said.code == 0, said.err
    assert "flat" in said.out
    assert said.out.endswith('[encoder]\nname = "handcrafted"\n')
    assert json.loads(call_skuloop(*words, "--json").out)["status"] == "completed"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Settings of a store with eight products, each with three clean photos and four in clutter."""
    random = np.random.default_rng(4)
    for number in range(8):
        folder = tmp_path / "photos" / f"sku{number}"
        folder.mkdir(parents=True)
        for place in range(7):
            product(random, number, plain=place < 3).save(folder / f"{place}.png")
    config = tmp_path / "skuloop.toml"
    config.write_text(
        f'[encoder]\nname = "{NAME}"\nweights = "{WEIGHTS}"\nworkers = 1\n'
        '[[source]]\nkind = "folder"\nname = "shelf"\npath = "photos"\n',
        encoding="utf-8",
    )
    return config


def product(random: np.random.Generator, number: int, *, plain: bool) -> Image.Image:
    """A striped shape of one of eight kinds, on white or on a mottled ground."""
    ground = Image.fromarray(random.integers(60, 200, (24, 24, 3), dtype=np.uint8)).resize((240, 240))
    picture = Image.new("RGB", (240, 240), "white") if plain else ground
    left, top = random.integers(40, 80, 2).tolist()
    pen, box = ImageDraw.Draw(picture), (left, top, left + 110, top + 120)
    getattr(pen, SHAPES[number % 2])(box, fill=COLOURS[number // 2])
    for stripe in range(3):
        pen.line((left + 30, top + 35 + 20 * stripe, left + 80, top + 35 + 20 * stripe), fill="black", width=4)
    return picture


@pytest.mark.shared
@pytest.mark.skipif(not WEIGHTS.exists(), reason="no ViT-Tiny: set SKULOOP_SHARED to the shared folder")
def test_a_foreground_head_is_taught_kept_and_advised_settings_open_what_was_measured(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tasks.foreground.COMPOSITES", 128)
    plain_night(shelf, "n1")
    with bakeoff_of(shelf) as loop:
        report = compare_encoders.fn(loop)
        found = by_method(report)
        assert all(found[method].figures for method in ("none", "attention", "foreground"))
        assert "--detector" in found["box"].reason
        head = found["foreground"].isolation_weights
        assert head is not None
        assert head.parent == loop.parts.paths.isolation
        assert len(list(loop.reports.glob("isolation-*.png"))) == 2

        monkeypatch.setattr("tasks.foreground.teach_foreground", refuse)
        photos = [photo for photo in labelled_photos(loop.parts)[0] if photo.part == "train"]
        assert foreground_head(loop.parts, loop.parts.encoder, photos) == head

    section = report.advice.replace("[encoder]\n", "[encoder]\nworkers = 1\n")
    shelf.write_text(section, encoding="utf-8")
    chosen, best = Parts(load_settings(shelf)).encoder, advised(report.entries)
    assert best is not None
    assert (chosen.isolation.method, chosen.isolation.weights) == (best.isolation, best.isolation_weights)
    assert open_encoder(chosen).encode([Image.new("RGB", (64, 64))]).shape[0] == 1


def by_method(report: BakeoffReport) -> dict[str, Entry]:
    assert report.status is RunStatus.COMPLETED
    return {entry.isolation.value: entry for entry in report.entries}


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("taught again")
