"""The sheet a label is printed on, and what a flavour changes on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from skuloop.demo.motifs import motif
from skuloop.demo.paint import Colour, Point, slanted, stamp, word_tile


@dataclass(frozen=True, slots=True)
class Look:
    """What a flavour changes in its brand's design."""

    accent: Colour
    motif: str
    ink: Colour


@dataclass(slots=True)
class Panel:
    """A flat RGB label. `span` is the width in pixels that the eye sees at once: less than the sheet on round packs."""

    picture: Image.Image
    span: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.size

    def at(self, x: float, y: float) -> Point:
        """Return the pixel of `x` (share of the span, 0 is the middle) and `y` (share of the height)."""
        return self.picture.width / 2 + x * self.span, y * self.picture.height

    def word(
        self,
        words: str,
        y: float,
        height: float,
        colour: Colour,
        *,
        x: float = 0.0,
        weight: float = 0.0,
        tracking: float = 0.0,
        room: float = 0.88,
        lean: bool = False,
    ) -> None:
        """Write one line centred at (x, y), `height` as a share of the span, never wider than `room` of it."""
        tile = word_tile(
            words, max(8, round(height * self.span)), colour, weight=weight, tracking=tracking + 1.1 * weight
        )
        tile = slanted(tile) if lean else tile
        stamp(self.picture, tile, self.at(x, y), width=min(tile.width, room * self.span))

    def motif(self, name: str, colour: Colour, x: float, y: float, width: float, angle: float = 0.0) -> None:
        """Print a motif `width` of the span wide."""
        stamp(self.picture, motif(name, colour), self.at(x, y), width=width * self.span, angle=angle)

    def below(self, y: float, swing: float, colour: Colour, *, waves: float = 1.0, phase: float = 0.0) -> None:
        """Fill everything under a wavy line; `y` and `swing` are shares of the height, `waves` counts per span."""
        x = np.linspace(0, 1, 120)
        turn = 2 * np.pi * waves * x * self.picture.width / self.span + phase
        line = np.column_stack([x, y + swing * np.sin(turn)])
        self.shape(np.vstack([line, [[1, 1], [0, 1]]]), colour)

    def shape(self, points: NDArray[np.float64], colour: Colour) -> None:
        """Fill a polygon; `points` [n, 2] are shares of the whole sheet."""
        pen, (wide, high) = ImageDraw.Draw(self.picture), self.size
        pen.polygon([(float(x) * wide, float(y) * high) for x, y in points], fill=colour)

    def disc(self, y: float, width: float, colour: Colour, x: float = 0.0, squeeze: float = 1.0) -> None:
        """Fill an ellipse `width` of the span wide."""
        (cx, cy), half = self.at(x, y), width * self.span / 2
        ImageDraw.Draw(self.picture).ellipse(
            (cx - half, cy - half * squeeze, cx + half, cy + half * squeeze), fill=colour
        )

    def band(self, top: float, bottom: float, colour: Colour) -> None:
        """Fill a strip from edge to edge between two heights."""
        self.picture.paste(colour, (0, round(top * self.size[1]), self.size[0], round(bottom * self.size[1])))
