"""From what a forward pass saw to the row that is stored: pooling under a mask, and blocks side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.encoders.protocol import Vectors, unit_rows
from recognition.isolation.protocol import Floats

_FLOOR = 1e-3  # what a background patch counts: a mask of zeros is then a plain mean, and no division by zero


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What one forward pass saw of n pictures; p = g * g patches, d numbers a token.

    Attributes:
        summary: [n, d] class token, or the model's own pooling where it has none.
        layers: [n, p, m, d] patch tokens of m layers, the last layer last; None for a model without such tokens.
        attention: [n, p] what the class token looks at in the last layer, mean of its heads, if it was asked for.
    """

    summary: Floats
    layers: Floats | None
    attention: Floats | None = None


def pooled_plainly(features: Features) -> Vectors:
    """[n, 2 d]: class token and mean patch of the last layer, together of length 1; the summary where it is alone."""
    if features.layers is None:
        return unit_rows(features.summary)
    return unit_rows(np.concatenate([features.summary, features.layers[:, :, -1].mean(axis=1)], axis=1))


def pooled_under(features: Features, masks: NDArray[np.floating]) -> Vectors:
    """[n, (1 + m) d]: class token, and the mean patch under the mask of each layer; all of the same length.

    Early layers keep what tells two alike products apart (edges, corners, texture) and later ones give it up for what
    tells kinds of things apart, so each is pooled.

    Args:
        features: What was seen.
        masks: [n, k g, k g] how much of each cell is product; a patch has k * k cells.
    """
    if features.layers is None:
        return unit_rows(features.summary)
    weights = patch_weights(masks, round(features.layers.shape[1] ** 0.5)) + _FLOOR
    means = np.einsum("npmd,np->mnd", features.layers, weights / weights.sum(axis=1, keepdims=True))
    return side_by_side([unit_rows(part) for part in (features.summary, *means)])


def patch_weights(masks: NDArray[np.floating], grid: int) -> Floats:
    """[n, k g, k g] masks -> [n, g * g] mean of the cells of each patch."""
    cells = masks.shape[1] // grid
    blocks = masks.reshape(len(masks), grid, cells, grid, cells)
    return np.asarray(blocks.mean(axis=(2, 4)).reshape(len(masks), -1), dtype=np.float32)


def side_by_side(parts: Sequence[Vectors]) -> Vectors:
    """Put m blocks of unit rows [n, d_i] into unit rows [n, sum of d_i] in which each block has the same weight."""
    return np.concatenate(parts, axis=1) / np.float32(np.sqrt(len(parts)))
