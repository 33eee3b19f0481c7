"""How many photos class means name right at each weight of the blocks, without joining the blocks for each weight.

Photos have length 1 in every block, so all photos of one weighting have the same length once they are joined: that
changes neither the direction of a class mean nor which class is nearest. With the means m_i and the photos x_i of each
block

    cosine(photo, class) ~ sum_i w_i^2 x_i . m_i / |(w_1 m_1, w_2 m_2, ...)|

and the products x_i . m_i are the same for all weights.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.heads.samples import Rows, Vectors

_CELLS = 2**23  # products of a block that are held at once
Weights = tuple[float, ...]


def hits_by_weights(
    asked: Sequence[Vectors], means: Sequence[NDArray[np.floating]], targets: Rows, weightings: Sequence[Weights]
) -> dict[Weights, int]:
    """For each weighting how many of n photos have the mean of their class as the nearest.

    Args:
        asked: [n, k_i] rows of length 1, of each block.
        means: [c, k_i] class means, of each block; all zeros for a class without photos, which is nearest to nothing.
        targets: [n] class rows.
        weightings: one weight for each block.
    """
    squares = [(block**2).sum(axis=1) for block in means]  # [c] of each block
    lengths = {weights: _lengths(squares, weights) for weights in weightings}
    columns = [np.ascontiguousarray(block.T, dtype=np.float32) for block in means]  # [k_i, c]
    hits = dict.fromkeys(weightings, 0)
    chunk = max(1, _CELLS // len(means[0]))
    for at in range(0, len(targets), chunk):
        products = [block[at : at + chunk] @ of_block for block, of_block in zip(asked, columns, strict=True)]
        for weights in weightings:
            nearest = (_weighed(products, weights) / lengths[weights]).argmax(axis=1)
            hits[weights] += int((nearest == targets[at : at + chunk]).sum())
    return hits


def _lengths(squares: Sequence[NDArray[np.floating]], weights: Weights) -> NDArray[np.float32]:
    """[c] lengths of the joined class means."""
    return np.asarray(np.maximum(np.sqrt(_weighed(squares, weights)), 1e-12), dtype=np.float32)


def _weighed(of_blocks: Sequence[NDArray[np.floating]], weights: Weights) -> NDArray[np.floating]:
    """The sum of one array of each block, each at the square of its weight."""
    parts = [np.float32(weight**2) * part for weight, part in zip(weights, of_blocks, strict=True) if weight]
    return np.asarray(np.sum(parts, axis=0))
