"""Measuring a picture, and the few rules that keep a useless one out of training and recognition.

Measuring and judging are apart: the numbers are stored beside the picture, so that another policy needs no second look
at the pixels. Every number is taken from the picture shrunk to the size at which the recogniser looks at it: a phone
photo of 12 megapixels that is soft at full size is sharp enough for an encoder that sees 224 pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.fft import dctn

from recognition.vocabulary import PictureReason

_WORKING_SIDE = 256
_TILE = 16
_SHARP_TILES = 95
_HASH_INPUT_SIDE = 32
_HASH_SIDE = 8


@dataclass(frozen=True, slots=True)
class PictureQuality:
    """What was measured of one picture.

    Attributes:
        width: pixels of the picture as read.
        height: pixels of the picture as read.
        sharpness: energy of the second derivative where the picture is sharpest, in squared grey levels.
        brightness: mean grey level, 0 to 255.
        contrast: standard deviation of the grey level at 32 x 32 pixels, where noise has averaged out.
        phash: 64-bit perceptual hash, see `perceptual_hash`.
    """

    width: int
    height: int
    sharpness: float
    brightness: float
    contrast: float
    phash: int


@dataclass(frozen=True, slots=True)
class QualityPolicy:
    """The least a picture must have to be used, in the units of PictureQuality."""

    min_side: int = 48
    min_contrast: float = 4.0
    min_sharpness: float = 60.0


def measure_picture(picture: Image.Image) -> PictureQuality:
    """Measure an RGB picture as `read_picture` gives it."""
    grey = picture.convert("L")
    small = np.asarray(grey.resize((_HASH_INPUT_SIDE, _HASH_INPUT_SIDE), Image.Resampling.BOX), dtype=np.float64)
    grey.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.BOX)
    return PictureQuality(
        width=picture.width,
        height=picture.height,
        sharpness=_sharpness(np.asarray(grey, dtype=np.float32)),
        brightness=float(small.mean()),
        contrast=float(small.std()),
        phash=perceptual_hash(small),
    )


def judge_picture(quality: PictureQuality, policy: QualityPolicy = QualityPolicy()) -> PictureReason:
    """Say OK, or the first reason why the picture is of no use."""
    if min(quality.width, quality.height) < policy.min_side:
        return PictureReason.TOO_SMALL
    if quality.contrast < policy.min_contrast:
        return PictureReason.BLANK
    if quality.sharpness < policy.min_sharpness:
        return PictureReason.BLURRED
    return PictureReason.OK


def perceptual_hash(grey: NDArray[np.float64]) -> int:
    """Hash the coarse structure of a [32, 32] grey picture to 64 bits; Hamming distance is dissimilarity.

    The pHash of Zauner (2010): the signs, about their median, of the 8 x 8 lowest frequencies of the cosine transform.
    A picture without contrast has a hash made of rounding noise, and so "equals" others like it: judge first, then
    compare only what is not BLANK.
    """
    lowest = dctn(grey, norm="ortho")[:_HASH_SIDE, :_HASH_SIDE]
    bits = (lowest > np.median(lowest)).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _sharpness(grey: NDArray[np.float32]) -> float:
    """Mean squared Laplacian (Pech-Pacheco, 2000) of the sharpest tiles: a plain background is not blur."""
    energy = ndimage.laplace(grey) ** 2
    rows, columns = (max(side // _TILE, 1) for side in energy.shape)
    tiles = [block.mean() for band in np.array_split(energy, rows) for block in np.array_split(band, columns, axis=1)]
    return float(np.percentile(tiles, _SHARP_TILES))
