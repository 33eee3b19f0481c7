"""A refinement of the whitened space, learned together with the prototypes in it.

    refined = normalise(S x + B gelu(A x + a) + b)

It starts as the identity with the class means as prototypes, and is trained so that each photo is nearer to the
prototype of its class than to any other by a margin. On thousands of look-alikes with fifty photos each it is worth
several points of accuracy over class means; on a small catalogue it learns the photos by heart, so validation decides
whether it is used.

Sources: Wang et al., "NormFace", ACM MM 2017 (softmax over scaled cosines); Wang et al., "CosFace", CVPR 2018 (margin).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.heads.half_precision import half_precision
from recognition.heads.samples import Rows, Vectors

if TYPE_CHECKING:  # only the cycle trains
    import torch

_HIDDEN = 1024
_INPUT_SCALE = 20.0  # coordinates of unit vectors are small: without it the hidden units would stay nearly linear
_SCALE, _MARGIN = 20.0, 0.1  # of the softmax over cosines
_NOISE = 0.02  # added to each coordinate of a photo: a little keeps 50 photos from being learned by heart
_DROPPED = 0.2
_EPOCHS, _BATCH = 6, 512
_RATE, _PROTOTYPE_RATE, _WEIGHT_DECAY = 1e-3, 5e-3, 0.05
_CHUNK = 8192


@dataclass(frozen=True)
class Refinement:
    """The learned map.

    Attributes:
        skip: [k, k] float32, S.
        hidden_weight: [h, k] float32, A.
        hidden_bias: [h] float32, a.
        out_weight: [k, h] float32, B.
        out_bias: [k] float32, b.
    """

    skip: Vectors
    hidden_weight: Vectors
    hidden_bias: NDArray[np.float32]
    out_weight: Vectors
    out_bias: NDArray[np.float32]

    def apply(self, whitened: Vectors) -> Vectors:
        """[n, k] whitened rows -> [n, k] refined rows of length 1."""
        starts = range(0, len(whitened), _CHUNK)
        parts = [self._apply(whitened[at : at + _CHUNK]) for at in starts]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.skip)), dtype=np.float32)

    def _apply(self, whitened: Vectors) -> Vectors:
        scaled = (whitened * np.float32(_INPUT_SCALE)).astype(np.float32)
        hidden = _gelu(scaled @ self.hidden_weight.T + self.hidden_bias)  # [n, h]
        refined = whitened @ self.skip.T + hidden @ self.out_weight.T + self.out_bias  # [n, k]
        return np.asarray(refined / np.maximum(np.linalg.norm(refined, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def fit_refinement(whitened: Vectors, targets: Rows, prototypes: Vectors, seed: int = 0) -> tuple[Refinement, Vectors]:
    """The refinement, and the prototypes that were learned in the refined space.

    Args:
        whitened: [n, k] rows of length 1.
        targets: [n] class rows.
        prototypes: [c, k] class means to start from; an all-zero row (a class without photos) stays zero.
        seed: of initial weights, order and noise.

    Returns:
        The map, and [c, k] float32 rows of length 1.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    random = torch.Generator().manual_seed(seed)
    layers = _Layers(whitened.shape[1], random)
    taught = torch.from_numpy(np.abs(prototypes).any(axis=1))
    centres = torch.from_numpy(prototypes.copy()).requires_grad_()
    x, y = torch.from_numpy(whitened), torch.from_numpy(targets)
    optimiser = torch.optim.AdamW(
        [
            {"params": layers.tensors, "lr": _RATE, "weight_decay": _WEIGHT_DECAY},
            {"params": [centres], "lr": _PROTOTYPE_RATE, "weight_decay": 0.0},
        ],
        fused=True,
    )
    steps = _EPOCHS * -(-len(x) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [_RATE, _PROTOTYPE_RATE], total_steps=steps + 1, pct_start=0.2
    )
    for batch in _batches(len(x), random):
        with half_precision():
            noisy = x[batch] + _NOISE * torch.randn(len(batch), x.shape[1], generator=random)
            cosines = layers(noisy, random) @ normalize(centres, dim=1).T  # [b, c]
        wanted, logits = y[batch], _SCALE * cosines.float()
        with torch.no_grad():  # a constant: nothing flows back through it
            logits[torch.arange(len(batch)), wanted] -= _SCALE * _MARGIN
        optimiser.zero_grad()
        cross_entropy(logits, wanted).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    learned = normalize(centres.detach(), dim=1) * taught[:, None]
    return layers.refinement(), np.asarray(learned.numpy(), dtype=np.float32)


class _Layers:
    """The same map as `Refinement`, while it is trained."""

    def __init__(self, dimension: int, random: "torch.Generator") -> None:
        import torch

        bound = dimension**-0.5
        self.skip = torch.eye(dimension)
        self.hidden_weight = torch.empty(_HIDDEN, dimension).uniform_(-bound, bound, generator=random)
        self.hidden_bias = torch.empty(_HIDDEN).uniform_(-bound, bound, generator=random)
        self.out_weight = torch.zeros(dimension, _HIDDEN)  # the map starts as the identity
        self.out_bias = torch.zeros(dimension)
        self.tensors = [tensor.requires_grad_() for tensor in vars(self).values()]

    def __call__(self, x: "torch.Tensor", random: "torch.Generator") -> "torch.Tensor":
        from torch.nn.functional import gelu, linear, normalize

        hidden = gelu(linear(_INPUT_SCALE * x, self.hidden_weight, self.hidden_bias), approximate="tanh")
        hidden = hidden * _kept(hidden.shape, random)
        return normalize(linear(x, self.skip, self.out_bias) + linear(hidden, self.out_weight) / (1 - _DROPPED), dim=1)

    def refinement(self) -> Refinement:
        return Refinement(*(tensor.detach().numpy().copy() for tensor in self.tensors))


def _kept(shape: "torch.Size", random: "torch.Generator") -> "torch.Tensor":
    """Which hidden units are not dropped; one byte of chance for each, drawn eight at a time, is cheapest."""
    import torch

    eights = torch.empty(shape[0], shape[1] // 8, dtype=torch.int64).random_(-(2**63), None, generator=random)
    return eights.view(torch.uint8) >= round(_DROPPED * 256)


def _batches(count: int, random: "torch.Generator") -> Iterator["torch.Tensor"]:
    import torch

    for _ in range(_EPOCHS):
        yield from torch.split(torch.randperm(count, generator=random), _BATCH)


def _gelu(x: Vectors) -> Vectors:
    """Gaussian error linear unit, in the tanh form that training uses."""
    inner = np.float32(0.044715) * x * x
    inner += 1
    inner *= x
    inner *= np.float32(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
