"""Products cut out of catalogue photos, and photos that must not be cut."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recognition.isolation.cutout import CutOut, cut_out

RED = (190, 40, 30)


def through_jpeg(picture: Image.Image, quality: int = 90) -> Image.Image:
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def ring(ground: tuple[int, int, int] = (255, 255, 255), side: int = 160) -> Image.Image:
    picture = Image.new("RGB", (side, side), ground)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((20, 20, 140, 140), fill=RED)
    pen.ellipse((55, 55, 105, 105), fill=ground)
    return picture


def cut(picture: Image.Image) -> CutOut:
    found = cut_out(picture)
    assert found is not None
    return found


def shares(alpha: NDArray[np.float32], row: slice, column: slice) -> float:
    return float(alpha[row, column].mean())


@pytest.mark.parametrize("ground", [(255, 255, 255), (205, 208, 210), (12, 12, 14), (60, 140, 200)])
def test_the_hole_of_a_ring_shows_the_background_and_is_none_of_the_product(ground: tuple[int, int, int]) -> None:
    alpha = cut(through_jpeg(ring(ground))).alpha
    assert alpha.shape == pytest.approx((121, 121), abs=3)
    assert shares(alpha, slice(42, 78), slice(42, 78)) < 0.02
    assert shares(alpha, slice(50, 70), slice(5, 30)) > 0.98
    assert alpha.mean() == pytest.approx(np.pi / 4 * (1 - (50 / 120) ** 2), abs=0.03)


def test_a_white_label_that_is_not_quite_the_background_stays_on_the_product() -> None:
    picture = Image.new("RGB", (160, 160), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((30, 20, 130, 140), fill=RED)
    pen.rectangle((50, 40, 110, 100), fill=(244, 243, 240))
    assert cut(through_jpeg(picture)).alpha[25:75, 25:75].min() > 0.98


def test_no_colour_of_the_background_is_left_at_the_edge() -> None:
    product = np.asarray(cut(through_jpeg(ring(), quality=75)).product, dtype=np.float32)
    seen = product[product[..., 3] > 64][:, :3]
    assert np.linalg.norm(seen - np.array(RED), axis=1).max() < 80  # white is 310 away


def test_a_thin_part_is_kept_whole() -> None:
    picture = Image.new("RGB", (160, 160), "white")
    ImageDraw.Draw(picture).line((20, 30, 140, 120), fill=(30, 60, 150), width=4)
    alpha = cut(through_jpeg(picture, 92)).alpha
    along = np.linspace(0.1, 0.9, 30)
    rows, columns = (np.round(along * (extent - 1)).astype(int) for extent in alpha.shape)
    assert alpha[rows, columns].min() > 0.6


def test_a_photo_with_clutter_to_its_border_gives_nothing() -> None:
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    assert cut_out(Image.fromarray(blocks).resize((180, 180), Image.Resampling.BICUBIC)) is None


def test_a_gradient_behind_the_product_gives_nothing() -> None:
    field = Image.linear_gradient("L").resize((160, 160)).convert("RGB")
    field.paste(RED, (50, 50, 110, 110))
    assert cut_out(field) is None


@pytest.mark.parametrize("box", [(80, 80, 83, 83), (1, 1, 159, 159), None])
def test_nothing_and_everything_are_no_products(box: tuple[int, int, int, int] | None) -> None:
    picture = Image.new("RGB", (160, 160), "white")
    if box:
        picture.paste(RED, box)
    assert cut_out(picture) is None


def test_a_product_that_touches_two_edges_is_cut() -> None:
    picture = Image.new("RGB", (200, 160), "white")
    picture.paste(RED, (70, 0, 130, 160))
    alpha = cut(picture).alpha
    assert alpha.shape == pytest.approx((160, 60), abs=3)
    assert alpha.mean() > 0.95


def test_a_pale_product_whose_bright_side_the_light_ate_is_filled() -> None:
    picture = Image.new("RGB", (160, 160), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 40, 120, 120), fill=(222, 222, 222))
    pen.rectangle((76, 60, 84, 120), fill="white")  # a groove that opens to the background
    pen.rectangle((50, 70, 60, 80), fill="white")
    assert cut(picture).alpha[20:60, 10:70].min() > 0.98


def test_a_large_photo_comes_back_no_larger_than_is_ever_shown() -> None:
    assert max(cut(ring().resize((2000, 2000))).product.size) < 448
