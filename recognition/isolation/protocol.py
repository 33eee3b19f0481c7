"""What isolation is asked and what it answers: where the product is on a picture, as a mask and as boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.vocabulary import IsolationMethod

Floats: TypeAlias = NDArray[np.float32]

ISOLATION_VERSION = "isolation-1"
"""Goes into the fingerprint: raise it whenever a mask, a crop or the pooling under a mask changes a vector."""


@dataclass(frozen=True, slots=True)
class IsolationSpec:
    """How to isolate, before anything is loaded.

    Attributes:
        method: Where masks come from.
        weights: The foreground head (safetensors) or the detector (ONNX) of the methods that need one.
        second_pass: Encode the product's crop as well: twice the time, and finer detail.
    """

    method: IsolationMethod = IsolationMethod.NONE
    weights: Path | None = None
    second_pass: bool = False


NO_ISOLATION = IsolationSpec()


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of a picture, fractions allowed; right and bottom lie just outside it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Pixels inside."""
        return self.width * self.height


@dataclass(frozen=True, slots=True, eq=False)
class Isolated:
    """Where the product is on one picture.

    Attributes:
        frame: The part of the picture that the encoder saw, and that the mask covers.
        mask: [k g, k g] float32, 0 (background) to 1 (product), k * k cells to each of g * g patches.
        boxes: One per product in pixels of the picture, the likeliest first; the whole picture where none was found.
        found: False where the one box is that fallback.
        everywhere: Whether the mask says of each cell for itself what it is, and so shows all products in the frame.
    """

    frame: Box
    mask: Floats
    boxes: tuple[Box, ...]
    found: bool
    everywhere: bool = False


class Reads(StrEnum):
    """What a method works from."""

    PICTURES = "pictures"
    TOKENS = "tokens"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A batch of pictures as the encoder saw them.

    Attributes:
        pictures: Whole, RGB.
        frames: The part of each picture that the encoder saw.
        grid: Patches along a side, g.
        layers: [n, g * g, 4, d] patch tokens after each quarter of the model; None for a model without such tokens.
        attention: [n, g * g] attention of the class token, for a method that reads ATTENTION.
    """

    pictures: Sequence[Image.Image]
    frames: Sequence[Box]
    grid: int
    layers: Floats | None = None
    attention: Floats | None = None


class Isolator(Protocol):
    """One way to find the product."""

    @property
    def reads(self) -> Reads:
        """What `Seen` must hold."""
        ...

    def isolate(self, seen: Seen) -> list[Isolated]:
        """Find the products on each picture."""
        ...

    def refine(self, seen: Seen, first: Sequence[Isolated]) -> Floats:
        """Give masks [n, k g, k g] over the frames of a second look, each at the product that `isolate` found first."""
        ...


def whole(picture: Image.Image) -> Box:
    """The box of a whole picture."""
    return Box(0, 0, picture.width, picture.height)
