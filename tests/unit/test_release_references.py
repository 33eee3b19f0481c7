"""Reference pictures of a release: small, without metadata, drawn once, bounded, and never those of another product."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.release.references import (
    PICTURES,
    TABLE,
    ReferencePhoto,
    ReferencePolicy,
    References,
    draw_references,
    keep_references,
    no_references,
)

ORIENTATION, GPS = 0x0112, 0x8825


def photo(folder: Path, name: str, size: tuple[int, int] = (1200, 600), **options: object) -> ReferencePhoto:
    shade = sum(name.encode()) % 256
    path = folder / f"{name}.jpg"
    Image.new("RGB", size, (shade, 90, 160)).save(path, **options)
    return ReferencePhoto(f"sha of {name}", path)


def opened(folder: Path) -> References:
    return References((folder / PICTURES).read_bytes(), (folder / TABLE).read_bytes())


def folder_of(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def test_each_product_is_shown_its_own_photos_best_first(tmp_path):
    photos = {sku: [photo(tmp_path, f"{sku}{place}") for place in range(2)] for sku in ("tea", "cola", "naïve ☕")}
    draw_references(tmp_path, photos)
    for sku in photos:
        shown = [np.asarray(Image.open(BytesIO(jpeg))) for jpeg in opened(tmp_path).of(sku)]
        shades = [sum(f"{sku}{place}".encode()) % 256 for place in range(2)]
        assert [round(float(pixels[..., 0].mean())) for pixels in shown] == pytest.approx(shades, abs=3)
    assert opened(tmp_path).of("unknown") == ()


def test_a_picture_is_small_upright_and_says_nothing_of_where_it_was_taken(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # the camera was held upright
    exif.get_ifd(GPS)[1] = "N"
    draw_references(tmp_path, {"tea": [photo(tmp_path, "a", size=(1600, 800), exif=exif)]})
    (jpeg,) = opened(tmp_path).of("tea")
    with Image.open(BytesIO(jpeg)) as picture:
        assert picture.size == (128, 256)
        assert not picture.getexif()


def test_a_photo_that_cannot_be_read_costs_its_own_place_only(tmp_path):
    gone = ReferencePhoto("gone", tmp_path / "gone.jpg")
    draw_references(tmp_path, {"tea": [gone, photo(tmp_path, "a")], "cola": [gone]})
    assert len(opened(tmp_path).of("tea")) == 1
    assert opened(tmp_path).of("cola") == ()


def test_what_the_release_before_has_drawn_is_not_drawn_again(tmp_path):
    first, second = folder_of(tmp_path, "first"), folder_of(tmp_path, "second")
    old, new = photo(tmp_path, "old"), photo(tmp_path, "new")
    draw_references(first, {"tea": [old]})
    old.path.unlink()
    draw_references(second, {"cola": [old, new]}, before=opened(first))
    assert opened(second).of("cola")[0] == opened(first).of("tea")[0]
    assert len(opened(second).of("cola")) == 2


def test_the_same_photos_make_the_same_bytes(tmp_path):
    first, second = folder_of(tmp_path, "first"), folder_of(tmp_path, "second")
    photos = {sku: [photo(tmp_path, sku)] for sku in ("a", "b", "c")}
    draw_references(first, photos)
    draw_references(second, dict(reversed(photos.items())), before=opened(first))
    assert (first / PICTURES).read_bytes() == (second / PICTURES).read_bytes()
    assert (first / TABLE).read_bytes() == (second / TABLE).read_bytes()


def test_where_not_all_pictures_fit_each_product_has_one_before_any_has_two(tmp_path, caplog):
    noise = np.random.default_rng(0).integers(256, size=(256, 256, 3), dtype=np.uint8)
    photos: dict[str, list[ReferencePhoto]] = {}
    for sku in ("a", "b", "c", "d", "e", "f", "g", "h"):
        Image.fromarray(noise).save(tmp_path / f"{sku}.png")
        photos[sku] = [ReferencePhoto(sku, tmp_path / f"{sku}.png")] * 9
    draw_references(tmp_path, photos, policy=ReferencePolicy(pictures=9, most_mib=1))
    counts = [len(opened(tmp_path).of(sku)) for sku in photos]
    assert (tmp_path / PICTURES).stat().st_size <= 2**20
    assert 1 <= min(counts) < 9
    assert max(counts) - min(counts) <= 1
    assert "references.most_mib" in caplog.text


def test_a_release_with_newer_prices_shows_the_same_files(tmp_path):
    first, second = folder_of(tmp_path, "first"), folder_of(tmp_path, "second")
    draw_references(first, {"tea": [photo(tmp_path, "a")]})
    keep_references(second, before=first)
    assert opened(second).of("tea") == opened(first).of("tea")
    assert (second / PICTURES).samefile(first / PICTURES)


def test_a_release_without_pictures_opens_too(tmp_path):
    no_references(tmp_path)
    assert opened(tmp_path).of("tea") == ()
