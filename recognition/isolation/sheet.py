"""Isolation for people: each picture, what of it was taken for product, and what the product was cut to."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from recognition.isolation.masks import crop_frame
from recognition.isolation.protocol import Box, Floats, Isolated, whole
from recognition.pictures.contact_sheet import Tile, contact_sheet

_VEIL = (40, 40, 90)  # laid over what is not product
_MOST_VEIL = 0.8
_LINES = ("#ff3b30", "#ffb300")  # of the first box, and of the others


def isolation_sheet(
    pictures: Sequence[Image.Image], isolated: Sequence[Isolated], captions: Sequence[str], title: str | None = None
) -> Image.Image:
    """Lay out rows of picture, mask and crop, two rows side by side."""
    tiles = [
        tile
        for picture, found, caption in zip(pictures, isolated, captions, strict=True)
        for tile in (
            Tile(picture, caption),
            Tile(masked(picture, found), _said(found)),
            Tile(_cut(picture, crop_frame(found, whole(picture))), "second look"),
        )
    ]
    return contact_sheet(tiles, columns=6, title=title)


def masked(picture: Image.Image, found: Isolated) -> Image.Image:
    """Veil a picture where it is not product, and draw the boxes."""
    cover = Image.new("F", picture.size, 0)
    cells = (max(round(found.frame.width), 1), max(round(found.frame.height), 1))
    cover.paste(
        Image.fromarray(found.mask).resize(cells, Image.Resampling.BILINEAR),
        (round(found.frame.left), round(found.frame.top)),
    )
    shown = _veiled(picture, np.asarray(cover, dtype=np.float32))
    draw = ImageDraw.Draw(shown)
    for at, box in enumerate(found.boxes):
        width = max(round(min(picture.size) / 64), 1)
        edges = (box.left, box.top, max(box.right - 1, box.left), max(box.bottom - 1, box.top))
        draw.rectangle(edges, outline=_LINES[min(at, 1)], width=width)
    return shown


def _veiled(picture: Image.Image, cover: Floats) -> Image.Image:
    veil = (_MOST_VEIL * (1 - cover.clip(0, 1)))[:, :, None]
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32)
    return Image.fromarray((pixels * (1 - veil) + np.array(_VEIL) * veil).astype(np.uint8))


def _cut(picture: Image.Image, frame: Box) -> Image.Image:
    square = Image.new("RGB", (max(round(frame.width), 1), max(round(frame.height), 1)), "white")
    square.paste(picture.convert("RGB"), (-round(frame.left), -round(frame.top)))
    return square


def _said(found: Isolated) -> str:
    if not found.found:
        return "no product found"
    return "one product" if len(found.boxes) == 1 else f"{len(found.boxes)} products"
