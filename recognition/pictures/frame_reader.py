"""The process that decodes one video: asked by JSON on stdin, answers on stdout as `frames` beside it reads it.

Only the demuxer of the container that was recognised is used, so that no playlist in a video's clothes opens other
files or addresses; and only decoders that phones, cameras and browsers write for.
"""

import json
import sys
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.pictures.bounds import bind_process, bind_work
from recognition.vocabulary import PictureReason

_CODECS = frozenset({"h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mjpeg", "h263", "mpeg2video", "prores"})
_UPRIGHT = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
_THUMBNAIL = (32, 32)  # pixels: what two frames are compared in


def main() -> None:
    """Read the request, bind this process, and say what the video shows."""
    import av  # noqa: F401 - before the limits: they are about the video, not about the libraries that read it

    request: dict[str, Any] = json.load(sys.stdin)
    bind_process(request["max_memory"])
    bind_work(request["max_work"])
    out = sys.stdout.buffer
    try:
        for second, duration, picture in chosen_frames(request):
            about = {"second": second, "duration": duration, "width": picture.width, "height": picture.height}
            _say(out, about)
            out.write(picture.tobytes())
        _say(out, {"end": True})
    except UnreadablePictureError as error:
        _say(out, {"reason": error.reason, "detail": error.detail})
    except MemoryError:
        _say(out, {"reason": PictureReason.TOO_LARGE, "detail": "decoding it needs more memory than it may"})
    except Exception as error:  # noqa: BLE001 - whatever the decoder raises on hostile bytes, the video is damaged
        detail = f"damaged video: {type(error).__name__}: {error}"[:200]
        _say(out, {"reason": PictureReason.UNREADABLE, "detail": detail})


def chosen_frames(request: dict[str, Any]) -> Iterator[tuple[float, float | None, Image.Image]]:
    """Time, duration of the video and upright picture of each frame that was asked for."""
    import av

    av.logging.set_level(None)
    with av.open(request["path"], format=request["container"], options={"protocol_whitelist": "file"}) as video:
        if not video.streams.video:
            raise UnreadablePictureError(PictureReason.UNSUPPORTED_FORMAT, "the file holds no moving pictures")
        stream = video.streams.video[0]
        _check(stream.codec_context, request)
        duration = None if video.duration is None else video.duration / av.time_base
        given, due, last = 0, 0.0, None
        start: float | None = None
        for frame in video.decode(stream):
            start = (frame.time or 0.0) if start is None else start
            second = (frame.time or 0.0) - start
            if second > request["max_seconds"] or given >= request["max_frames"]:
                return
            if second < due:
                continue
            due = second + request["every"] - 0.5 / float(stream.average_rate or 25)
            _check(frame, request)
            picture = _upright(frame.to_image(), frame.rotation)
            thumbnail = _thumbnail(picture)
            if last is not None and np.abs(thumbnail - last).mean() < request["least_change"]:
                continue
            given, last = given + 1, thumbnail
            yield round(second, 3), duration, picture
        if start is None:
            raise UnreadablePictureError(PictureReason.UNREADABLE, "not one frame of the video can be decoded")


def _check(seen: Any, request: dict[str, Any]) -> None:
    """Judge the size of a stream or of a frame, which may change on the way, and the kind of a stream."""
    codec = getattr(seen, "codec", None)
    if codec is not None and codec.canonical_name not in _CODECS:
        raise UnreadablePictureError(PictureReason.UNSUPPORTED_FORMAT, f"{codec.canonical_name} video is not read")
    size = f"{seen.width} x {seen.height}"
    if seen.width * seen.height > request["max_pixels"]:
        raise UnreadablePictureError(PictureReason.TOO_LARGE, f"{size} is more than {request['max_pixels']} pixels")
    if min(seen.width, seen.height) < request["min_side"]:
        raise UnreadablePictureError(PictureReason.TOO_SMALL, f"{size}: the shorter side is too small")


def _upright(picture: Image.Image, rotation: int) -> Image.Image:
    """Turn a frame as the camera says it was held: degrees against the clock."""
    turn = _UPRIGHT.get(round(rotation / 90) * 90 % 360)
    return picture if turn is None else picture.transpose(turn)


def _thumbnail(picture: Image.Image) -> NDArray[np.float32]:
    """[32, 32, 3] red, green and blue, 0 to 1: two scenes of one brightness are two scenes."""
    small = picture.resize(_THUMBNAIL, Image.Resampling.BOX, reducing_gap=2)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _say(out: IO[bytes], word: dict[str, Any]) -> None:
    out.write(json.dumps(word).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
