"""From a picture to what a model sees: which part of it, at which size, in which numbers.

The part is a box in pixels of the picture. Whoever maps a mask back onto the picture uses that same box.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.isolation.protocol import Box

_PAPER = (255, 255, 255)  # what lies outside of a picture: catalogue photos go on white there


def centre_frame(picture: Image.Image, share: float) -> Box:
    """The square in the centre of a picture whose side is `share` of the picture's shorter side."""
    kept = min(picture.size) * share
    left, top = (picture.width - kept) / 2, (picture.height - kept) / 2
    return Box(left, top, left + kept, top + kept)


def seen_square(picture: Image.Image, frame: Box, side: int, method: Image.Resampling) -> Image.Image:
    """Give what a square frame holds of an RGB picture, `side` pixels wide; white where it reaches outside."""
    inside = _inside(picture, frame)
    if inside == frame:
        return _scaled(picture, frame, (side, side), method)
    scale = side / frame.width
    left, top = round((inside.left - frame.left) * scale), round((inside.top - frame.top) * scale)
    width, height = round(inside.width * scale), round(inside.height * scale)
    square = Image.new("RGB", (side, side), _PAPER)
    square.paste(_scaled(picture, inside, (max(width, 1), max(height, 1)), method), (left, top))
    return square


def normalised(
    squares: Sequence[Image.Image], mean: Sequence[float], deviation: Sequence[float]
) -> NDArray[np.float32]:
    """[n, 3, side, side]: squares in the numbers that the model was trained with."""
    pixels = np.stack([np.asarray(square) for square in squares]).astype(np.float32) / 255
    centred = (pixels - np.asarray(mean, dtype=np.float32)) / np.asarray(deviation, dtype=np.float32)
    return np.ascontiguousarray(centred.transpose(0, 3, 1, 2))


def _inside(picture: Image.Image, frame: Box) -> Box:
    left, top = max(frame.left, 0), max(frame.top, 0)
    return Box(left, top, min(frame.right, picture.width), min(frame.bottom, picture.height))


def _scaled(picture: Image.Image, box: Box, size: tuple[int, int], method: Image.Resampling) -> Image.Image:
    # Cropping comes before resizing, or a very long strip would be scaled up as a whole.
    return picture.resize(size, method, box=(box.left, box.top, box.right, box.bottom), reducing_gap=3)
