"""From settings to the encoder: isolation and colour arrive where vectors are made and where heads are trained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from recognition.encoders import EncoderSpec, device, layout_of
from recognition.encoders.protocol import Block
from recognition.heads.samples import Vectors
from recognition.isolation.protocol import NO_ISOLATION
from recognition.pictures.colour import COLOUR_WIDTH
from recognition.release.candidate import LabelledPhotos, train_candidate
from recognition.vocabulary import IsolationMethod, Part, Tier
from tasks.settings import SettingsError, load_settings
from tasks.wiring import Parts

WIDTH = 8


def spec_of(folder: Path, text: str) -> EncoderSpec:
    (folder / "skuloop.toml").write_text(text, encoding="utf-8")
    return Parts(load_settings(folder / "skuloop.toml")).encoder


def test_the_file_that_isolates_lies_where_the_settings_lie(tmp_path):
    spec = spec_of(
        tmp_path,
        '[encoder]\ncolour = true\n[encoder.isolation]\nmethod = "foreground"\nweights = "heads/f.safetensors"\n',
    )
    assert (spec.colour, spec.isolation.method, spec.isolation.second_pass) == (True, IsolationMethod.FOREGROUND, False)
    assert spec.isolation.weights == tmp_path / "heads" / "f.safetensors"


def test_without_a_word_about_it_nothing_is_isolated_and_no_colour_is_described(tmp_path):
    spec = spec_of(tmp_path, '[encoder]\nname = "handcrafted"\n')
    assert (spec.isolation, spec.colour) == (NO_ISOLATION, False)


def test_a_gpu_is_used_where_there_is_one_and_the_settings_do_not_say_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "_SIGNS", (str(tmp_path),))  # a driver's file
    device._best.cache_clear()
    try:
        assert spec_of(tmp_path, "").device == "cuda"
        assert spec_of(tmp_path, '[encoder]\ndevice = "cpu"\n').device == "cpu"
        assert spec_of(tmp_path, '[encoder]\ndevice = "cuda:1"\n').device == "cuda:1"
    finally:
        device._best.cache_clear()


def test_where_no_driver_has_left_a_sign_torch_is_not_even_asked_for_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("torch was asked"))
    monkeypatch.setattr(device, "_SIGNS", (str(tmp_path / "none"),))
    device._best.cache_clear()
    try:
        assert spec_of(tmp_path, "").device == "cpu"
    finally:
        device._best.cache_clear()


def test_a_method_that_there_is_not_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(SettingsError, match=r"encoder\.isolation\.method.*attention"):
        spec_of(tmp_path, '[encoder.isolation]\nmethod = "sam"\n')


def test_the_layout_is_known_without_a_model():
    spec = EncoderSpec("vit")
    assert layout_of(spec, 384) == (Block("embedding", 384),)
    assert layout_of(replace(spec, colour=True), 384 + COLOUR_WIDTH) == (
        Block("embedding", 384),
        Block("colour", COLOUR_WIDTH),
    )
    assert layout_of(replace(spec, colour=True), 0) == ()


def test_a_release_weighs_the_colour_of_the_photos_that_it_is_taught():
    photos = photos_that_only_colour_tells_apart(layout=(Block("embedding", WIDTH), Block("colour", 4)))
    seeing, blind = replace(photos, layout=()), photos
    trained = train_candidate(blind, dict.fromkeys(set(photos.skus), Tier.GALLERY), "f").trained
    assert photos.where(Part.HOLDOUT).layout == photos.layout
    assert trained.chosen.colour_weight > 0
    assert [(part.start, part.stop) for part in trained.heads.metric.parts] == [(0, WIDTH), (WIDTH, WIDTH + 4)]
    as_one_block = train_candidate(seeing, dict.fromkeys(set(photos.skus), Tier.GALLERY), "f").trained
    assert (as_one_block.chosen.colour_weight, len(as_one_block.heads.metric.parts)) == (0, 1)


def photos_that_only_colour_tells_apart(layout: tuple[Block, ...]) -> LabelledPhotos:
    random = np.random.default_rng(3)
    skus = [f"sku{row % 4}" for row in range(64)]
    colours = np.eye(4)[np.arange(64) % 4] + random.normal(0, 0.2, (64, 4))
    sha256s = tuple(f"{row:064x}" for row in range(64))
    parts = tuple(Part.HOLDOUT if row >= 52 else Part.TRAIN for row in range(64))
    return LabelledPhotos(
        sha256s, joined(random.normal(size=(64, WIDTH)), colours), tuple(skus), sha256s, parts, layout
    )


def joined(*blocks: np.ndarray) -> Vectors:
    units = [block / np.linalg.norm(block, axis=1, keepdims=True) for block in blocks]
    return (np.concatenate(units, axis=1) / np.sqrt(len(blocks))).astype(np.float32)
