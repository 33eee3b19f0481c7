import math

import numpy as np
import pytest
from PIL import Image

from recognition.isolation.attention import AttentionIsolator, gathered
from recognition.isolation.detector import Detection, decoded, letterbox, prominence
from recognition.isolation.foreground_head import standardised
from recognition.isolation.masks import isolated_by
from recognition.isolation.protocol import Box, Seen
from recognition.isolation.sheet import isolation_sheet, masked
from recognition.isolation.whole_picture import WholePicture

PICTURE = Box(0, 0, 832, 416)  # letterboxed at half its size: 416 x 208


def output_with(things: list[tuple[int, int, int, float, float, float, float, int]]) -> np.ndarray:
    """YOLOX output of 3549 cells with things (stride, column, row, dx, dy, log width, log height, class)."""
    output = np.full((3549, 85), 1e-4, dtype=np.float32)
    starts = {8: 0, 16: 52 * 52, 32: 52 * 52 + 26 * 26}
    for stride, column, row, dx, dy, width, height, kind in things:
        cell = starts[stride] + row * (416 // stride) + column
        output[cell, :5] = dx, dy, width, height, 0.9
        output[cell, 5 + kind] = 0.8
    return output


def test_each_grid_of_the_detector_is_decoded_as_its_paper_says() -> None:
    things = [
        (8, 20, 10, 0.25, 0.5, 1.5, 1.0, 39),
        (16, 5, 3, 0.5, 0.5, 0.5, 1.2, 47),
        (32, 10, 4, 0.1, 0.9, 0.7, 0.6, 3),
    ]
    found = {detection.box for detection in decoded(output_with(things), 0.5, PICTURE)}
    assert len(found) == 3
    for stride, column, row, dx, dy, log_width, log_height, _ in things:
        x, y = (column + dx) * stride * 2, (row + dy) * stride * 2
        width, height = math.exp(log_width) * stride * 2, math.exp(log_height) * stride * 2
        expected = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        assert any((box.left, box.top, box.right, box.bottom) == pytest.approx(expected, rel=1e-4) for box in found)


def test_one_thing_seen_by_two_cells_is_one_detection() -> None:
    things = [(8, 20, 10, 0.5, 0.5, 2, 2, 39), (8, 21, 10, -0.5, 0.5, 2, 2, 41)]
    assert len(decoded(output_with(things), 0.5, PICTURE)) == 1


def test_a_person_who_holds_a_product_is_no_product() -> None:
    assert decoded(output_with([(16, 5, 3, 0.5, 0.5, 1, 1, 0)]), 0.5, PICTURE) == []


def test_boxes_end_where_the_picture_ends_and_those_in_the_padding_are_dropped() -> None:
    things = [
        (32, 0, 0, 0, 0, 1, 1, 39),
        (32, 5, 11, 0.5, 0.5, 0, 0, 39),
    ]  # the second is below the letterboxed picture
    (detection,) = decoded(output_with(things), 0.5, PICTURE)
    assert (detection.box.left, detection.box.top) == (0, 0)


def test_a_letterboxed_picture_keeps_its_shape_at_the_top_left_in_blue_green_red() -> None:
    pixels, scale = letterbox(Image.new("RGB", (832, 416), (10, 20, 30)))
    assert (pixels.shape, scale) == ((1, 3, 416, 416), 0.5)
    np.testing.assert_array_equal(pixels[0, :, 0, 0], [30, 20, 10])
    np.testing.assert_array_equal(pixels[0, :, 207, 415], [30, 20, 10])
    np.testing.assert_array_equal(pixels[0, :, 208, 0], [114, 114, 114])


def test_the_thing_in_the_middle_outranks_a_surer_small_one_at_the_edge() -> None:
    held = Detection(Box(250, 50, 550, 380), 0.4)
    behind = Detection(Box(780, 0, 832, 60), 0.7)
    assert prominence(held, PICTURE) > prominence(behind, PICTURE)


def test_attention_becomes_the_share_that_lies_no_higher() -> None:
    attention = np.array([[0.1, 0.4, 0.2, 0.3]])
    np.testing.assert_allclose(gathered(attention), [[0.1, 1.0, 0.3, 0.6]], atol=1e-6)


def test_patches_from_one_half_on_are_the_fewest_that_hold_half_of_the_attention() -> None:
    for seed in range(20):
        attention = np.random.default_rng(seed).exponential(size=(1, 49))
        kept = gathered(attention)[0] >= 0.5
        held = attention[0][kept].sum() / attention.sum()
        assert held >= 0.5
        assert held - attention[0][kept].min() / attention.sum() < 0.5


def test_a_method_that_is_given_nothing_to_read_says_so() -> None:
    picture = Image.new("RGB", (50, 50))
    with pytest.raises(ValueError, match="no attention"):
        AttentionIsolator().isolate(Seen([picture], [Box(0, 0, 50, 50)], 7))


def test_without_isolation_the_product_is_the_whole_picture() -> None:
    (found,) = WholePicture().isolate(Seen([Image.new("RGB", (80, 50))], [Box(15, 0, 65, 50)], 7))
    assert (found.found, found.boxes, found.frame) == (False, (Box(0, 0, 80, 50),), Box(15, 0, 65, 50))
    assert (found.mask == 1).all()


def test_tokens_are_standardised_each_for_itself_and_laid_side_by_side() -> None:
    tokens = np.random.default_rng(0).normal(3, 5, (2, 9, 3, 7))
    rows = standardised(tokens)
    assert rows.shape == (2, 9, 21)
    token = tokens[1, 4, 2]
    np.testing.assert_allclose(rows[1, 4, 14:], (token - token.mean()) / token.std(), atol=1e-4)


def test_a_sheet_shows_picture_mask_and_crop_of_each_photo_in_its_colours() -> None:
    picture = Image.new("RGB", (64, 64), "#e06020")
    mask = np.zeros((16, 16), dtype=np.float32)
    mask[4:12, 4:12] = 1
    isolated = isolated_by(mask[None], Seen([picture], [Box(0, 0, 64, 64)], 4))
    shown = masked(picture, isolated[0])
    assert shown.getpixel((32, 32)) == (0xE0, 0x60, 0x20)
    assert shown.getpixel((5, 5)) != (0xE0, 0x60, 0x20)
    sheet = isolation_sheet([picture] * 3, isolated * 3, ["a", "b", "c"], "Isolation")
    assert sheet.width > 6 * 160
    assert sheet.height > 2 * 160
