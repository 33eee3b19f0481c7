"""The demo's encoder: where edges point and which colours lie where. No weights, no download, a few milliseconds.

Sources: Dalal, Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005; Arandjelovic, Zisserman,
"Three things everyone should know to improve object retrieval", CVPR 2012 (square roots: L2 becomes Hellinger).

Constants were chosen on photos of the demo store and on grocery photos. What it cannot tell apart is one design in two
sizes, where only proportions differ.
"""

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.encoders.protocol import Block, Vectors, unit_rows
from recognition.encoders.spec import HANDCRAFTED
from recognition.isolation.protocol import Isolated, whole

HANDCRAFTED_VERSION = "handcrafted-1"
"""Goes into the fingerprint: raise it whenever a constant or a line below changes a vector."""

Floats: TypeAlias = NDArray[np.float32]

_SIDE = 96  # pixels: the picture that edges are taken from
_CELL = 16  # pixels: one histogram of edge directions
_DIRECTIONS = 8
_COLOUR_SIDE = 48  # pixels: the picture that colours are taken from
_PLACES = 3  # colours are counted in 3 x 3 places
_LEVELS = 32  # steps of red, green and blue in the colour table
_LIGHTNESS_BINS, _CHROMA_BINS, _CHROMA_REACH = 2, 5, 60.0  # CIELAB: bins of L, bins of a and of b, within +- reach
_CENTRE_SIGMA = 0.22  # share of the side: what is far from the centre is mostly clutter
_RARE = 0.0005  # a bin with less than this share of all colours is left out
_STRUCTURE_WEIGHT = 0.8  # of the structure block beside the colour block


class HandcraftedEncoder:
    """Structure and colour of a picture; see `Encoder`. Deterministic, the same on every machine up to rounding."""

    name = HANDCRAFTED

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.dimension = len(_describe(Image.new("RGB", (_SIDE, _SIDE))))
        self.layout = (Block("embedding", self.dimension),)

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode RGB pictures of any size: [n, d], rows L2-normalised."""
        rows = [_describe(picture) for picture in pictures]
        return unit_rows(np.stack(rows)) if rows else np.empty((0, self.dimension), dtype=np.float32)

    def encode_isolated(self, pictures: Sequence[Image.Image]) -> tuple[Vectors, list[Isolated]]:
        """Give the rows, and each whole picture."""
        return self.encode(pictures), self.isolate(pictures)

    def isolate(self, pictures: Sequence[Image.Image]) -> list[Isolated]:
        """Give each whole picture: this encoder isolates nothing."""
        mask = np.ones((1, 1), dtype=np.float32)
        return [Isolated(whole(picture), mask, (whole(picture),), found=False) for picture in pictures]


def _describe(picture: Image.Image) -> Floats:
    """[d]: structure block, then colour block, each of length 1 before its weight."""
    small = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2)
    pixels = _half_grey_world(np.asarray(small, dtype=np.float32) / np.float32(255))
    structure, colours = unit_rows(_structure(pixels)), unit_rows(_colours(pixels))
    return np.concatenate([np.float32(_STRUCTURE_WEIGHT) * structure, colours])


def _half_grey_world(pixels: Floats) -> Floats:
    """Take half of the light's tint away: all of it would also take the colour of a product that fills the picture."""
    tint = np.maximum(pixels.mean(axis=(0, 1)), 0.05)
    return np.asarray(np.clip(pixels * np.sqrt(tint.mean() / tint), 0, 1), dtype=np.float32)


def _structure(pixels: Floats) -> Floats:
    """[cells * cells * directions] histograms of oriented gradients, weighted towards the centre."""
    from skimage.feature import hog

    cells: Floats = hog(
        pixels,
        orientations=_DIRECTIONS,
        pixels_per_cell=(_CELL, _CELL),
        cells_per_block=(1, 1),
        channel_axis=-1,
        feature_vector=False,
    )
    return (cells[:, :, 0, 0] * _centre_weights(_SIDE // _CELL)[:, :, None]).ravel()


def _colours(pixels: Floats) -> Floats:
    """[places * bins] square roots of centre-weighted CIELAB histograms."""
    factor = _SIDE // _COLOUR_SIDE
    small = pixels.reshape(_COLOUR_SIDE, factor, _COLOUR_SIDE, factor, 3).mean(axis=(1, 3))
    steps = (small.reshape(-1, 3) * (_LEVELS - 1) + 0.5).astype(np.intp)
    rows = (steps[:, 0] * _LEVELS + steps[:, 1]) * _LEVELS + steps[:, 2]
    # Not `@`: BLAS spreads even this small product over threads, which fight with those of the other workers.
    histograms = np.einsum("np,nb->pb", _places(), _colour_table()[rows])
    return np.asarray(np.sqrt(histograms), dtype=np.float32).ravel()


def _centre_weights(cells: int) -> Floats:
    """[cells, cells] Gaussian around the middle of the picture."""
    return _gaussian(cells)[:, None] * _gaussian(cells)[None, :]


def _gaussian(cells: int) -> Floats:
    offsets = _middles(cells) - 0.5
    return np.asarray(np.exp(-(offsets**2) / (2 * _CENTRE_SIGMA**2)), dtype=np.float32)


def _middles(cells: int) -> Floats:
    return np.asarray((np.arange(cells) + 0.5) / cells, dtype=np.float32)


@cache
def _places() -> Floats:
    """[pixels, places] how much each pixel counts in each place; places shade into their neighbours."""
    nearness = np.maximum(0, 1 - np.abs(_middles(_COLOUR_SIDE)[:, None] - _middles(_PLACES)[None, :]) * _PLACES)
    nearness /= nearness.sum(axis=1, keepdims=True)
    shares = np.einsum("yi,xj->yxij", nearness, nearness).reshape(_COLOUR_SIDE**2, _PLACES**2)
    return np.asarray(shares * _centre_weights(_COLOUR_SIDE).reshape(-1, 1), dtype=np.float32)


@cache
def _colour_table() -> Floats:
    """[levels ** 3, bins] how much each RGB colour belongs to each CIELAB bin that colours reach."""
    from skimage.color import rgb2lab

    level = np.arange(_LEVELS) / (_LEVELS - 1)
    lab = rgb2lab(np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1)).reshape(-1, 3)
    lightness = _soft_bins(lab[:, 0], 10, 95, _LIGHTNESS_BINS)
    green_red, blue_yellow = (_soft_bins(lab[:, at], -_CHROMA_REACH, _CHROMA_REACH, _CHROMA_BINS) for at in (1, 2))
    table = np.einsum("nl,na,nb->nlab", lightness, green_red, blue_yellow).reshape(len(lab), -1)
    return np.asarray(table[:, table.sum(axis=0) > _RARE * table.sum()], dtype=np.float32)


def _soft_bins(values: NDArray[np.floating], low: float, high: float, bins: int) -> Floats:
    """[n, bins] each value shared between its two nearest bins, so that a small change of light moves little."""
    at = (np.clip(values, low, high) - low) / (high - low) * (bins - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(bins)[None, :])), dtype=np.float32)
