import os
import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from recognition.errors import UnreadablePictureError
from recognition.pictures.reading import FORMAT_SUFFIXES, PictureLimits, identify_format, read_picture
from recognition.vocabulary import PictureReason

FORMATS = sorted(FORMAT_SUFFIXES)


def photo(width: int = 96, height: int = 64) -> Image.Image:
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(3).integers(0, 60, (height, width, 1))
    pixels = np.stack([rows * 2, columns * 2, (rows + columns) % 200], axis=-1) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(picture: Image.Image, picture_format: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, picture_format, **options)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


def refusal(source: Path | bytes, limits: PictureLimits | None = None) -> PictureReason:
    with pytest.raises(UnreadablePictureError) as caught:
        read_picture(source, limits or PictureLimits())
    assert len(caught.value.detail) <= 300
    return caught.value.reason


@pytest.mark.parametrize("picture_format", FORMATS)
def test_each_accepted_format_is_read_from_bytes_and_from_a_file_with_any_name(
    picture_format: str, tmp_path: Path
) -> None:
    data = encoded(photo(), picture_format)
    (tmp_path / "wrong.txt").write_bytes(data)
    for source in (data, tmp_path / "wrong.txt"):
        picture = read_picture(source)
        assert (picture.mode, picture.size) == ("RGB", (96, 64))
        assert np.abs(np.asarray(picture, float) - np.asarray(photo(), float)).mean() < 12
    assert identify_format(data) == picture_format


@pytest.mark.parametrize("picture_format", FORMATS)
def test_a_truncated_download_is_unreadable_and_never_half_a_picture(picture_format: str) -> None:
    data = encoded(photo(), picture_format)
    for kept in (20, len(data) // 4, len(data) // 2, len(data) * 9 // 10):
        assert refusal(data[:kept]) in {PictureReason.UNREADABLE, PictureReason.TOO_SMALL}


def test_the_same_damage_is_told_in_the_same_words_every_time() -> None:
    told = []
    for _ in range(2):
        with pytest.raises(UnreadablePictureError) as caught:
            read_picture(b"\xff\xd8\xff no more")
        told.append(caught.value.detail)
    assert told[0] == told[1]
    assert " at 0x" not in told[0]


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (12_000, 12_000), (6_000, 5_000)])
def test_a_small_file_that_unpacks_to_gigabytes_is_refused_by_its_header(width: int, height: int) -> None:
    assert refusal(png_that_claims(width, height)) is PictureReason.TOO_LARGE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in production, where Pillow's own bomb warning raises nothing
        assert refusal(png_that_claims(width, height)) is PictureReason.TOO_LARGE


def test_a_file_with_too_many_bytes_is_refused_without_reading_all_of_it(tmp_path: Path) -> None:
    with (tmp_path / "sparse.jpg").open("wb") as file:
        file.truncate(1 << 40)
    assert refusal(tmp_path / "sparse.jpg") is PictureReason.TOO_LARGE
    assert refusal(encoded(photo(), "PNG"), PictureLimits(max_bytes=1000)) is PictureReason.TOO_LARGE


def test_a_tracking_pixel_is_too_small() -> None:
    assert refusal(encoded(photo(1, 1), "GIF")) is PictureReason.TOO_SMALL
    assert refusal(encoded(photo(500, 31), "PNG")) is PictureReason.TOO_SMALL
    assert read_picture(encoded(photo(32, 32), "PNG")).size == (32, 32)


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><title>404</title>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7",
        b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
        b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
        b"RIFF\0\0\0\0WAVEfmt ",
        encoded(Image.new("RGB", (64, 64)), "BMP"),
        encoded(Image.new("RGB", (64, 64)), "TIFF"),
        b"\xff",
    ],
)
def test_an_error_page_or_another_format_under_an_image_address_is_unsupported(data: bytes) -> None:
    assert refusal(data) is PictureReason.UNSUPPORTED_FORMAT


def test_a_missing_file_a_folder_and_a_pipe_are_missing_and_nobody_waits_for_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("nothing.jpg", "pipe.jpg", "."):
        assert refusal(tmp_path / name) is PictureReason.MISSING


def test_an_empty_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    assert refusal(tmp_path / "empty.jpg") is PictureReason.UNREADABLE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_held_sideways_gives_an_upright_picture(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photo(), "PNG", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")
    assert np.array_equal(np.asarray(read_picture(data)), np.asarray(expected))


def test_a_broken_exif_block_does_not_cost_the_picture() -> None:
    assert read_picture(encoded(photo(), "JPEG", exif=b"Exif\0\0not a TIFF header")).size == (96, 64)


def test_the_place_where_a_phone_photo_was_taken_is_left_behind() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    picture = read_picture(encoded(photo(), "JPEG", exif=exif))
    assert not picture.info
    assert not picture.getexif()


def test_a_cmyk_print_file_keeps_its_colours() -> None:
    red = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    picture = read_picture(encoded(red, "JPEG", quality=95))
    assert np.abs(np.asarray(picture).mean((0, 1)) - [255, 0, 0]).max() < 8


def test_sixteen_bit_grey_is_scaled_and_not_clipped_to_white() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    picture = read_picture(encoded(Image.fromarray(ramp), "PNG"))
    assert np.abs(np.asarray(picture)[..., 0] - ramp / 257).max() <= 0.5


def test_a_transparent_background_becomes_white_and_not_black() -> None:
    cut_out = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    cut_out.paste((200, 10, 10, 255), (16, 16, 48, 48))
    palette = cut_out.quantize(8)
    grey = cut_out.convert("LA")
    for picture, picture_format in (
        (cut_out, "PNG"),
        (cut_out, "WEBP"),
        (palette, "PNG"),
        (cut_out, "GIF"),
        (grey, "PNG"),
    ):
        options = {"lossless": True} if picture_format == "WEBP" else {}
        assert read_picture(encoded(picture, picture_format, **options)).getpixel((2, 2)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_black_and_white_grey_and_palette_pictures_come_out_as_rgb(mode: str) -> None:
    assert read_picture(encoded(photo().convert(mode), "PNG")).mode == "RGB"


@pytest.mark.parametrize("picture_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_gives_its_first_frame(picture_format: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], picture_format, save_all=True, append_images=frames[1:])
    assert np.abs(np.asarray(read_picture(data)).mean((0, 1)) - [255, 0, 0]).max() < 6
