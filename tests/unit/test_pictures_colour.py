"""Colours of a product: what moves the descriptor and what must not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance
from skimage.color import rgb2lab

from recognition.pictures.colour import colour_descriptor, lab_of
from recognition.pictures.quality import measure_picture

RED, GREEN = (200, 60, 60), (40, 122, 40)  # one grey level


def bracket(fill: tuple[int, int, int], ground: tuple[int, int, int] = (225, 225, 225), side: int = 96) -> Image.Image:
    """A bent part in one colour: upright at the left, foot at the bottom."""
    picture = Image.new("RGB", (side, side), ground)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((side // 4, side // 5, side // 2, side * 4 // 5), fill=fill)
    pen.rectangle((side // 4, side * 3 // 5, side * 3 // 4, side * 4 // 5), fill=fill)
    return picture


def mask_of(picture: Image.Image, ground: tuple[int, int, int], grid: int = 14) -> NDArray[np.float32]:
    differs = (np.asarray(picture) != np.array(ground)).any(axis=2).astype(np.float32)
    return np.asarray(Image.fromarray(differs).resize((grid, grid), Image.Resampling.BOX))


def distance(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(left - right))


def test_one_part_in_two_colours_is_told_apart_where_its_shape_says_nothing() -> None:
    red, green = bracket(RED), bracket(GREEN)
    assert measure_picture(red).phash == measure_picture(green).phash  # shape sees one part
    mask = mask_of(red, (225, 225, 225))
    assert distance(colour_descriptor(red, mask), colour_descriptor(green, mask)) > 1.0


@pytest.mark.parametrize("exposure", [0.85, 1.15])
@pytest.mark.parametrize("fill", [RED, GREEN, (90, 45, 20), (54, 100, 160), (170, 160, 60)])
def test_another_exposure_moves_it_less_than_another_colour(fill: tuple[int, int, int], exposure: float) -> None:
    part, others = bracket(fill), [bracket(other) for other in (RED, GREEN, (90, 45, 20)) if other != fill]
    mask = mask_of(part, (225, 225, 225))
    lit = colour_descriptor(ImageEnhance.Brightness(part).enhance(exposure), mask)
    moved = distance(lit, colour_descriptor(part, mask))
    assert moved < min(distance(lit, colour_descriptor(other, mask)) for other in others)


def test_greys_that_differ_in_lightness_alone_are_told_apart() -> None:
    black, grey, white = (bracket((level, level, level), ground=(40, 90, 160)) for level in (30, 130, 240))
    mask = mask_of(grey, (40, 90, 160))
    rows = [colour_descriptor(picture, mask) for picture in (black, grey, white)]
    assert distance(rows[0], rows[1]) > 0.5
    assert distance(rows[1], rows[2]) > 0.5


def test_the_background_hardly_counts_even_under_a_mask_as_coarse_as_a_patch() -> None:
    on_blue, on_green = bracket(RED, ground=(40, 80, 200)), bracket(RED, ground=(60, 180, 70))
    mask = mask_of(on_blue, (40, 80, 200), grid=7)
    with_mask = distance(colour_descriptor(on_blue, mask), colour_descriptor(on_green, mask))
    all_of_it = np.ones((7, 7), dtype=np.float32)
    assert with_mask < 0.2 * distance(colour_descriptor(on_blue, all_of_it), colour_descriptor(on_green, all_of_it))


def test_a_mask_is_read_in_the_rows_and_columns_of_the_picture() -> None:
    picture = Image.new("RGB", (120, 40), RED)
    picture.paste(GREEN, (60, 0, 120, 40))
    mask = np.zeros((6, 6), dtype=np.float32)
    mask[:, :2] = 1
    left = colour_descriptor(picture, mask)
    red = colour_descriptor(Image.new("RGB", (120, 40), RED), None)
    green = colour_descriptor(Image.new("RGB", (120, 40), GREEN), None)
    assert distance(left, red) < 0.01
    assert distance(left, green) > 1.0


@pytest.mark.parametrize(
    "empty", [np.zeros((14, 14)), np.zeros((0, 0)), np.full((14, 14), np.nan), np.full((14, 14), -1.0)]
)
def test_a_mask_that_covers_nothing_counts_as_no_mask(empty: NDArray[np.float64]) -> None:
    picture = bracket(RED)
    np.testing.assert_array_equal(colour_descriptor(picture, empty), colour_descriptor(picture, None))


def test_a_mask_that_covers_everything_weighs_all_pixels_alike() -> None:
    picture = bracket(RED, side=64)
    pixels = np.asarray(picture).reshape(-1, 3)
    fills, counts = np.unique(pixels, axis=0, return_counts=True)
    assert len(fills) == 2
    shares = sum(count * naive_bins(fill) for fill, count in zip(fills, counts, strict=True)) / len(pixels)
    np.testing.assert_allclose(colour_descriptor(picture, np.ones((3, 3))) ** 2, shares, atol=2e-3)


def naive_bins(pixel: NDArray[np.uint8]) -> NDArray[np.float64]:
    """[COLOUR_WIDTH] of one pixel, bin by bin, as the module docstring words it."""
    lightness, green_red, blue_yellow = (float(part) for part in rgb2lab(pixel[None, None] / 255.0)[0, 0])
    chroma = np.array([green_red, blue_yellow]) * 66 / (lightness + 16) / 80
    length = float(np.linalg.norm(chroma))
    chroma *= 1 / length if length > 1 else 1 / np.sqrt(max(length, 0.02))
    shares = np.zeros((4, 9, 9))
    for at in np.ndindex(4, 9, 9):
        middle = (5 + 30 * at[0], -1 + at[1] / 4, -1 + at[2] / 4)
        gaps = (abs(min(max(lightness, 5), 95) - middle[0]) / 30, *(np.abs(chroma - middle[1:]) / 0.25))
        shares[at] = np.prod([max(0.0, 1 - gap) for gap in gaps])
    return shares.ravel()


def test_lab_is_the_one_of_skimage() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (500, 3), dtype=np.uint8)
    expected = rgb2lab(pixels[None] / 255.0)[0]
    np.testing.assert_allclose(np.stack(lab_of(pixels), axis=1), expected, atol=0.02)
