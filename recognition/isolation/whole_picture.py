"""Isolation by none: every patch counts the same, and the product is the picture."""

from collections.abc import Sequence

import numpy as np

from recognition.isolation.protocol import Floats, Isolated, Reads, Seen, whole


class WholePicture:
    """See `Isolator`."""

    reads = Reads.PICTURES

    def isolate(self, seen: Seen) -> list[Isolated]:
        """Give each whole picture."""
        mask = np.ones((seen.grid, seen.grid), dtype=np.float32)
        pairs = zip(seen.pictures, seen.frames, strict=True)
        return [Isolated(frame, mask, (whole(picture),), found=False) for picture, frame in pairs]

    def refine(self, seen: Seen, first: Sequence[Isolated]) -> Floats:
        """Give masks of ones."""
        return np.ones((len(first), seen.grid, seen.grid), dtype=np.float32)
