"""The foreground head: what it learns, whom it belongs to, and what an encoder makes of it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recognition.errors import EncoderMismatchError, EncoderUnavailableError, NotEnoughDataError
from recognition.isolation.foreground_head import CELLS, ForegroundHead, ForegroundIsolator, standardised
from recognition.isolation.foreground_training import EPOCHS, FittedHead, by_patch, fit_foreground_head, iou
from recognition.isolation.protocol import Box, Seen

GRID, WIDTH = 5, 12


def separable(count: int, seed: int) -> tuple[NDArray[np.float16], NDArray[np.float32], list[str]]:
    """Tokens whose third layer says by its direction which quarter of a patch, if any, is product."""
    rng = np.random.default_rng(seed)
    directions = np.random.default_rng(99).normal(size=(5, WIDTH))
    kinds = rng.integers(0, 5, (count, GRID, GRID))  # 0: background, 1 to 4: the quarters of a patch
    tokens = rng.normal(size=(count, GRID * GRID, 3, WIDTH))
    tokens[:, :, 2] = 3 * directions[kinds.reshape(count, -1)] + 0.3 * rng.normal(size=(count, GRID * GRID, WIDTH))
    masks = np.zeros((count, CELLS * GRID, CELLS * GRID), dtype=np.float32)
    for picture, row, column in np.argwhere(kinds > 0):
        down, across = divmod(int(kinds[picture, row, column]) - 1, 2)
        top, left = CELLS * row + 2 * down, CELLS * column + 2 * across
        masks[picture, top : top + 2, left : left + 2] = 1
    return tokens.astype(np.float16), masks, [f"sku-{number % 20}" for number in range(count)]


@pytest.fixture(scope="module")
def fitted() -> FittedHead:
    return fit_foreground_head(*separable(600, seed=1), seed=0)


def test_a_head_finds_what_its_tokens_say_down_to_the_quarter_of_a_patch(fitted: FittedHead) -> None:
    assert fitted.cell_iou > 0.95
    assert fitted.held_out == 60  # two of twenty products, thirty composites each
    tokens, masks, _ = separable(20, seed=2)
    assert iou(fitted.head.masks(tokens), masks) > 0.95


def test_tokens_that_say_nothing_earn_no_good_measure() -> None:
    tokens, masks, groups = separable(300, seed=1)
    np.random.default_rng(0).shuffle(tokens)
    fitted = fit_foreground_head(tokens, masks, groups, seed=0)
    assert fitted.cell_iou < 0.3


def test_the_same_seed_gives_the_same_head_and_leaves_global_randomness_alone(fitted: FittedHead) -> None:
    import torch

    before, progress = torch.random.get_rng_state(), list[tuple[int, int]]()
    again = fit_foreground_head(
        *separable(600, seed=1), seed=0, on_progress=lambda done, total: progress.append((done, total))
    )
    np.testing.assert_array_equal(again.head.hidden, fitted.head.hidden)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert progress == [(epoch + 1, EPOCHS) for epoch in range(EPOCHS)]


def test_one_product_alone_cannot_say_what_a_head_is_worth() -> None:
    tokens, masks, _ = separable(10, seed=1)
    with pytest.raises(NotEnoughDataError, match=r"only sku-1.*at least two"):
        fit_foreground_head(tokens, masks, ["sku-1"] * 10, seed=0)


def test_the_measure_is_counted_cell_by_cell() -> None:
    guesses, truth = np.array([[[0.6, 0.4], [0.9, 0.1]]]), np.array([[[1.0, 0.7], [0.2, 0.0]]])
    assert iou(guesses, truth) == pytest.approx(1 / 3)
    assert iou(truth, truth) == 1
    assert iou(0 * truth, 0 * truth) == 0


def test_cells_are_laid_out_where_the_mask_had_them(fitted: FittedHead) -> None:
    masks = np.arange(2 * 400, dtype=np.float32).reshape(2, 20, 20)
    patches = by_patch(masks)
    np.testing.assert_array_equal(patches[1, GRID + 2].reshape(CELLS, CELLS), masks[1, 4:8, 8:12])
    tokens, _, _ = separable(1, seed=3)
    got = by_patch(fitted.head.masks(tokens))  # the naive way: each patch through the perceptron alone
    inner = standardised(tokens[:, 7]) @ fitted.head.hidden + fitted.head.hidden_bias
    inner *= [[(1 + math.erf(value / math.sqrt(2))) / 2 for value in inner[0].tolist()]]  # GELU by its definition
    expected = 1 / (1 + np.exp(-(inner @ fitted.head.output + fitted.head.output_bias)))
    np.testing.assert_allclose(got[0, 7], expected[0], atol=2e-3)


def test_a_saved_head_gives_the_same_masks(fitted: FittedHead, tmp_path: Path) -> None:
    tokens, _, _ = separable(4, seed=5)
    fitted.head.save(tmp_path / "head.safetensors", "vit-1")
    again = ForegroundHead.open(tmp_path / "head.safetensors", "vit-1")
    np.testing.assert_array_equal(again.masks(tokens), fitted.head.masks(tokens))


def test_a_head_of_another_encoder_is_refused_with_what_to_do(fitted: FittedHead, tmp_path: Path) -> None:
    fitted.head.save(tmp_path / "head.safetensors", "vit-1")
    with pytest.raises(EncoderMismatchError, match=r"vit-1.*vit-2.*encoder\.isolation\.weights"):
        ForegroundHead.open(tmp_path / "head.safetensors", "vit-2")


def test_a_file_that_is_no_head_is_refused(fitted: FittedHead, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "head.safetensors"
    for damage in ("text", "other", "cut"):
        if damage == "text":
            path.write_bytes(b"no safetensors at all")
        elif damage == "other":
            save_file({"weight": np.zeros(3)}, path, {"encoder": "vit-1"})
        else:
            fitted.head.save(path, "vit-1")
            path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(EncoderUnavailableError, match=r"head\.safetensors holds no foreground head"):
            ForegroundHead.open(path, "vit-1")


def test_masks_become_products_in_the_picture(fitted: FittedHead) -> None:
    tokens, masks, _ = separable(1, seed=7)
    layers = np.concatenate([tokens[:, :, :2], tokens[:, :, :1], tokens[:, :, 2:]], axis=2).astype(np.float32)
    seen = Seen([Image.new("RGB", (100, 100))], [Box(0, 0, 100, 100)], GRID, layers)
    (found,) = ForegroundIsolator(fitted.head).isolate(seen)
    assert found.found
    assert iou(found.mask, masks[0]) > 0.9
    with pytest.raises(ValueError, match="there are none"):
        ForegroundIsolator(fitted.head).isolate(replace(seen, layers=None))
