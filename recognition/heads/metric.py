"""The metric of a release: from an encoder's vector to the space in which the cosine is the likeness of two photos.

Each block of columns (embedding, colour) is mapped by its own whitening, weighed, and joined; on top of that a
refinement may have been learned. A block of weight 0 is left out altogether.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from recognition.encoders.protocol import Block
from recognition.heads.refinement import Refinement
from recognition.heads.samples import Samples, Vectors
from recognition.heads.whitening import Whitening, fit_whitening, leading_axes, normalised, plain_cosine


class MetricKind(StrEnum):
    """How the columns of a block are mapped; the simplest first."""

    PLAIN = "plain"
    WHITENED = "whitened"
    DISCRIMINANT = "discriminant"


MOST_AXES: Mapping[str, int] = {"colour": 64}
"""Axes of a block's discriminant; other blocks have 256. Fewer axes than classes - 1 lose what tells few of them apart
and, measured on 1,000 classes, gain a point: what is dropped is mostly noise."""
_AXES = 256
_LEAST_LENGTH = 1e-6  # of a vector that shows nothing at all


@dataclass(frozen=True)
class MetricPart:
    """The columns from `start` to `stop`, mapped by `whitening`, at `weight` beside the other parts."""

    start: int
    stop: int
    whitening: Whitening
    weight: float = 1.0


@dataclass(frozen=True)
class Metric:
    """The parts in the order of their columns, and what was learned on top of them."""

    parts: tuple[MetricPart, ...]
    refinement: Refinement | None = None

    def whiten(self, vectors: Vectors) -> Vectors:
        """[n, d] encoder vectors -> [n, k] L2-normalised, before the refinement."""
        return join_blocks(self.whiten_blocks(vectors), [part.weight for part in self.parts])

    def whiten_blocks(self, vectors: Vectors) -> list[Vectors]:
        """[n, d] encoder vectors -> [n, k] of each part, L2-normalised, before they are weighed and joined."""
        return [part.whitening.apply(vectors[:, part.start : part.stop]) for part in self.parts]

    def log_lengths(self, vectors: Vectors) -> Vectors:
        """[n] natural logarithm of the length of [n, d] vectors in the first part, before it is made one.

        A photo whose product is small, blurred or half hidden lies nearer to the mean of all photos. The length says
        nothing of which product it is, and much of how near to its own product a photo can be expected to come.

        Source: the norm of a feature as a measure of quality, Kim, Jain and Liu, "AdaFace", CVPR 2022.
        """
        part = self.parts[0]
        placed = part.whitening.place(vectors[:, part.start : part.stop])
        lengths = np.maximum(np.linalg.norm(placed, axis=1), _LEAST_LENGTH)
        return np.asarray(np.log(lengths), dtype=np.float32)

    def refine(self, whitened: Vectors) -> Vectors:
        """[n, k] whitened vectors -> [n, k] L2-normalised, where photos are compared."""
        return whitened if self.refinement is None else self.refinement.apply(whitened)

    def apply(self, vectors: Vectors) -> Vectors:
        """[n, d] encoder vectors -> [n, k] L2-normalised, where photos are compared."""
        return self.refine(self.whiten(vectors))

    def weighing(self, weights: Sequence[float]) -> "Metric":
        """The same parts at other weights, one for each; those of weight 0 are left out."""
        weighed = (replace(part, weight=weight) for part, weight in zip(self.parts, weights, strict=True) if weight)
        return replace(self, parts=tuple(weighed))


def join_blocks(blocks: Sequence[Vectors], weights: Sequence[float]) -> Vectors:
    """[n, k] L2-normalised rows of blocks [n, k_i], each at its weight; those of weight 0 are left out."""
    weighed = [weight * block for block, weight in zip(blocks, weights, strict=True) if weight]
    return normalised(np.concatenate(weighed, axis=1))


def fit_metric(samples: Samples, kind: MetricKind) -> Metric:
    """The metric of that kind for every block of the samples, all of the same weight, without a refinement."""
    return fit_metrics(samples, (kind,))[kind]


def fit_metrics(samples: Samples, kinds: Collection[MetricKind]) -> dict[MetricKind, Metric]:
    """The metric of each of those kinds; what two kinds have in common is fitted once."""
    parts: dict[MetricKind, list[MetricPart]] = {kind: [] for kind in kinds}
    start = 0
    for block in samples.layout or (Block("embedding", samples.vectors.shape[1]),):
        stop = start + block.width
        of_block = replace(samples, vectors=samples.vectors[:, start:stop], layout=())
        for kind, whitening in _fit_block(of_block, kinds, MOST_AXES.get(block.name, _AXES)).items():
            parts[kind].append(MetricPart(start, stop, whitening))
        start = stop
    return {kind: Metric(tuple(of_kind)) for kind, of_kind in parts.items()}


def worth_reducing(samples: Samples) -> bool:
    """Whether the discriminant would drop axes of the first block at all."""
    width = samples.layout[0].width if samples.layout else samples.vectors.shape[1]
    return min(width, len(samples.classes) - 1) > _AXES


def _fit_block(samples: Samples, kinds: Collection[MetricKind], most_axes: int) -> dict[MetricKind, Whitening]:
    found: dict[MetricKind, Whitening] = {}
    if MetricKind.PLAIN in kinds:
        found[MetricKind.PLAIN] = plain_cosine(samples)
    if MetricKind.WHITENED in kinds or MetricKind.DISCRIMINANT in kinds:
        whitening = fit_whitening(samples)
        if MetricKind.WHITENED in kinds:
            found[MetricKind.WHITENED] = whitening
        if MetricKind.DISCRIMINANT in kinds:
            found[MetricKind.DISCRIMINANT] = leading_axes(whitening, samples, most_axes)
    return found
