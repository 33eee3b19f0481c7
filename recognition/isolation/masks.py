"""Between masks and boxes: patches of a frame to pixels of a picture, and back."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from recognition.isolation.protocol import Box, Floats, Isolated, Reads, Seen, whole

_MARGIN = 0.1  # of the longer side of a product, on each side of its crop


class WholePicture:
    """The method that isolates nothing: every patch counts the same, and the product is the picture."""

    reads = Reads.PICTURES

    def isolate(self, seen: Seen) -> list[Isolated]:
        """Give each whole picture."""
        mask = np.ones((seen.grid, seen.grid), dtype=np.float32)
        pairs = zip(seen.pictures, seen.frames, strict=True)
        return [Isolated(frame, mask, (whole(picture),), found=False) for picture, frame in pairs]

    def refine(self, seen: Seen, products: Sequence[Box]) -> Floats:
        """Give masks of ones."""
        return np.ones((len(products), seen.grid, seen.grid), dtype=np.float32)


def crop_frame(picture: Image.Image, product: Box) -> Box:
    """The square around a product for a second look: a tenth wider than it, and inside the picture where it fits."""
    side = max(product.width, product.height) * (1 + 2 * _MARGIN)
    left = _placed((product.left + product.right - side) / 2, side, picture.width)
    top = _placed((product.top + product.bottom - side) / 2, side, picture.height)
    return Box(left, top, left + side, top + side)


def _placed(start: float, length: float, limit: float) -> float:
    """Move an interval into 0..limit; one that is longer is centred."""
    return (limit - length) / 2 if length >= limit else min(max(start, 0), limit - length)
