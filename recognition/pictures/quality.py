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
_SHRINKING = Image.Resampling.LANCZOS  # with a plain box, a copy at a third of the size hashes up to 12 bits away
_TILE = 16
_SHARPEST_TILES = 98  # percentile: a small product on a plain background fills few of the 256 tiles
_NOISE_SCALE = 0.7  # pixels of smoothing: enough that sensor noise does not pass for detail, too little to hide blur
_HASH_INPUT_SIDE = 32
_HASH_SIDE = 8


@dataclass(frozen=True, slots=True)
class PictureQuality:
    """What was measured of one picture.

    Attributes:
        width: pixels of the picture as read.
        height: pixels of the picture as read.
        sharpness: squared second derivative where the picture is sharpest, in squared grey levels per pixel^4.
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
    """The least a picture must have to be used, in the units of PictureQuality.

    The sharpness limit is measured on the 5,421 phone photos of the Grocery Store Dataset: it refuses 7 of them, all
    soft to the eye, and more than nine in ten once they are blurred (Gaussian, 2 pixels of 256).
    """

    min_side: int = 48
    min_contrast: float = 4.0
    min_sharpness: float = 25.0


def measure_picture(picture: Image.Image) -> PictureQuality:
    """Measure an RGB picture as `read_picture` gives it."""
    grey = picture.convert("L")
    grey.thumbnail((_WORKING_SIDE, _WORKING_SIDE), _SHRINKING)
    small = np.asarray(grey.resize((_HASH_INPUT_SIDE, _HASH_INPUT_SIDE), _SHRINKING), dtype=np.float64)
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
    """Squared second derivative in the sharpest tiles, along the direction that has less of it.

    The modified Laplacian of Nayar and Nakagawa (1994) with three changes for product photos: tiles, so that a plain
    background is not taken for blur; the weaker direction, because a moving camera blurs only one; light smoothing.
    """
    across = ndimage.gaussian_filter(grey, _NOISE_SCALE, order=(0, 2)) ** 2
    down = ndimage.gaussian_filter(grey, _NOISE_SCALE, order=(2, 0)) ** 2
    return min(float(np.percentile(_tile_means(energy), _SHARPEST_TILES)) for energy in (across, down))


def _tile_means(energy: NDArray[np.float32]) -> NDArray[np.float64]:
    """[rows, columns] mean of each tile; tiles differ by a pixel where they do not come out even."""
    (top, heights), (left, widths) = map(_tiles, energy.shape)
    bands = np.add.reduceat(energy, top, axis=0, dtype=np.float64)
    means: NDArray[np.float64] = np.add.reduceat(bands, left, axis=1) / np.outer(heights, widths)
    return means


def _tiles(side: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the tiles along a side begin, and how long they are."""
    place = np.arange(max(side // _TILE, 1))
    length, longer = divmod(side, len(place))
    return place * length + np.minimum(place, longer), length + (place < longer)
