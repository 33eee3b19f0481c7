"""Small videos, written by a real encoder."""

from collections.abc import Sequence
from pathlib import Path

import av
from PIL import Image

_UPRIGHT = bytes.fromhex("00010000" + "00" * 12 + "00010000" + "00" * 12 + "40000000")  # ISO/IEC 14496-12, 8.3.2
_QUARTER_TURN = bytes.fromhex("000000000001000000000000ffff0000" + "00" * 16 + "40000000")


def write_video(path: Path, pictures: Sequence[Image.Image], rate: int = 10, codec: str = "mpeg4") -> Path:
    """Write pictures of one size as a video of `rate` frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, "yuv420p"
        stream.bit_rate = 4_000_000
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path


def held_upright(path: Path) -> None:
    """Say in an MP4 that its camera was held upright: frames are shown turned by a quarter, with the clock."""
    data = path.read_bytes()
    assert data.count(_UPRIGHT) == 2  # of the film and of its only track
    at = data.rindex(_UPRIGHT)
    path.write_bytes(data[:at] + _QUARTER_TURN + data[at + len(_UPRIGHT) :])
