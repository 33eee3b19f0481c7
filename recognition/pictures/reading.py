"""Reading a picture that may be broken, hostile or merely unusual: it comes out as plain RGB or as a closed reason.

The bytes decide what a file is, never its name or a server's header. Size is judged from the header, before a single
pixel is decoded, so that a small file which unpacks to gigabytes costs nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.vocabulary import PictureReason

FORMAT_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "AVIF": ".avif"}
)
"""Each accepted format, by Pillow's name, and the suffix of its files in the image store."""

_SIGNATURES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF"}
_ADDRESS = re.compile(r" ?<[\w.]+ object at 0x[0-9a-f]+>")
_ORIENTATION_TAG = 0x0112
_TURN_UPRIGHT = {  # EXIF 2.3, tag 0x0112: how the camera was held -> what brings the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a picture may cost: bytes of the file, pixels once decoded, and its shorter side in pixels."""

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 25_000_000
    min_side: int = 32


def read_picture(
    source: Path | bytes, limits: PictureLimits = PictureLimits(), about: int | None = None
) -> Image.Image:
    """Read one picture, upright and in 8-bit RGB.

    Transparency is laid on white, 16-bit grey is scaled to 8 bits, CMYK is converted, and an animation gives its first
    frame. Metadata (EXIF, colour profile) is left behind.

    Args:
        source: a path, or the bytes of a file.
        limits: what it may cost.
        about: the side in pixels at which it will be shown: a JPEG is then decoded at a half, a quarter or an eighth of
            its size, as long as both sides stay at least twice that; several times as fast.

    Raises:
        UnreadablePictureError: with MISSING, UNREADABLE, UNSUPPORTED_FORMAT, TOO_LARGE or TOO_SMALL.
    """
    data = source if isinstance(source, bytes) else _read_bytes(source, limits.max_bytes)
    if len(data) > limits.max_bytes:
        raise UnreadablePictureError(PictureReason.TOO_LARGE, f"the file has more than {limits.max_bytes} bytes")
    picture_format = identify_format(data)
    try:
        with Image.open(BytesIO(data), formats=[picture_format]) as picture:
            _check_size(picture.width, picture.height, limits)
            if about is not None:
                picture.draft(None, (2 * about, 2 * about))
            picture.load()
            return _as_rgb(_upright(picture))
    except UnreadablePictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePictureError(PictureReason.TOO_LARGE, _short(error)) from error
    except Exception as error:  # on hostile bytes Pillow raises whatever its parser met: KeyError, struct.error...
        raise UnreadablePictureError(PictureReason.UNREADABLE, f"damaged {picture_format}: {_short(error)}") from error


def check_picture(data: bytes, limits: PictureLimits = PictureLimits()) -> str:
    """Tell the format of a picture that can be kept, by what costs little: size, header and end. No pixel is decoded.

    What is damaged in between shows when it is read.

    Raises:
        UnreadablePictureError: with UNREADABLE, UNSUPPORTED_FORMAT, TOO_LARGE or TOO_SMALL.
    """
    if len(data) > limits.max_bytes:
        raise UnreadablePictureError(PictureReason.TOO_LARGE, f"the file has more than {limits.max_bytes} bytes")
    picture_format = identify_format(data)
    try:
        with Image.open(BytesIO(data), formats=[picture_format]) as picture:
            width, height = picture.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePictureError(PictureReason.TOO_LARGE, _short(error)) from error
    except Exception as error:  # on hostile bytes Pillow raises whatever its parser met: KeyError, struct.error...
        raise UnreadablePictureError(PictureReason.UNREADABLE, f"damaged {picture_format}: {_short(error)}") from error
    _check_size(width, height, limits)
    if not _has_its_end(data, picture_format):
        raise UnreadablePictureError(PictureReason.UNREADABLE, f"damaged {picture_format}: it ends in the middle")
    return picture_format


def _has_its_end(data: bytes, picture_format: str) -> bool:
    """Whether a file is cut off. What follows the end does not matter: cameras append things."""
    if picture_format == "JPEG":  # in a scan 0xFF is never followed by these (ITU T.81, B.1.1.5)
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    if picture_format == "PNG":
        return b"IEND" in data
    if picture_format == "WEBP":
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return picture_format != "GIF" or data.rstrip(b"\0").endswith(b";")


def identify_format(data: bytes) -> str:
    """Tell the format by the first bytes: one of FORMAT_SUFFIXES.

    Raises:
        UnreadablePictureError: UNREADABLE for an empty file, UNSUPPORTED_FORMAT for anything but the accepted formats.
    """
    if not data:
        raise UnreadablePictureError(PictureReason.UNREADABLE, "the file is empty")
    for signature, picture_format in _SIGNATURES.items():
        if data.startswith(signature):
            return picture_format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and _is_avif(data):
        return "AVIF"
    accepted = ", ".join(FORMAT_SUFFIXES)
    raise UnreadablePictureError(PictureReason.UNSUPPORTED_FORMAT, f"not one of {accepted} (starts {data[:12]!r})")


def _is_avif(data: bytes) -> bool:
    """Look for an AVIF brand in the `ftyp` box: HEIC and MP4 begin with the same box (ISO/IEC 14496-12, 4.3)."""
    box_size = int.from_bytes(data[:4], "big")
    major, compatible = data[8:12], data[16 : min(box_size, 256)]
    brands = {major, *(compatible[at : at + 4] for at in range(0, len(compatible), 4))}
    return not brands.isdisjoint({b"avif", b"avis"})


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        if not path.is_file():  # also a pipe or a device, which could keep us waiting for ever
            raise UnreadablePictureError(PictureReason.MISSING, f"there is no file {path.name}")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise UnreadablePictureError(PictureReason.UNREADABLE, _short(error)) from error


def _check_size(width: int, height: int, limits: PictureLimits) -> None:
    if width * height > limits.max_pixels:
        raise UnreadablePictureError(
            PictureReason.TOO_LARGE, f"{width} x {height} is more than {limits.max_pixels} pixels"
        )
    if min(width, height) < limits.min_side:
        raise UnreadablePictureError(
            PictureReason.TOO_SMALL, f"{width} x {height}: the shorter side is under {limits.min_side} pixels"
        )


def _upright(picture: Image.Image) -> Image.Image:
    # Not ImageOps.exif_transpose: it also rewrites the EXIF block, and fails on the malformed ones that phones write.
    try:
        turn = _TURN_UPRIGHT.get(picture.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF block may raise anything, and the pixels are still good
        return picture
    return picture if turn is None else picture.transpose(turn)


def _as_rgb(picture: Image.Image) -> Image.Image:
    """Convert any mode of the accepted formats to RGB without metadata."""
    if picture.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would clip it at 255
        grey = np.asarray(picture).astype(np.float32) / 257
        return Image.fromarray(grey.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    rgb = picture.convert("RGB")
    rgb.info = {}
    return rgb


def _short(error: Exception) -> str:
    """The same words for the same file: an address in memory, as Pillow names it, would differ from run to run."""
    return _ADDRESS.sub("", f"{type(error).__name__}: {error}")[:200]
