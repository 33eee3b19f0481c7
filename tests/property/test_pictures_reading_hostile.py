from contextlib import suppress
from io import BytesIO

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.pictures.quality import judge_picture, measure_picture
from recognition.pictures.reading import FORMAT_SUFFIXES, read_picture

MAGIC = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x14ftypavif\0\0\0\0avif"]


def encode(picture_format: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    Image.fromarray(pixels).save(file, picture_format, exif=exif)
    return file.getvalue()


FILES = {picture_format: encode(picture_format) for picture_format in FORMAT_SUFFIXES}


@settings(deadline=None)
@given(magic=st.sampled_from(MAGIC), rest=st.binary(max_size=300))
def test_random_bytes_behind_a_true_signature_are_refused_with_a_reason(magic: bytes, rest: bytes) -> None:
    with suppress(UnreadablePictureError):
        read_picture(magic + rest)


@settings(deadline=None, max_examples=300)
@given(picture_format=st.sampled_from(sorted(FILES)), data=st.data())
def test_a_file_with_flipped_bytes_is_a_picture_or_a_reason_and_never_another_error(
    picture_format: str, data: st.DataObject
) -> None:
    damaged = bytearray(FILES[picture_format])
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    with suppress(UnreadablePictureError):
        picture = read_picture(bytes(damaged))
        assert picture.mode == "RGB"
        judge_picture(measure_picture(picture))
