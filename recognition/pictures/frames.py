"""Frames of a video that may be broken, hostile or merely long: upright pictures with their time, or a closed reason.

The bytes decide what a file is, never its name. A process of its own decodes, with limits on memory and on processor
time: decoders of video are large C programs, and what a hostile file does to one ends with that process.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.pictures.bounds import start_reader
from recognition.vocabulary import PictureReason

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi"})
"""How the names of videos mostly end; what one is, its bytes decide."""

_HEAD = 64  # bytes that tell a container
_ISO_BRANDS = (b"isom", b"iso", b"mp4", b"avc1", b"M4V", b"qt  ", b"3gp", b"3g2", b"dash", b"MSNV", b"f4v")


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a video may cost.

    Attributes:
        max_bytes: Of the file.
        max_pixels: Of one frame.
        max_seconds: Of playing time; what comes later is not read.
        max_frames: That are given.
        min_side: Shorter side of a frame in pixels.
        max_memory: Bytes of address space of the process that decodes.
        max_work: Seconds of processor time of that process.
    """

    max_bytes: int = 512 * 1024 * 1024
    max_pixels: int = 10_000_000
    max_seconds: float = 600.0
    max_frames: int = 600
    min_side: int = 32
    max_memory: int = 3 * 1024**3
    max_work: int = 300


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames are given.

    Attributes:
        every: Seconds from one to the next, at least.
        least_change: Mean difference of colours, 0 to 1, to the frame given last: a frame that differs less shows
            the same scene, and is left out. 0 leaves nothing out.
    """

    every: float = 1.0
    least_change: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a video.

    Attributes:
        second: Playing time at which it is shown.
        duration: Seconds of the whole video, as far as it says.
        picture: Upright, RGB.
    """

    second: float
    duration: float | None
    picture: Image.Image


def is_video(path: Path) -> bool:
    """Whether the first bytes of a file are those of a video that `read_frames` takes."""
    try:
        return path.is_file() and container_of(_head(path)) is not None
    except OSError:
        return False


def container_of(head: bytes) -> str | None:
    """The container that a file begins like, by FFmpeg's name: "mov", "matroska" or "avi"; None for any other file."""
    if head[4:8] == b"ftyp" and head[8:12].startswith(_ISO_BRANDS):
        return "mov"
    if head[4:8] in {b"moov", b"mdat", b"wide"}:  # QuickTime before it had brands
        return "mov"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    return "avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


def read_frames(path: Path, sampling: Sampling = Sampling(), limits: VideoLimits = VideoLimits()) -> Iterator[Frame]:
    """Read frames of a video, in the order in which they are shown.

    Args:
        path: The file.
        sampling: Which frames.
        limits: What it may cost.

    Raises:
        UnreadablePictureError: with MISSING, UNREADABLE, UNSUPPORTED_FORMAT, TOO_LARGE or TOO_SMALL; frames before a
            damaged place have been given by then.
    """
    container = _checked(path, limits)
    request = {"path": str(path.resolve()), "container": container, **asdict(sampling), **asdict(limits)}
    with start_reader("recognition.pictures.frame_reader") as reader:
        try:
            assert reader.stdin is not None and reader.stdout is not None  # noqa: S101, PT018 - pipes were asked for
            reader.stdin.write(json.dumps(request).encode())
            reader.stdin.close()
            yield from _frames(reader.stdout)
        finally:
            reader.kill()


def _checked(path: Path, limits: VideoLimits) -> str:
    try:
        if not path.is_file():
            raise UnreadablePictureError(PictureReason.MISSING, f"there is no file {path.name}")
        size, container = path.stat().st_size, container_of(_head(path))
    except OSError as error:
        raise UnreadablePictureError(PictureReason.UNREADABLE, f"{type(error).__name__}: {error}"[:200]) from error
    if container is None:
        raise UnreadablePictureError(
            PictureReason.UNSUPPORTED_FORMAT, "not a video in MP4, MOV, 3GP, Matroska, WebM or AVI"
        )
    if size > limits.max_bytes:
        raise UnreadablePictureError(PictureReason.TOO_LARGE, f"the video has more than {limits.max_bytes} bytes")
    return container


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _frames(said: IO[bytes]) -> Iterator[Frame]:
    """What the process says: a line of JSON about each frame, then its pixels; at last a line that it is done."""
    while True:
        word = _word(said.readline())
        if "end" in word:
            return
        if "reason" in word:
            raise UnreadablePictureError(PictureReason(word["reason"]), str(word["detail"]))
        size = (int(word["width"]), int(word["height"]))
        pixels = said.read(size[0] * size[1] * 3)
        if len(pixels) < size[0] * size[1] * 3:
            raise _died()
        yield Frame(float(word["second"]), word["duration"], Image.frombytes("RGB", size, pixels))


def _word(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise _died()
    word: dict[str, Any] = json.loads(line)
    return word


def _died() -> UnreadablePictureError:
    return UnreadablePictureError(
        PictureReason.UNREADABLE, "reading the video took more memory or time than it may, or its decoder crashed"
    )
