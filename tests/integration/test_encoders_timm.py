"""The timm encoder on real weights: the ViT-Tiny of the shared folder, and models without weights for the rest."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.encoders import EncoderSpec, encode_files, open_encoder
from recognition.encoders.backbone import half_type
from recognition.encoders.precision import MINIMUM_COSINE, check_pictures
from recognition.encoders.preparation import normalised
from recognition.encoders.timm_encoder import TimmEncoder
from recognition.errors import EncoderUnavailableError

SHARED = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared")))
NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
WEIGHTS = SHARED / "weights" / f"{NAME}.safetensors"
PHOTOS = SHARED / "data" / "grocery" / "images" / "test"
SPEC = EncoderSpec(NAME, WEIGHTS)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not WEIGHTS.exists(), reason="no ViT-Tiny weights: set SKULOOP_SHARED to the shared folder"),
]


@pytest.fixture(scope="module")
def encoder() -> TimmEncoder:
    opened = open_encoder(SPEC)
    assert isinstance(opened, TimmEncoder)
    return opened


@pytest.fixture(scope="module")
def photos() -> list[Path]:
    return [min(folder.glob("*.jpg")) for folder in sorted(PHOTOS.iterdir())[:20]]


def opened(paths: list[Path]) -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in paths]


def test_vectors_are_those_of_timm_by_its_own_preprocessing(encoder: TimmEncoder, photos: list[Path]) -> None:
    import timm
    import torch
    from safetensors.torch import load_file

    model = timm.create_model(NAME, pretrained=False).eval()
    model.load_state_dict(load_file(WEIGHTS))
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    with torch.inference_mode():
        tokens = model.forward_features(torch.stack([transform(picture) for picture in opened(photos)]))
    expected = torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], dim=1)
    expected = (expected / expected.norm(dim=1, keepdim=True)).numpy()
    got = encoder.encode(opened(photos))
    assert got.shape == (len(photos), encoder.dimension) == (len(photos), 384)
    assert got.dtype == np.float32
    # Not equal: we crop before resizing, timm the other way round, and half precision may be on.
    assert (got * expected).sum(axis=1).min() > 0.995


def test_half_precision_if_it_is_used_keeps_to_the_promised_cosine(encoder: TimmEncoder) -> None:
    pictures, chosen = check_pictures(12), encoder.backbone.half
    try:
        encoder.backbone.half = False
        exact = encoder.encode(pictures)
        encoder.backbone.half = True
        half = encoder.encode(pictures)
    finally:
        encoder.backbone.half = chosen
    if chosen:
        assert (exact * half).sum(axis=1).min() >= MINIMUM_COSINE


def test_the_neighbours_in_a_batch_hardly_change_a_vector(encoder: TimmEncoder, photos: list[Path]) -> None:
    pictures = opened(photos)
    together, backwards = encoder.encode(pictures), encoder.encode(pictures[::-1])[::-1]
    alone = np.concatenate([encoder.encode([picture]) for picture in pictures])
    assert (together * backwards).sum(axis=1).min() > MINIMUM_COSINE
    assert (together * alone).sum(axis=1).min() > MINIMUM_COSINE


def test_no_pictures_give_no_rows_instead_of_an_error(encoder: TimmEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_a_very_long_strip_is_encoded_without_filling_the_memory(encoder: TimmEncoder) -> None:
    assert np.isfinite(encoder.encode([Image.new("RGB", (200_000, 32), "#20a060")])).all()


def test_serving_asks_twice_and_the_model_is_loaded_once(encoder: TimmEncoder) -> None:
    assert open_encoder(SPEC) is encoder


def test_another_image_size_stretches_the_position_table_instead_of_failing(photos: list[Path]) -> None:
    small = open_encoder(replace(SPEC, image_size=160))
    assert small.encode(opened(photos[:3])).shape == (3, 384)
    assert small.fingerprint != open_encoder(SPEC).fingerprint


def test_workers_give_the_vectors_of_this_process(encoder: TimmEncoder, photos: list[Path]) -> None:
    items = [(f"{number:04d}", photos[number % len(photos)]) for number in range(150)]
    rows = {
        sha: row
        for batch in encode_files(SPEC, items, workers=2)
        for sha, row in zip(batch.sha256s, batch.vectors, strict=True)
    }
    assert sorted(rows) == [sha for sha, _ in items]
    expected = encoder.encode(opened(photos))
    assert min(rows[sha] @ expected[number % len(photos)] for number, (sha, _) in enumerate(items)) > 0.9995


@pytest.mark.parametrize("name", ["vit_small_patch16_224.augreg_in1k", "resnet18.a1_in1k"])
def test_weights_of_another_model_are_refused_and_never_loaded_in_part(name: str) -> None:
    with pytest.raises(EncoderUnavailableError, match=rf"does not hold the weights of {name}.*encoder\.weights"):
        open_encoder(EncoderSpec(name, WEIGHTS))


def test_a_truncated_weights_file_is_refused(tmp_path: Path) -> None:
    half = tmp_path / "half.safetensors"
    half.write_bytes(WEIGHTS.read_bytes()[:1_000_000])
    with pytest.raises(EncoderUnavailableError, match=r"half\.safetensors does not hold"):
        open_encoder(EncoderSpec(NAME, half))


@pytest.mark.parametrize("name", ["vit_tiny_patch16_225", "vit_tiny_patch16_224.no_such_training"])
def test_a_model_that_timm_does_not_know_is_told_by_name(name: str) -> None:
    with pytest.raises(EncoderUnavailableError, match=r"timm .*vit_tiny_patch16.*encoder\.name|timm knows no model"):
        open_encoder(EncoderSpec(name, WEIGHTS))
    with pytest.raises(EncoderUnavailableError, match="timm knows no model"):
        open_encoder(EncoderSpec(name))


def test_a_device_that_this_machine_lacks_is_told_with_the_setting_to_change() -> None:
    with pytest.raises(EncoderUnavailableError, match=r"does not run on 'nonsense'.*encoder\.device"):
        open_encoder(replace(SPEC, device="nonsense"))


def test_a_model_without_class_token_gives_its_own_pooled_output(tmp_path: Path) -> None:
    import timm
    from safetensors.torch import save_file

    weights = tmp_path / "resnet.safetensors"
    save_file(timm.create_model("resnet18.a1_in1k", pretrained=False).state_dict(), weights)
    encoder = open_encoder(EncoderSpec("resnet18.a1_in1k", weights, image_size=96))
    vectors = encoder.encode(check_pictures(3))
    assert vectors.shape == (3, 512)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_registers_are_left_out_of_the_mean_patch(tmp_path: Path) -> None:
    import timm
    import torch
    from safetensors.torch import save_file

    name = "vit_small_patch14_reg4_dinov2.lvd142m"
    weights = tmp_path / "dino.safetensors"
    model = timm.create_model(name, pretrained=False, num_classes=0, img_size=518)  # the size its weights come in
    save_file({key: tensor.contiguous() for key, tensor in model.state_dict().items()}, weights)
    encoder = open_encoder(EncoderSpec(name, weights))
    assert isinstance(encoder, TimmEncoder)
    pictures = check_pictures(2)
    backbone = encoder.backbone
    squares = [backbone.square(picture, backbone.frame(picture)) for picture in pictures]
    pixels = normalised(squares, backbone._config["mean"], backbone._config["std"])
    tokens = backbone._model.forward_features(torch.from_numpy(pixels))  # type: ignore[operator]
    assert tokens.shape[1] == 1 + 4 + 16 * 16  # class, registers, patches of 14 pixels at size 224
    patches = tokens[:, 5:].mean(1).detach().numpy()
    got = encoder.encode(pictures)[:, 384:]
    cosine = (got * patches).sum(1) / np.linalg.norm(got, axis=1) / np.linalg.norm(patches, axis=1)
    assert cosine.min() > 0.999


def test_a_gpu_without_bfloat16_is_given_float16_and_every_cpu_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    for supported, expected in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=supported, **_: has)
        assert half_type("cuda") is expected
        assert half_type("cpu") is torch.bfloat16
