import numpy as np
import pytest

from recognition.encoders.pooling import Features, patch_weights, pooled_plainly, pooled_under, side_by_side
from recognition.encoders.protocol import unit_rows

RNG = np.random.default_rng(4)
SUMMARY = RNG.normal(size=(3, 6)).astype(np.float32)
LAYERS = RNG.normal(size=(3, 16, 4, 6)).astype(np.float32)  # 4 x 4 patches in 4 layers
MASKS = RNG.uniform(size=(3, 8, 8)).astype(np.float32)  # 2 x 2 cells to a patch


def test_pooling_under_a_mask_is_the_weighted_mean_written_out_patch_by_patch() -> None:
    rows = []
    for picture in range(3):
        parts = [SUMMARY[picture].astype(np.float64)]
        for layer in range(4):
            total, weights = np.zeros(6), 0.0
            for row in range(4):
                for column in range(4):
                    cells = [MASKS[picture, 2 * row + y, 2 * column + x] for y in (0, 1) for x in (0, 1)]
                    weight = sum(cells) / 4 + 1e-3
                    total += weight * LAYERS[picture, 4 * row + column, layer]
                    weights += weight
            parts.append(total / weights)
        row_of_parts = np.concatenate([part / np.linalg.norm(part) for part in parts])
        rows.append(row_of_parts / np.linalg.norm(row_of_parts))
    np.testing.assert_allclose(pooled_under(Features(SUMMARY, LAYERS), MASKS), rows, atol=1e-6)


def test_plain_pooling_is_class_token_and_mean_patch_of_the_last_layer_alone() -> None:
    expected = np.concatenate([SUMMARY, LAYERS[:, :, 3].mean(axis=1)], axis=1)
    got = pooled_plainly(Features(SUMMARY, LAYERS))
    np.testing.assert_allclose(got, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


def test_background_that_a_mask_leaves_out_hardly_moves_the_row() -> None:
    masks = np.zeros((3, 4, 4), dtype=np.float32)
    masks[:, 1:3, 1:3] = 1
    other = LAYERS.copy()
    other[:, 0] += 1
    before, after = (pooled_under(Features(SUMMARY, layers), masks) for layers in (LAYERS, other))
    everywhere = np.ones_like(masks)
    moved = [pooled_under(Features(SUMMARY, layers), everywhere) for layers in (LAYERS, other)]
    assert (before * after).sum(axis=1).min() > 0.9999
    assert (moved[0] * moved[1]).sum(axis=1).max() < 0.999


def test_an_empty_mask_is_a_plain_mean_instead_of_a_division_by_zero() -> None:
    empty, full = np.zeros((3, 4, 4), dtype=np.float32), np.ones((3, 4, 4), dtype=np.float32)
    features = Features(SUMMARY, LAYERS)
    np.testing.assert_allclose(pooled_under(features, empty), pooled_under(features, full), atol=1e-6)


def test_a_model_without_patches_gives_its_summary_under_any_mask() -> None:
    features = Features(SUMMARY, None)
    np.testing.assert_array_equal(pooled_under(features, MASKS), unit_rows(SUMMARY))
    np.testing.assert_array_equal(pooled_plainly(features), unit_rows(SUMMARY))


def test_masks_of_one_cell_to_a_patch_are_their_own_weights() -> None:
    masks = RNG.uniform(size=(2, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(patch_weights(masks, 5), masks.reshape(2, 25))


def test_blocks_side_by_side_weigh_the_same_and_make_unit_rows() -> None:
    narrow, wide = unit_rows(RNG.normal(size=(3, 2))), unit_rows(RNG.normal(size=(3, 30)))
    both = side_by_side([narrow, wide])
    assert np.linalg.norm(both, axis=1) == pytest.approx(np.ones(3))
    assert (both[:, :2] ** 2).sum(axis=1) == pytest.approx(np.full(3, 0.5))
