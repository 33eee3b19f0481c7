"""Any model of timm as an encoder: frozen, pooled where the product is, with a second look where that is asked."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from recognition.encoders.backbone import Backbone
from recognition.encoders.pooling import Features, pooled, side_by_side
from recognition.encoders.protocol import Block, Vectors
from recognition.encoders.spec import EncoderSpec
from recognition.encoders.timm_model import filled_model
from recognition.encoders.weights import brief
from recognition.errors import EncoderUnavailableError
from recognition.isolation.masks import crop_frame
from recognition.isolation.opening import open_isolator
from recognition.isolation.protocol import Box, Isolated, Isolator, Seen
from recognition.vocabulary import IsolationMethod


class TimmEncoder:
    """A timm model, a way to find the product, and how they make one row; see `Encoder`."""

    def __init__(self, spec: EncoderSpec, fingerprint: str, backbone: Backbone, isolator: Isolator) -> None:
        self.name = spec.name
        self.fingerprint = fingerprint
        self.backbone = backbone
        self._isolator = isolator
        self._plain = spec.isolation.method is IsolationMethod.NONE
        self._second_pass = spec.isolation.second_pass
        self.dimension: int = self._encode([Image.new("RGB", (backbone.side, backbone.side))]).shape[1]
        self.layout = (Block("embedding", self.dimension),)

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode RGB pictures of any size: [n, d], rows L2-normalised."""
        parts = [self._encode(batch) for batch in self._batches(pictures)]
        return np.concatenate(parts) if parts else np.empty((0, self.dimension), dtype=np.float32)

    def isolate(self, pictures: Sequence[Image.Image]) -> list[Isolated]:
        """Say where the product is on each picture."""
        return [found for batch in self._batches(pictures) for found in self._first_look(batch)[1]]

    def _batches(self, pictures: Sequence[Image.Image]) -> list[Sequence[Image.Image]]:
        return [pictures[at : at + self.backbone.batch] for at in range(0, len(pictures), self.backbone.batch)]

    def _encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        features, isolated = self._first_look(pictures)
        masks = None if self._plain else np.stack([found.mask for found in isolated])
        parts = [pooled(features, masks)]
        if self._second_pass:
            parts.append(self._second_look(pictures, [found.boxes[0] for found in isolated]))
        return side_by_side(parts)

    def _first_look(self, pictures: Sequence[Image.Image]) -> tuple[Features, list[Isolated]]:
        features, seen = self._look(pictures, [self.backbone.frame(picture) for picture in pictures])
        return features, self._isolator.isolate(seen)

    def _second_look(self, pictures: Sequence[Image.Image], products: Sequence[Box]) -> Vectors:
        frames = [crop_frame(picture, product) for picture, product in zip(pictures, products, strict=True)]
        features, seen = self._look(pictures, frames)
        return pooled(features, self._isolator.refine(seen, products))

    def _look(self, pictures: Sequence[Image.Image], frames: Sequence[Box]) -> tuple[Features, Seen]:
        pairs = zip(pictures, frames, strict=True)
        features = self.backbone.look(
            [self.backbone.square(picture, frame) for picture, frame in pairs], self._isolator.reads
        )
        return features, Seen(pictures, frames, self.backbone.grid, features.tokens, features.attention)


def open_timm(spec: EncoderSpec, weights: Path, fingerprint: str, plain_fingerprint: str) -> TimmEncoder:
    """Build the model, fill it with exactly these weights, and measure which precision serves it on this machine.

    Sets torch's thread count for the whole process (`spec.threads`) when the device is a CPU.

    Args:
        spec: The encoder.
        weights: Its safetensors file.
        fingerprint: Of the encoder.
        plain_fingerprint: Of the same encoder without isolation and colour, which a foreground head is bound to.

    Raises:
        EncoderUnavailableError: timm has no such model, the weights are another model's or damaged, the size does not
            fit the model, the device is not there, or the method of isolation cannot work on this model.
        EncoderMismatchError: the foreground head belongs to another encoder.
    """
    import torch

    if spec.device == "cpu":
        torch.set_num_threads(spec.threads)
    isolator = open_isolator(spec.isolation, plain_fingerprint)
    model = filled_model(spec, weights)
    try:
        backbone = Backbone(model.to(spec.device), spec.device, spec.image_size)
    except (AssertionError, RuntimeError) as error:
        raise EncoderUnavailableError(
            f"{spec.name} does not run on {spec.device!r} at image size {spec.image_size} ({brief(error)}). "
            f"Set `encoder.device` to a device of this machine and `encoder.image_size` to a size that the model takes."
        ) from error
    backbone.check_reads(isolator.reads, spec.name)
    return TimmEncoder(spec, fingerprint, backbone, isolator)
