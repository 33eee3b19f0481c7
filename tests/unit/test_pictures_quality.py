import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from recognition.pictures.quality import PictureQuality, QualityPolicy, _tile_means, judge_picture, measure_picture
from recognition.pictures.reading import read_picture
from recognition.vocabulary import PictureReason

GROCERY = Path(os.environ.get("SKULOOP_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "grocery"
GOOD = PictureQuality(width=200, height=200, sharpness=400, brightness=120, contrast=40, phash=1)


def pack(side: int = 224, share: float = 0.6) -> Image.Image:
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    edge, far = side * (1 - share) / 2, side * (1 + share) / 2
    draw.rectangle((edge, edge, far, far), fill="#b03a2e")
    draw.text((edge + 4, edge + 4), "OAT MILK\n1 litre", fill="white", font_size=side * share / 6)
    return picture


def noisy(picture: Image.Image, sigma: float) -> Image.Image:
    pixels = np.asarray(picture) + np.random.default_rng(0).normal(0, sigma, (picture.height, picture.width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def verdict(picture: Image.Image) -> PictureReason:
    return judge_picture(measure_picture(picture))


def test_a_small_product_on_a_plain_background_is_not_taken_for_blur() -> None:
    assert [verdict(pack(share=share)) for share in (0.15, 0.3, 0.6, 0.9)] == [PictureReason.OK] * 4


@pytest.mark.parametrize("shape", [(256, 256), (255, 250), (192, 256), (31, 17), (7, 3), (1, 40)])
def test_tiles_cover_every_pixel_once_whatever_the_size(shape: tuple[int, int]) -> None:
    energy = np.random.default_rng(0).random(shape, dtype=np.float32) ** 3
    rows, columns = (max(side // 16, 1) for side in shape)
    one_by_one = [
        [tile.mean() for tile in np.array_split(band, columns, axis=1)] for band in np.array_split(energy, rows)
    ]
    assert _tile_means(energy) == pytest.approx(np.array(one_by_one), rel=1e-5)


@pytest.mark.parametrize("sigma", [0, 3, 6])
def test_an_out_of_focus_photo_is_refused_even_where_sensor_noise_imitates_detail(sigma: float) -> None:
    assert verdict(noisy(pack().filter(ImageFilter.GaussianBlur(4)), sigma)) is PictureReason.BLURRED


@pytest.mark.parametrize("direction", [(1, 15), (15, 1)])
def test_a_camera_that_moved_blurs_one_direction_and_is_refused(direction: tuple[int, int]) -> None:
    from scipy.ndimage import uniform_filter

    moved = Image.fromarray(uniform_filter(np.asarray(pack()), (*direction, 1)))
    assert verdict(moved) is PictureReason.BLURRED


@pytest.mark.parametrize("colour", ["white", "black", "#808080"])
def test_a_covered_lens_is_blank_with_and_without_noise(colour: str) -> None:
    blank = Image.new("RGB", (224, 224), colour)
    assert verdict(blank) is PictureReason.BLANK
    assert verdict(noisy(blank, 5)) is PictureReason.BLANK


def test_a_large_photo_is_judged_at_the_size_the_recogniser_sees() -> None:
    large = pack(2400).filter(ImageFilter.GaussianBlur(5))
    assert verdict(large) is PictureReason.OK


def test_a_small_thumbnail_is_too_small_to_tell_products_apart() -> None:
    assert verdict(pack(40)) is PictureReason.TOO_SMALL


def test_the_most_basic_fault_is_named_first() -> None:
    faults = {"width": 10, "contrast": 0.0, "sharpness": 0.0}
    assert judge_picture(GOOD) is PictureReason.OK
    assert judge_picture(replace(GOOD, **faults)) is PictureReason.TOO_SMALL
    assert judge_picture(replace(GOOD, contrast=0.0, sharpness=0.0)) is PictureReason.BLANK
    assert judge_picture(replace(GOOD, sharpness=0.0)) is PictureReason.BLURRED


def test_a_policy_of_ones_own_is_obeyed_without_measuring_again() -> None:
    assert judge_picture(GOOD, QualityPolicy(min_sharpness=401)) is PictureReason.BLURRED


def test_measuring_leaves_the_picture_as_it_was() -> None:
    picture = pack(600)
    measured = measure_picture(picture)
    assert picture.size == (measured.width, measured.height) == (600, 600)
    assert measure_picture(picture) == measured


def test_a_narrow_strip_is_measured_and_does_not_divide_by_nothing() -> None:
    measured = measure_picture(noisy(Image.new("RGB", (4000, 40), "grey"), 20))
    assert np.isfinite([measured.sharpness, measured.brightness, measured.contrast]).all()


def test_the_hash_of_stored_pictures_still_compares_after_an_upgrade() -> None:
    blocks = np.array([[30, 200, 90, 160], [250, 10, 70, 120], [5, 140, 220, 60], [180, 95, 40, 235]], np.uint8)
    picture = Image.fromarray(np.kron(blocks, np.ones((16, 16), np.uint8))).convert("RGB")
    assert (measure_picture(picture).phash ^ 0xAD4EA50700F852B1).bit_count() <= 2


@pytest.mark.shared
@pytest.mark.skipif(not GROCERY.exists(), reason="needs the grocery photos of SKULOOP_SHARED")
def test_hardly_any_real_shop_photo_is_refused_and_their_blurred_copies_are() -> None:
    photos = [read_picture(path) for path in sorted((GROCERY / "images").rglob("*.jpg"))[::18]]
    sharp = Counter(verdict(photo) for photo in photos)
    blurred = Counter(verdict(photo.filter(ImageFilter.GaussianBlur(3))) for photo in photos)
    assert sharp[PictureReason.OK] > 0.99 * len(photos)
    assert blurred[PictureReason.BLURRED] > 0.99 * len(photos)
