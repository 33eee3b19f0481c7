"""A page of small captioned pictures: how a person sees at a glance what a night found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL import Image, ImageDraw, ImageFont, ImageOps

from recognition.errors import UnreadablePictureError
from recognition.pictures.reading import read_picture

_GAP = 8
_CAPTION_HEIGHT = 18
_TITLE_HEIGHT = 36
_PAPER, _FRAME, _INK = "#ffffff", "#eef0f3", "#20242a"


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a contact sheet and the line under it."""

    picture: Image.Image
    caption: str

    @classmethod
    def of_photo(cls, path: Path, caption: str) -> Self:
        """The tile of a stored photo; grey where it cannot be read, although it was judged readable once."""
        try:
            return cls(read_picture(path), caption)
        except UnreadablePictureError:
            return cls(Image.new("RGB", (160, 160), (225, 225, 228)), caption)


def contact_sheet(
    tiles: Sequence[Tile], columns: int = 6, side: int = 160, title: str | None = None, lines: int = 1
) -> Image.Image:
    """Lay pictures out in rows, each whole within a square of `side` pixels; long captions end in an ellipsis.

    Without a tile the sheet says so, because a report page with a hole in it looks like a fault.

    Args:
        tiles: the pictures with their captions.
        columns: how many stand side by side.
        side: of the square, in pixels.
        title: of the sheet.
        lines: that a caption may take.
    """
    if columns < 1 or side < 1:
        raise ValueError(f"A contact sheet needs at least one column and one pixel, not {columns} and {side}.")
    columns = min(columns, max(len(tiles), 1))
    top = _TITLE_HEIGHT if title else 0
    cell_width, cell_height = side + _GAP, side + lines * _CAPTION_HEIGHT + _GAP
    rows = max(math.ceil(len(tiles) / columns), 1)
    sheet = Image.new("RGB", (columns * cell_width + _GAP, top + rows * cell_height + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    if title:
        _write(draw, (_GAP, _GAP), title, size=20, width=sheet.width - 2 * _GAP)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        left, upper = _GAP + column * cell_width, top + _GAP + row * cell_height
        draw.rectangle((left, upper, left + side - 1, upper + side - 1), fill=_FRAME)
        fitted = ImageOps.contain(tile.picture.convert("RGB"), (side, side))
        sheet.paste(fitted, (left + (side - fitted.width) // 2, upper + (side - fitted.height) // 2))
        for place, line in enumerate(_wrapped(draw, tile.caption, lines, size=12, width=side)):
            _write(draw, (left, upper + side + 2 + place * _CAPTION_HEIGHT), line, size=12, width=side)
    if not tiles:
        _write(draw, (_GAP, top + _GAP), "nothing to show", size=14, width=side)
    return sheet


def _wrapped(draw: ImageDraw.ImageDraw, text: str, lines: int, size: int, width: int) -> list[str]:
    """At most so many lines of whole words; the last one holds all that is left."""
    font, rest = ImageFont.load_default(size), text.split()
    wrapped: list[str] = []
    while rest and len(wrapped) < lines - 1:
        fits = next((n for n in range(len(rest), 1, -1) if draw.textlength(" ".join(rest[:n]), font) <= width), 1)
        wrapped.append(" ".join(rest[:fits]))
        rest = rest[fits:]
    return [*wrapped, " ".join(rest)]


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, width: int) -> None:
    """Write one line no wider than `width` pixels."""
    font = ImageFont.load_default(size)
    line = " ".join(text.split())
    if draw.textlength(line, font) > width:
        while line and draw.textlength(f"{line}…", font) > width:
            line = line[:-1]
        line = f"{line}…"
    draw.text(at, line, fill=_INK, font=font)
