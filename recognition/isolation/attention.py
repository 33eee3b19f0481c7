"""Isolation by what the encoder itself looks at: attention of the class token in the last layer.

Source: Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV 2021: in encoders trained by
DINO the patches that hold most of this attention outline the object. Supervised encoders do so far less.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.isolation.masks import isolated_by
from recognition.isolation.protocol import Floats, Isolated, Reads, Seen


class AttentionIsolator:
    """See `Isolator`."""

    reads = Reads.ATTENTION

    def isolate(self, seen: Seen) -> list[Isolated]:
        """Find the products where attention gathers."""
        return isolated_by(_masks(seen), seen)

    def refine(self, seen: Seen, first: Sequence[Isolated]) -> Floats:  # noqa: ARG002  # a second look has its own
        """Give where attention gathers in the crops."""
        return _masks(seen)


def _masks(seen: Seen) -> Floats:
    if seen.attention is None:
        raise ValueError("Isolation by attention was given no attention.")
    return gathered(seen.attention).reshape(-1, seen.grid, seen.grid)


def gathered(attention: NDArray[np.floating]) -> Floats:
    """[n, p] attention -> [n, p] one minus the share of all attention that lies on patches with more of it.

    The most looked at patch has 1; the patches from .5 on are the fewest that hold half of the attention.
    """
    order = np.argsort(-attention, axis=1, kind="stable")
    ranked = np.take_along_axis(attention, order, axis=1)
    higher = (np.cumsum(ranked, axis=1) - ranked) / ranked.sum(axis=1, keepdims=True)
    masks = np.empty(attention.shape, dtype=np.float32)
    np.put_along_axis(masks, order, (1 - higher).astype(np.float32), axis=1)
    return masks
