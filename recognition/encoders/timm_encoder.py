"""Any model of timm as an encoder: frozen, pooled where the product is, with a second look where that is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from recognition.encoders.backbone import Backbone, open_backbone
from recognition.encoders.layout import layout_of
from recognition.encoders.pooling import Features, pooled_plainly, pooled_under, side_by_side
from recognition.encoders.protocol import Vectors
from recognition.encoders.spec import EncoderSpec
from recognition.errors import EncoderUnavailableError
from recognition.isolation.masks import crop_frame
from recognition.isolation.opening import open_isolator
from recognition.isolation.protocol import Box, Floats, Isolated, Isolator, Seen, whole
from recognition.pictures.colour import colour_descriptor
from recognition.vocabulary import IsolationMethod


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One forward pass over a batch: what went in, what came out, and what isolation may see of it."""

    squares: Sequence[Image.Image]
    features: Features
    seen: Seen


class TimmEncoder:
    """A timm model, a way to find the product, and how they make one row; see `Encoder`."""

    def __init__(self, spec: EncoderSpec, fingerprint: str, backbone: Backbone, isolator: Isolator) -> None:
        self.name = spec.name
        self.fingerprint = fingerprint
        self.backbone = backbone
        self._isolator = isolator
        self._isolates = spec.isolation.method is not IsolationMethod.NONE
        self._second_pass = spec.isolation.second_pass
        self._colour = spec.colour
        blocks, _ = self._blocks([Image.new("RGB", (backbone.side, backbone.side))])
        self.dimension = sum(block.shape[1] for block in blocks)
        self.layout = layout_of(spec, self.dimension)

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode RGB pictures of any size: [n, d], rows L2-normalised."""
        return self.encode_isolated(pictures)[0]

    def encode_isolated(self, pictures: Sequence[Image.Image]) -> tuple[Vectors, list[Isolated]]:
        """Encode RGB pictures, and say where the product is on each, from the same forward pass."""
        rows: list[Vectors] = [np.empty((0, self.dimension), dtype=np.float32)]
        isolated = list[Isolated]()
        for batch in self._batches(pictures):
            blocks, found = self._blocks(batch)
            rows.append(side_by_side(blocks))
            isolated.extend(found)
        return np.concatenate(rows), isolated

    def isolate(self, pictures: Sequence[Image.Image]) -> list[Isolated]:
        """Say where the product is on each picture."""
        looks = (self._first_look(batch) for batch in self._batches(pictures))
        return [found for look in looks for found in self._isolator.isolate(look.seen)]

    def _batches(self, pictures: Sequence[Image.Image]) -> Iterator[Sequence[Image.Image]]:
        return (pictures[at : at + self.backbone.batch] for at in range(0, len(pictures), self.backbone.batch))

    def _blocks(self, pictures: Sequence[Image.Image]) -> tuple[list[Vectors], list[Isolated]]:
        """Encode one batch: unit rows [n, width] of each block, and where the product is."""
        look = self._first_look(pictures)
        isolated = self._isolator.isolate(look.seen)
        masks = np.stack([found.mask for found in isolated]) if self._isolates else None
        embedding = [pooled_plainly(look.features) if masks is None else pooled_under(look.features, masks)]
        if self._second_pass:
            embedding.append(self._second_look(pictures, isolated))
        blocks = [side_by_side(embedding)]
        if self._colour:
            blocks.append(_colours(look.squares, masks))
        return blocks, isolated

    def _first_look(self, pictures: Sequence[Image.Image]) -> _Look:
        frames = [self.backbone.frame(picture) for picture in pictures]
        # A second look goes where the first one points, and rounding can turn a pointer far: the first is then exact.
        return self._look(pictures, frames, half=self.backbone.half and not self._second_pass)

    def _second_look(self, pictures: Sequence[Image.Image], isolated: Sequence[Isolated]) -> Vectors:
        frames = [crop_frame(found, whole(picture)) for found, picture in zip(isolated, pictures, strict=True)]
        look = self._look(pictures, frames, half=self.backbone.half)
        return pooled_under(look.features, self._isolator.refine(look.seen, isolated))

    def _look(self, pictures: Sequence[Image.Image], frames: Sequence[Box], *, half: bool) -> _Look:
        squares = [self.backbone.square(picture, frame) for picture, frame in zip(pictures, frames, strict=True)]
        features = self.backbone.look(squares, half=half)
        return _Look(squares, features, Seen(pictures, frames, self.backbone.grid, features.layers, features.attention))


def open_timm(spec: EncoderSpec, weights: Path, fingerprint: str, plain_fingerprint: str) -> TimmEncoder:
    """Open a model and its method of isolation.

    Args:
        spec: The encoder.
        weights: Its safetensors file.
        fingerprint: Of the encoder.
        plain_fingerprint: Of the same encoder without isolation and colour, which a foreground head is bound to.

    Raises:
        EncoderUnavailableError: the model or what isolation needs cannot be opened, or they do not fit together.
        EncoderMismatchError: the foreground head belongs to another encoder.
    """
    isolator = open_isolator(spec.isolation, plain_fingerprint)
    isolates = spec.isolation.method is not IsolationMethod.NONE
    backbone = open_backbone(spec, weights, isolator.reads if isolates else None)
    if isolates and not (backbone.has_patches or spec.isolation.second_pass):
        raise EncoderUnavailableError(
            f"{spec.name} has no patches to weigh by a box: set `encoder.isolation.second_pass` to true, so that it "
            f"sees the box alone, or `encoder.isolation.method` to none."
        )
    return TimmEncoder(spec, fingerprint, backbone, isolator)


def _colours(squares: Sequence[Image.Image], masks: Floats | None) -> Vectors:
    """[n, COLOUR_WIDTH] colours of the products."""
    covers = [None] * len(squares) if masks is None else list(masks)
    return np.stack([colour_descriptor(square, cover) for square, cover in zip(squares, covers, strict=True)])
