import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognition.encoders.preparation import centre_frame, normalised, seen_square
from recognition.isolation.masks import component_boxes, share_inside
from recognition.isolation.protocol import Box, whole

BICUBIC = Image.Resampling.BICUBIC


def with_bright_box(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    picture = Image.new("RGB", size, "black")
    ImageDraw.Draw(picture).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill="white")
    return picture


@pytest.mark.parametrize("share", [0.875, 0.9, 1.0])
@pytest.mark.parametrize(("size", "box"), [((300, 300), (40, 60, 120, 180)), ((460, 340), (250, 40, 380, 130))])
def test_what_is_bright_on_the_model_s_square_is_mapped_back_to_where_it_is_on_the_picture(
    share: float, size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    picture = with_bright_box(size, box)
    frame = centre_frame(picture, share)
    mask = np.asarray(seen_square(picture, frame, 224, BICUBIC).convert("L").resize((56, 56), Image.Resampling.BOX))
    (found,) = component_boxes(mask.astype(np.float32) / 255, frame)
    # Half a cell of the mask, in pixels of the picture.
    assert (found.left, found.top, found.right, found.bottom) == pytest.approx(box, abs=frame.width / 56 / 2)


def test_the_frame_of_a_wide_picture_is_its_middle() -> None:
    assert centre_frame(Image.new("RGB", (400, 200)), 0.9) == Box(110, 10, 290, 190)


def test_a_square_that_reaches_outside_of_the_picture_is_white_there_and_true_inside() -> None:
    picture = Image.new("RGB", (100, 50), "#204060")
    square = np.asarray(seen_square(picture, Box(0, -25, 100, 75), 200, BICUBIC))
    assert (square[:50] == 255).all()
    assert (square[150:] == 255).all()
    assert (square[51:149] == (0x20, 0x40, 0x60)).all()


def test_a_second_look_sees_what_a_plain_crop_shows() -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (120, 160, 3), dtype=np.uint8))
    square = seen_square(picture, Box(30, 20, 94, 84), 64, BICUBIC)
    np.testing.assert_array_equal(np.asarray(square), np.asarray(picture.crop((30, 20, 94, 84))))
    assert share_inside(Box(30, 20, 94, 84), whole(picture)) == 1


def test_numbers_are_those_of_the_formula_pixel_by_pixel() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    got = normalised([Image.fromarray(square) for square in pixels], (0.4, 0.5, 0.6), (0.1, 0.2, 0.3))
    assert got.shape == (2, 3, 8, 8)
    for picture, channel, row, column in [(0, 0, 0, 0), (1, 2, 7, 3), (1, 1, 2, 5)]:
        expected = (pixels[picture, row, column, channel] / 255 - (0.4, 0.5, 0.6)[channel]) / (0.1, 0.2, 0.3)[channel]
        assert got[picture, channel, row, column] == pytest.approx(expected, abs=1e-5)
