"""Patch tokens of pictures, and masks cut to those patches: what a foreground head is taught with."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.encoders.backbone import Backbone
from recognition.isolation.foreground_head import CELLS, head_tokens
from recognition.isolation.protocol import Floats


class PatchReader:
    """An encoder seen from inside; a head that is taught with it belongs to the encoder's plain fingerprint.

    Attributes:
        encoder: That plain fingerprint.
    """

    def __init__(self, backbone: Backbone, encoder: str) -> None:
        self.encoder = encoder
        self._backbone = backbone

    def tokens(self, pictures: Sequence[Image.Image]) -> NDArray[np.float16]:
        """[n, g * g, 3, d] tokens of RGB pictures in the layers that a foreground head reads."""
        step = self._backbone.batch
        parts = [self._tokens(pictures[at : at + step]) for at in range(0, len(pictures), step)]
        return np.concatenate(parts)

    def shares(self, masks: Iterable[NDArray[np.floating]]) -> Floats:
        """[n, CELLS g, CELLS g] the share of each cell that masks [h, w] of whole pictures, 0 to 1, cover."""
        return np.stack([self._backbone.shares(mask, CELLS) for mask in masks])

    def _tokens(self, pictures: Sequence[Image.Image]) -> NDArray[np.float16]:
        squares = [self._backbone.square(picture, self._backbone.frame(picture)) for picture in pictures]
        return head_tokens(self._backbone.look(squares, half=self._backbone.half).layers).astype(
            np.float16
        )  # half the memory of thousands
