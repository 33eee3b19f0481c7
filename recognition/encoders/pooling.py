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
    """What one forward pass saw of n pictures; p patches, d numbers a token.

    Attributes:
        summary: [n, d] class token, or the model's own pooling where it has none.
        patches: [n, p, d] patch tokens of the last layer, if the model has any beside a class token.
        tokens: [n, p, k * d] normalised patch tokens of k layers, if they were asked for.
        attention: [n, p] what the class token looks at in the last layer, mean of its heads, if it was asked for.
    """

    summary: Floats
    patches: Floats | None
    tokens: Floats | None = None
    attention: Floats | None = None


def pooled(features: Features, masks: NDArray[np.floating] | None = None) -> Vectors:
    """[n, 2 d]: summary and mean patch side by side, unit rows; the summary alone where there are no patches.

    Args:
        features: What was seen.
        masks: [n, g, g] how much each patch counts; None counts them all the same.
    """
    if features.patches is None:
        return unit_rows(features.summary)
    if masks is None:
        means = features.patches.mean(axis=1)
    else:
        weights = masks.reshape(len(masks), -1) + _FLOOR
        means = np.einsum("npd,np->nd", features.patches, weights / weights.sum(axis=1, keepdims=True))
    return unit_rows(np.concatenate([features.summary, means], axis=1))


def side_by_side(parts: Sequence[Vectors]) -> Vectors:
    """Put m blocks of unit rows [n, d_i] into unit rows [n, sum of d_i] in which each block has the same weight."""
    return np.concatenate(parts, axis=1) / np.float32(np.sqrt(len(parts)))
