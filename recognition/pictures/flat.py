"""Telling a drawing of few colours (a logo, "image coming soon") from a photo."""

import numpy as np
from PIL import Image

_SIDE = 96
_LEVELS = 8  # of each channel: what is finer is the noise of a photo or the edge of a letter
_FEW_COLOURS = 6
_SHARE = 0.97


def is_flat(picture: Image.Image) -> bool:
    """Whether six colours cover an RGB picture but for the edges between them."""
    small = picture.copy()
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.NEAREST)  # any blending would make colours that are not there
    levels = np.asarray(small, dtype=np.int64) // (256 // _LEVELS)  # [h, w, 3]
    colours = np.bincount((levels @ np.array([_LEVELS**2, _LEVELS, 1])).ravel())
    return bool(np.sort(colours)[::-1][:_FEW_COLOURS].sum() >= _SHARE * colours.sum())
