"""Which colours a product has: what an encoder trained to ignore colour cannot say.

Sources: Swain, Ballard, "Color Indexing", IJCV 1991 (histograms, and their backprojection); Arandjelovic, Zisserman,
"Three things everyone should know to improve object retrieval", CVPR 2012 (square roots: L2 becomes Hellinger).

Chroma is taken relative to lightness, which a shadow or a short exposure changes little, and is counted finely near
grey, where products differ most often. Lightness is counted coarsely, because black, greys and white differ by nothing
else while each photo has an exposure of its own.
"""

from functools import cache
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOUR_VERSION = "colour-1"
"""Goes into the fingerprint of an encoder: raise it whenever a constant or a line below changes a descriptor."""

COLOUR_WIDTH = 4 * 9 * 9
"""Numbers in a descriptor: lightness bins x chroma bins x chroma bins."""

Floats: TypeAlias = NDArray[np.float32]
Lab: TypeAlias = tuple[Floats, Floats, Floats]

_SIDE = 64  # pixels: thin parts still have a colour of their own
_BINS = (4, 9, 9)
_LOW, _HIGH = np.array([5.0, -1.0, -1.0]), np.array([95.0, 1.0, 1.0])  # centres of the first and last bins
_CHROMA_REACH = 80.0  # relative chroma that counts as 1
_MIDDLE_GREY, _DARK = 50.0, 16.0  # L at which relative chroma is CIELAB's, and what keeps the noise of shadows down
_NEAR_GREY = 0.02  # below this chroma the root would blow noise up
_SURE = 2  # power of the mask: the colours of a cell that is half product are half background
_COARSE_BITS = 3  # bits of red, green and blue by which the product's colours are told from the background's
_CENTRE_SIGMA = 0.22  # share of the side: where products are when nothing is known
_NOTHING = 1e-3  # a mask whose greatest share is below this one shows no product
_TO_XYZ = np.array(  # linear sRGB to XYZ (IEC 61966-2-1)
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_TO_XYZ_OVER_WHITE = (_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)


def colour_descriptor(picture: Image.Image, foreground: NDArray[np.floating] | None) -> Floats:
    """Describe the colours of the product on a picture, about 1 ms.

    Args:
        picture: of any size, in RGB.
        foreground: [g, g] how much of each cell is product, 0 to 1, on a grid that covers the whole picture, rows
            from the top; None where nobody knows, which counts as a product in the middle. So does a mask that is
            empty, because a picture without a product would otherwise have no descriptor.

    Returns:
        [COLOUR_WIDTH] square roots of the shares of colours, of length 1.
    """
    small = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2)
    pixels = np.asarray(small).reshape(-1, 3)
    shares = _histogram(_relative_chroma(lab_of(pixels)), _product_weights(pixels, _pixel_weights(foreground)))
    return np.asarray(np.sqrt(shares / shares.sum()), dtype=np.float32)


def _pixel_weights(foreground: NDArray[np.floating] | None) -> Floats:
    """[pixels] how sure it is that each pixel is product."""
    if foreground is not None:
        mask = np.nan_to_num(np.asarray(foreground, dtype=np.float32)).clip(0, 1)
        if mask.size and mask.max() > _NOTHING:
            grown = Image.fromarray(mask).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
            return np.asarray(np.asarray(grown).ravel() ** _SURE, dtype=np.float32)
    return _centre_prior()


@cache
def _centre_prior() -> Floats:
    offsets = (np.arange(_SIDE) + 0.5) / _SIDE - 0.5
    bell = np.exp(-(offsets**2) / (2 * _CENTRE_SIGMA**2))
    return np.asarray(np.outer(bell, bell).ravel() ** _SURE, dtype=np.float32)


def _product_weights(pixels: NDArray[np.uint8], weights: Floats) -> Floats:
    """Weigh each pixel also by how much of its colour, over the whole picture, is product.

    A coarse mask takes in some background at every edge; that background's colours are mostly found elsewhere.
    """
    red, green, blue = (pixels >> (8 - _COARSE_BITS)).astype(np.intp).T
    colours = (red << 2 * _COARSE_BITS) | (green << _COARSE_BITS) | blue
    cells = 1 << 3 * _COARSE_BITS
    product_share = np.bincount(colours, weights, cells) / np.maximum(np.bincount(colours, minlength=cells), 1)
    return np.asarray(weights * product_share[colours], dtype=np.float32)


def lab_of(pixels: NDArray[np.uint8]) -> Lab:
    """CIELAB of [n, 3] sRGB pixels; skimage's takes ten times as long."""
    # Not `@`: BLAS spreads even this small product over threads, which fight with those of other workers.
    xyz = np.einsum("pc,xc->xp", _linear_light()[pixels], _TO_XYZ_OVER_WHITE)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@cache
def _linear_light() -> Floats:
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _relative_chroma(lab: Lab) -> Lab:
    """Lightness, and chroma relative to it with its length square-rooted: within the unit disc, greys in its middle."""
    lightness, green_red, blue_yellow = lab
    scale = (_MIDDLE_GREY + _DARK) / (lightness + _DARK) / _CHROMA_REACH
    length = np.hypot(green_red, blue_yellow) * scale
    root = scale / np.sqrt(np.maximum(length, _NEAR_GREY) * np.maximum(length, 1))
    return lightness, green_red * root, blue_yellow * root


def _histogram(colours: Lab, weights: Floats) -> NDArray[np.float64]:
    """[bins] weight of each colour bin, each pixel shared between its 8 nearest, so that a small shift moves little."""
    steps = np.array(_BINS, dtype=np.float32)[:, None] - 1
    low, high = (edge.astype(np.float32)[:, None] for edge in (_LOW, _HIGH))
    at = ((np.stack(colours) - low) / (high - low)).clip(0, 1) * steps
    below = np.minimum(at.astype(np.intp), steps.astype(np.intp) - 1)
    above = at - below
    histogram = np.zeros(COLOUR_WIDTH)
    for corner in product((0, 1), repeat=3):
        up = np.array(corner)[:, None]
        bins = np.ravel_multi_index(tuple(below + up), _BINS)
        histogram += np.bincount(bins, weights * np.where(up, above, 1 - above).prod(axis=0), COLOUR_WIDTH)
    return histogram
