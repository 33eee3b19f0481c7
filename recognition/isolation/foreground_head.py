"""Isolation by a head on patch tokens that says of each patch how much of it is product.

The head is learned from catalogue photos on plain backgrounds, which give masks for free, laid on clutter. It reads
tokens that the frozen encoder computes anyway, so it costs next to nothing. Linear probes of a frozen transformer's
patches segment objects well (Oquab et al., "DINOv2", TMLR 2024); a hidden layer lets a middle and the last layer meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from recognition.errors import EncoderMismatchError, EncoderUnavailableError
from recognition.files import write_durably
from recognition.isolation.masks import isolated_by
from recognition.isolation.protocol import Floats, Isolated, Reads, Seen

if TYPE_CHECKING:
    import torch

CELLS = 4
"""Cells along a side of a patch in the masks of a head: patches alone are too coarse for thin products."""

_READ = [0, 1, 3]  # quarters of the encoder: early tokens make masks sharp, late ones know what a product is
_STEADY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class ForegroundHead:
    """A perceptron with one hidden layer of h numbers, on three standardised tokens of d numbers.

    Attributes:
        hidden: [3 d, h] weights, and `hidden_bias` [h].
        output: [h, CELLS * CELLS] weights, and `output_bias` [CELLS * CELLS].
    """

    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats

    def masks(self, tokens: NDArray[np.floating]) -> Floats:
        """[n, g * g, 3, d] tokens -> [n, CELLS g, CELLS g] how much of each cell is product, 0 to 1."""
        import torch

        # Not NumPy, which would use threads of its own beside the one that the encoder is given.
        with torch.inference_mode():
            parts = (torch.from_numpy(part) for part in (self.hidden, self.hidden_bias, self.output, self.output_bias))
            cells = logits(torch.from_numpy(standardised(tokens)), *parts).sigmoid().numpy()
        grid = round(cells.shape[1] ** 0.5)
        laid_out = cells.reshape(-1, grid, grid, CELLS, CELLS).transpose(0, 1, 3, 2, 4)
        return np.asarray(laid_out.reshape(-1, CELLS * grid, CELLS * grid), dtype=np.float32)

    def save(self, path: Path, encoder: str) -> None:
        """Write a safetensors file that belongs to the encoder of a plain fingerprint."""
        from safetensors.numpy import save

        tensors = {field.name: np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)}
        write_durably(path, save(tensors, metadata={"encoder": encoder}))

    @classmethod
    def open(cls, path: Path, encoder: str) -> Self:
        """Read the head that was taught on tokens of an encoder.

        Raises:
            EncoderUnavailableError: the file holds no foreground head.
            EncoderMismatchError: the head belongs to another encoder.
        """
        from safetensors import safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                owner = (file.metadata() or {}).get("encoder")
                head = cls(**{field.name: file.get_tensor(field.name) for field in fields(cls)})
        except Exception as error:  # the library raises its own errors for each way in which a file can be wrong
            raise EncoderUnavailableError(f"{path.name} holds no foreground head ({error}). {_ADVICE}") from error
        if owner != encoder:
            raise EncoderMismatchError(
                f"The foreground head {path.name} was taught on tokens of {owner}, the encoder is {encoder}. {_ADVICE}"
            )
        return head


class ForegroundIsolator:
    """See `Isolator`."""

    reads = Reads.TOKENS

    def __init__(self, head: ForegroundHead) -> None:
        self._head = head

    def isolate(self, seen: Seen) -> list[Isolated]:
        """Find the products where the head sees them."""
        return [replace(found, everywhere=True) for found in isolated_by(self._masks(seen), seen)]

    def refine(self, seen: Seen, first: Sequence[Isolated]) -> Floats:  # noqa: ARG002  # a second look has its own
        """Give where the head sees product in the crops, in finer patches."""
        return self._masks(seen)

    def _masks(self, seen: Seen) -> Floats:
        return self._head.masks(head_tokens(seen.layers))


def head_tokens(layers: Floats | None) -> Floats:
    """[n, p, 4, d] tokens after each quarter of an encoder -> [n, p, 3, d] those that a head reads."""
    if layers is None:
        raise ValueError("A foreground head reads patch tokens, and there are none.")
    return layers[:, :, _READ]


def standardised(tokens: NDArray[np.floating]) -> Floats:
    """[..., 3, d] tokens -> [..., 3 d], each token with mean 0 and deviation 1 (Ba et al., "Layer Normalization")."""
    exact = tokens.astype(np.float32)
    centred = exact - exact.mean(axis=-1, keepdims=True)
    standard = centred / (centred.std(axis=-1, keepdims=True) + np.float32(_STEADY))
    return np.asarray(standard.reshape(*tokens.shape[:-2], -1), dtype=np.float32)


def logits(
    rows: "torch.Tensor",
    hidden: "torch.Tensor",
    hidden_bias: "torch.Tensor",
    output: "torch.Tensor",
    bias: "torch.Tensor",
) -> "torch.Tensor":
    """[..., 3 d] standardised tokens -> [..., CELLS * CELLS] log-odds that a cell is product."""
    from torch.nn.functional import gelu

    return gelu(rows @ hidden + hidden_bias, approximate="tanh") @ output + bias


_ADVICE = "Train one for this encoder and set `encoder.isolation.weights` to it."
