"""Isolation inside the timm encoder, on the real ViT-Tiny and the real YOLOX of the shared folder."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognition.encoders import (
    EncoderSpec,
    encode_files,
    open_encoder,
    open_patch_reader,
    plain_fingerprint,
)
from recognition.encoders.pooling import pooled_under
from recognition.encoders.precision import MINIMUM_COSINE, check_pictures
from recognition.encoders.timm_encoder import TimmEncoder
from recognition.errors import EncoderMismatchError, EncoderUnavailableError
from recognition.isolation.detector import YoloxDetector
from recognition.isolation.foreground_head import CELLS, ForegroundHead, head_tokens
from recognition.isolation.foreground_training import by_patch
from recognition.isolation.masks import crop_frame, share_inside
from recognition.isolation.protocol import Box, IsolationSpec, Seen, whole
from recognition.pictures.colour import COLOUR_WIDTH, colour_descriptor
from recognition.vocabulary import IsolationMethod

SHARED = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared")))
NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
WEIGHTS, YOLOX = SHARED / "weights" / f"{NAME}.safetensors", SHARED / "weights" / "yolox_nano.onnx"
PHOTOS = SHARED / "data" / "grocery" / "images" / "test"
SPEC = EncoderSpec(NAME, WEIGHTS)
WIDTH = 192

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not YOLOX.exists(), reason="no ViT-Tiny and YOLOX: set SKULOOP_SHARED to the shared folder"),
]


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head that was taught nothing: what is tested is what an encoder makes of its masks."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("head") / "head.safetensors"
    shapes = [(3 * WIDTH, 8), (8,), (8, CELLS * CELLS), (CELLS * CELLS,)]
    ForegroundHead(*(rng.normal(0, 0.1, shape).astype(np.float32) for shape in shapes)).save(
        path, plain_fingerprint(SPEC)
    )
    return path


@pytest.fixture(scope="module", params=list(IsolationMethod))
def spec(request: pytest.FixtureRequest, head: Path) -> EncoderSpec:
    """Each method, with everything else that is possible turned on."""
    weights = {IsolationMethod.FOREGROUND: head, IsolationMethod.BOX: YOLOX}.get(request.param)
    isolates = request.param is not IsolationMethod.NONE
    return replace(SPEC, isolation=IsolationSpec(request.param, weights, second_pass=isolates), colour=True)


@pytest.fixture(scope="module")
def photos() -> list[Path]:
    return [min(folder.glob("*.jpg")) for folder in sorted(PHOTOS.iterdir())[:11]]


def opened(paths: list[Path]) -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in paths]


def open_timm(spec: EncoderSpec) -> TimmEncoder:
    encoder = open_encoder(spec)
    assert isinstance(encoder, TimmEncoder)
    return encoder


def test_rows_have_length_one_and_their_blocks_the_same_weight(spec: EncoderSpec, photos: list[Path]) -> None:
    encoder = open_timm(spec)
    rows = encoder.encode(opened(photos))
    embedding, colour = encoder.layout
    assert (embedding.name, colour.name, colour.width) == ("embedding", "colour", COLOUR_WIDTH)
    assert embedding.width == (2 * WIDTH if spec.isolation.method is IsolationMethod.NONE else 2 * 5 * WIDTH)
    assert rows.shape == (len(photos), encoder.dimension)
    np.testing.assert_allclose((rows[:, : embedding.width] ** 2).sum(axis=1), 0.5, atol=1e-5)
    np.testing.assert_allclose((rows[:, embedding.width :] ** 2).sum(axis=1), 0.5, atol=1e-5)


def test_neighbours_and_order_in_a_batch_hardly_change_a_row(spec: EncoderSpec, photos: list[Path]) -> None:
    encoder, pictures = open_timm(spec), opened(photos)
    together = encoder.encode(pictures)
    backwards = encoder.encode(pictures[::-1])[::-1]
    alone = np.concatenate([encoder.encode([picture]) for picture in pictures])
    assert (together * backwards).sum(axis=1).min() > MINIMUM_COSINE
    assert (together * alone).sum(axis=1).min() > MINIMUM_COSINE


def test_half_precision_turns_no_row_away_even_where_a_second_look_follows_the_first(
    spec: EncoderSpec, photos: list[Path]
) -> None:
    encoder, pictures = open_timm(spec), opened(photos)
    chosen, rows = encoder.backbone.half, []
    try:
        for encoder.backbone.half in (False, True):
            rows.append(encoder.encode(pictures))
    finally:
        encoder.backbone.half = chosen
    assert (rows[0] * rows[1]).sum(axis=1).min() > 0.9995


def test_workers_give_the_rows_of_this_process(head: Path, photos: list[Path]) -> None:
    spec = replace(SPEC, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head), colour=True)
    items = [(f"{number:04d}", photos[number % len(photos)]) for number in range(140)]
    batches = list(encode_files(spec, items, workers=2))
    rows = {sha: row for batch in batches for sha, row in zip(batch.sha256s, batch.vectors, strict=True)}
    expected = open_encoder(spec).encode(opened(photos))
    assert len(rows) == len(items)
    assert min(rows[sha] @ expected[number % len(photos)] for number, (sha, _) in enumerate(items)) > 0.9995


def test_layers_are_what_hooks_see_after_each_quarter_of_the_model(head: Path, photos: list[Path]) -> None:
    backbone = open_timm(replace(SPEC, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head))).backbone
    seen, model = [], backbone._model
    hooks = [
        layer.register_forward_hook(lambda _, __, tokens: seen.append(tokens[:, 1:].numpy()))
        for layer in (model.blocks[2], model.blocks[5], model.blocks[8], model.norm)  # type: ignore[union-attr, index]
    ]
    try:
        pictures = opened(photos[:2])
        features = backbone.look([backbone.square(each, backbone.frame(each)) for each in pictures], half=False)
    finally:
        for hook in hooks:
            hook.remove()
    assert features.layers is not None
    np.testing.assert_allclose(features.layers, np.stack(seen, axis=2), atol=1e-5)


def test_attention_is_that_of_the_model_s_own_slow_path(photos: list[Path]) -> None:
    backbone = open_timm(replace(SPEC, isolation=IsolationSpec(IsolationMethod.ATTENTION))).backbone
    last = backbone._model.blocks[-1].attn  # type: ignore[union-attr, index]
    squares = [backbone.square(each, backbone.frame(each)) for each in opened(photos[:3])]
    shown = []
    hook, fused = last.attn_drop.register_forward_hook(lambda _, __, kept: shown.append(kept)), last.fused_attn
    try:
        last.fused_attn = False
        features = backbone.look(squares, half=False)
    finally:
        hook.remove()
        last.fused_attn = fused
    assert features.attention is not None
    expected = shown[0][:, :, 0, 1:].mean(dim=1).numpy()
    np.testing.assert_allclose(features.attention, expected, atol=1e-6)


def test_the_embedding_is_pooled_by_hand_from_the_masks_that_the_encoder_shows(head: Path, photos: list[Path]) -> None:
    spec = replace(SPEC, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head, second_pass=True), colour=True)
    encoder, pictures = open_timm(spec), opened(photos[:3])
    rows, isolated, backbone = encoder.encode(pictures), encoder.isolate(pictures), encoder.backbone
    for row, picture, found in zip(rows, pictures, isolated, strict=True):
        near = crop_frame(found, whole(picture))
        squares = [backbone.square(picture, frame) for frame in (found.frame, near)]
        looks = [
            backbone.look([square], half=half) for square, half in zip(squares, (False, backbone.half), strict=True)
        ]
        second = ForegroundHead.open(head, plain_fingerprint(SPEC)).masks(head_tokens(looks[1].layers))
        parts = [pooled_under(looks[0], found.mask[None])[0], pooled_under(looks[1], second)[0]]
        expected = np.concatenate([*(part / 2 for part in parts), colour_descriptor(squares[0], found.mask) / 2**0.5])
        assert row @ expected > MINIMUM_COSINE


def test_masks_that_teach_a_head_lie_where_the_encoder_sees_the_product() -> None:
    reader = open_patch_reader(SPEC)
    picture, mask = Image.new("RGB", (300, 200), "#808080"), Image.new("L", (300, 200))
    for canvas, colour in ((picture, "#ff0000"), (mask, 255)):
        ImageDraw.Draw(canvas).rectangle((100, 40, 169, 109), fill=colour)
    (shares,) = reader.shares([np.asarray(mask, dtype=np.float32) / 255])
    frame = reader._backbone.frame(picture)
    cell = frame.width / (14 * CELLS)
    rows, columns = np.nonzero(shares > 0.5)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    got = [frame.left + cell * edges[0], frame.top + cell * edges[1]]
    got += [frame.left + cell * edges[2], frame.top + cell * edges[3]]
    assert got == pytest.approx([100, 40, 170, 110], abs=cell)
    assert by_patch(shares[None]).shape == (1, 196, CELLS * CELLS)
    tokens = reader.tokens([picture, picture])
    assert (tokens.shape, tokens.dtype) == ((2, 196, 3, WIDTH), np.float16)


def test_a_head_that_was_taught_at_another_image_size_is_refused(head: Path) -> None:
    spec = replace(SPEC, image_size=160, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head))
    with pytest.raises(EncoderMismatchError, match=r"encoder\.isolation\.weights"):
        open_encoder(spec)


def test_registers_are_no_patches_and_may_not_be_weighed(tmp_path: Path) -> None:
    import timm
    from safetensors.torch import save_file

    name = "vit_small_patch14_reg4_dinov2.lvd142m"
    weights = tmp_path / "dino.safetensors"
    model = timm.create_model(name, pretrained=False, num_classes=0, img_size=518)  # the size its weights come in
    save_file({key: tensor.contiguous() for key, tensor in model.state_dict().items()}, weights)
    encoder = open_timm(EncoderSpec(name, weights, isolation=IsolationSpec(IsolationMethod.ATTENTION)))
    (found,) = encoder.isolate(check_pictures(1))
    assert found.mask.shape == (16, 16)
    assert encoder.dimension == 5 * 384


def test_a_model_without_patches_takes_a_box_with_a_second_look_and_refuses_the_rest(tmp_path: Path) -> None:
    import timm
    from safetensors.torch import save_file

    weights = tmp_path / "resnet.safetensors"
    save_file(timm.create_model("resnet18.a1_in1k", pretrained=False).state_dict(), weights)
    spec = EncoderSpec("resnet18.a1_in1k", weights, image_size=96)
    box = replace(spec, isolation=IsolationSpec(IsolationMethod.BOX, YOLOX, second_pass=True), colour=True)
    rows = open_encoder(box).encode(check_pictures(2))
    assert rows.shape == (2, 2 * 512 + COLOUR_WIDTH)
    with pytest.raises(EncoderUnavailableError, match=r"encoder\.isolation\.second_pass"):
        open_encoder(replace(spec, isolation=IsolationSpec(IsolationMethod.BOX, YOLOX)))
    with pytest.raises(EncoderUnavailableError, match=r"cannot look into this model.*encoder\.isolation\.method"):
        open_encoder(replace(spec, isolation=IsolationSpec(IsolationMethod.ATTENTION)))


def test_a_detector_finds_the_carton_in_a_hand_and_says_when_it_finds_nothing() -> None:
    detector = YoloxDetector(YOLOX)
    photo = Image.open(next(PHOTOS.glob("**/*Alpro-Blueberry-Soyghurt_001.jpg"))).convert("RGB")
    flat = Image.new("RGB", (300, 300), "#7f7f7f")
    found, nothing = detector.isolate(Seen([photo, flat], [whole(photo), whole(flat)], 14))
    assert found.found
    assert share_inside(found.boxes[0], whole(photo)) == pytest.approx(1)
    middle = Box(photo.width * 0.45, photo.height * 0.45, photo.width * 0.55, photo.height * 0.55)
    assert share_inside(middle, found.boxes[0]) > 0.9
    assert 0.15 < found.boxes[0].area / whole(photo).area < 0.8
    assert (nothing.found, nothing.boxes) == (False, (whole(flat),))


def test_a_file_that_is_no_detector_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(YOLOX.read_bytes()[:1000])
    with pytest.raises(EncoderUnavailableError, match=r"wrong\.onnx cannot be opened.*yolox_nano"):
        YoloxDetector(wrong)
