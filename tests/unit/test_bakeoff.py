"""The bake-off's figures, its order, and what it advises."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognition.encoders import HANDCRAFTED, EncoderSpec
from recognition.encoders.protocol import Block
from recognition.errors import NotEnoughDataError
from recognition.heads.baselines import nearest_prototype
from recognition.heads.folds import scene_folds
from recognition.heads.samples import Samples
from recognition.heads.scenes import photo_scenes
from recognition.heads.training import TrainingPolicy
from recognition.isolation.protocol import IsolationSpec
from recognition.release.bakeoff import AS_GOOD, Entry, Figures, advised, measure, ranked, whole_classes
from recognition.release.intervals import Interval
from recognition.vocabulary import IsolationMethod, RunStatus, Tier
from skuloop.output import console
from skuloop.reports import print_bakeoff
from tasks.bakeoff import COLUMNS, BakeoffReport, bakeoff_page, row_of, settings_of
from tasks.settings import load_settings
from tests.support.synthetic import clustered_samples

QUICK = TrainingPolicy(learn=False, coarse_weights=(0.0,))


def figures(top1: float, milliseconds: float = 10.0, colour_weight: float = 0.0) -> Figures:
    return Figures(0.5, 0.6, colour_weight, 0.01, "plain", top1, Interval(top1 - 0.1, top1 + 0.1), 90, milliseconds, 8)


def entry(top1: float, milliseconds: float = 10.0, name: str = "vit", colour_weight: float = 0.0) -> Entry:
    return Entry.measured(EncoderSpec(name), figures(top1, milliseconds, colour_weight))


NOT_TRIED = Entry.left_out(EncoderSpec("vit"), IsolationMethod.BOX, "there is no detector")


def test_classes_are_taken_whole_until_the_next_one_would_be_too_many():
    skus = [f"sku{number}" for number in range(10) for _ in range(number + 1)]
    rows = whole_classes(skus, most=20, seed=0)
    taken = [skus[row] for row in rows.tolist()]
    assert 2 <= len(taken) <= 20
    assert all(taken.count(sku) == skus.count(sku) for sku in set(taken))
    assert rows.tolist() == whole_classes(skus, most=20, seed=0).tolist() == sorted(rows.tolist())
    assert {tuple(whole_classes(skus, 20, seed).tolist()) for seed in range(5)} != {tuple(rows.tolist())}


def test_two_classes_are_taken_however_large_they_are_and_all_where_there_is_room():
    skus = ["a"] * 50 + ["b"] * 60 + ["c"] * 70
    assert len({skus[row] for row in whole_classes(skus, most=2, seed=1).tolist()}) == 2
    assert whole_classes(skus, most=180, seed=1).tolist() == list(range(180))
    assert len(whole_classes([], most=10, seed=0)) == 0


def test_every_figure_is_out_of_fold():
    samples = clustered_samples(classes=6, photos=8, seed=2)
    found = measure(samples, dict.fromkeys(samples.classes, Tier.GALLERY), 12.5, QUICK)
    scenes = photo_scenes(samples)
    hits: list[bool] = []
    for fold in scene_folds(samples, scenes, QUICK.folds, QUICK.most_evidence, QUICK.seed):
        guesses = nearest_prototype(samples.take(fold.taught), samples.vectors[fold.held_out])
        hits += (guesses == samples.targets[fold.held_out]).tolist()
    assert found.nearest == pytest.approx(np.mean(hits))
    assert found.photos == len(hits)
    assert max(found.nearest, found.whitened) <= found.top1 + 1e-9
    assert found.interval.low <= found.top1 <= found.interval.high
    assert (found.milliseconds, found.dimension, found.colour_gain) == (12.5, samples.vectors.shape[1], None)


def test_colour_is_said_to_gain_what_it_gains():
    random = np.random.default_rng(0)
    colours = np.eye(4)[np.arange(80) % 4] + random.normal(0, 0.1, (80, 4))
    blocks = [random.normal(size=(80, 8)), colours]
    rows = np.concatenate([block / np.linalg.norm(block, axis=1, keepdims=True) for block in blocks], axis=1)
    samples = Samples.from_labels(
        (rows / np.sqrt(2)).astype(np.float32),
        [f"sku{row % 4}" for row in range(80)],
        [str(row) for row in range(80)],
        (Block("embedding", 8), Block("colour", 4)),
    )
    found = measure(samples, dict.fromkeys(samples.classes, Tier.GALLERY), 1.0, QUICK)
    assert found.colour_weight > 0
    assert found.colour_gain is not None
    assert found.colour_gain == pytest.approx(found.top1 - max(found.nearest, found.whitened))
    assert found.colour_gain > 0.3


def test_where_nothing_can_be_held_out_nothing_is_measured():
    samples = clustered_samples(classes=4, photos=1, seed=0)
    with pytest.raises(NotEnoughDataError, match="none can be held out"):
        measure(samples, dict.fromkeys(samples.classes, Tier.GALLERY), 1.0, QUICK)


def test_the_best_come_first_and_what_was_not_tried_comes_last():
    slow, fast, worse = entry(0.8, 20), entry(0.8, 10), entry(0.7)
    assert ranked([NOT_TRIED, worse, slow, fast]) == [fast, slow, worse, NOT_TRIED]


def test_the_fastest_of_those_as_good_as_the_best_is_advised():
    best, near, fast = entry(0.8, 40), entry(0.8 - AS_GOOD / 2, 10), entry(0.8 - 2 * AS_GOOD, 1)
    assert advised([fast, best, near, NOT_TRIED]) == near
    assert advised([best, fast]) == best
    assert advised([NOT_TRIED]) is None


def test_the_advice_can_be_copied_into_the_settings(tmp_path: Path):
    head, weights = tmp_path / "store" / "isolation" / "foreground-1a.safetensors", Path("/weights/vit.safetensors")
    spec = EncoderSpec("vit", weights, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head))
    advice = settings_of(Entry.measured(spec, figures(0.9, colour_weight=0.3)), tmp_path)
    (tmp_path / "skuloop.toml").write_text(advice, encoding="utf-8")
    chosen = load_settings(tmp_path / "skuloop.toml").encoder
    assert (chosen.name, chosen.weights, chosen.colour) == ("vit", weights, True)
    assert chosen.isolation.method is IsolationMethod.FOREGROUND
    assert chosen.isolation.weights == Path("store/isolation/foreground-1a.safetensors")


def test_a_size_of_ones_own_stays_in_the_settings(tmp_path: Path):
    assert tomllib.loads(settings_of(entry(0.9), tmp_path, 160))["encoder"]["image_size"] == 160
    assert "image_size" not in tomllib.loads(settings_of(entry(0.9), tmp_path, 224))["encoder"]


def test_colour_that_gains_nothing_is_left_out_and_what_an_encoder_cannot_is_not_advised(tmp_path: Path):
    assert tomllib.loads(settings_of(entry(0.9), tmp_path))["encoder"]["colour"] is False
    assert tomllib.loads(settings_of(entry(0.9, name=HANDCRAFTED), tmp_path)) == {"encoder": {"name": HANDCRAFTED}}


def test_the_page_shows_every_row_and_why_one_was_not_tried():
    rows = (entry(0.8125), replace(NOT_TRIED, reason="there is no detector"))
    page = bakeoff_page(BakeoffReport("b", RunStatus.COMPLETED, entries=rows, advice='[encoder]\nname = "vit"\n'))
    assert "| 0.812 | 0.713 to 0.912 | 10.0 |" in page or "| 0.812 | 0.712 to 0.912 | 10.0 |" in page
    assert "not tried: there is no detector" in page
    assert '```toml\n[encoder]\nname = "vit"\n```' in page
    assert all(len(row_of(row)) == len(COLUMNS) for row in rows)


def test_on_a_terminal_of_eighty_columns_no_word_of_the_table_is_cut(monkeypatch: pytest.MonkeyPatch):
    name = "vit_small_patch14_reg4_dinov2.lvd142m"  # longer than what ten columns leave for one
    rows = (entry(0.8125, name=name), replace(entry(0.75, name=name), isolation=IsolationMethod.FOREGROUND))
    monkeypatch.setattr(console, "width", 80)
    with console.capture() as said:
        print_bakeoff(BakeoffReport("b", RunStatus.COMPLETED, entries=rows))
    assert {name, "foreground", "prototype", "0.750", "ms/photo"} <= set(said.get().split())
