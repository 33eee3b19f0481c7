"""The pictures of a question to people: a product cut out above its whole photo, a lettered group, candidates.

They are drawn larger than a screen shows them, because the page that shows them can zoom. Only letters and digits are
written on them: titles of products stand on the page, in whatever script they have.
"""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

_GAP = 12
_PAPER, _FRAME, _INK = "#ffffff", "#eef0f3", "#20242a"
_BADGE, _MARK = "#20242a", "#ff3b30"
CANDIDATES = 5
"""Columns of a sheet of candidates, however few there are: the page lists answers in as many below."""
_TILE = (300, 216)  # pixels of a candidate's picture: two of them, one below the other, leave room for the answers
_ROWS = 2  # whether or not every candidate has two pictures: the page keeps room for so many
_BADGE_SIDE = 56
_SIDE, _LARGE, _SMALL = 1000, 660, 328  # pixels of a sheet, and of its two parts
_MARGIN = 0.06  # of the cut's longer side, left around it
_WORTH = 0.55  # a product that covers more of its photo needs no cut

Edges = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of a picture."""


def cut_sheet(photo: Image.Image, product: Edges) -> Image.Image | None:
    """The product, large, beside or above its whole photo with the product marked; None where it fills the photo."""
    left, top, right, bottom = product
    if (right - left) * (bottom - top) > _WORTH * photo.width * photo.height:
        return None
    margin = _MARGIN * max(right - left, bottom - top)
    edges = (
        max(left - margin, 0.0),
        max(top - margin, 0.0),
        min(right + margin, photo.width),
        min(bottom + margin, photo.height),
    )
    cut = photo.convert("RGB").crop(_whole(edges))
    above, beside = ((_SIDE, _LARGE), (_SIDE, _SMALL)), ((_LARGE, _SIDE), (_SMALL, _SIDE))
    room, small_room = max(above, beside, key=lambda rooms: math.prod(_fitting(cut, rooms[0])))
    large, small = _fit(cut, room), _marked(photo, edges, small_room)
    sheet = Image.new("RGB", (_SIDE, _SIDE), _PAPER)
    sheet.paste(large, ((room[0] - large.width) // 2, (room[1] - large.height) // 2))
    start = (0, _SIDE - _SMALL) if room == above[0] else (_SIDE - _SMALL, 0)
    centre = ((small_room[0] - small.width) // 2, (small_room[1] - small.height) // 2)
    sheet.paste(small, (start[0] + centre[0], start[1] + centre[1]))
    return sheet


def group_sheet(photos: Sequence[Image.Image], letters: str) -> Image.Image:
    """The photos of a group in rows, each with its letter."""
    columns = 2 if len(photos) <= 4 else 3 if len(photos) <= 9 else 4
    side = (_SIDE - (columns - 1) * _GAP) // columns
    rows = math.ceil(len(photos) / columns)
    sheet = Image.new("RGB", (_SIDE, rows * (side + _GAP) - _GAP), _PAPER)
    for at, photo in enumerate(photos):
        row, column = divmod(at, columns)
        left, top = column * (side + _GAP), row * (side + _GAP)
        _put(sheet, photo, (left, top), (side, side))
        if at < len(letters):
            _badge(ImageDraw.Draw(sheet), left, top, letters[at])
    return sheet


def candidates_sheet(likenesses: Sequence[Sequence[Image.Image]], captions: Sequence[str] = ()) -> Image.Image:
    """Two pictures of each candidate, one below the other, with the number of its key.

    Args:
        likenesses: of each candidate, the best first; one without any gets an empty frame.
        captions: a word beside the numbers, in ASCII letters; empty for none.
    """
    columns = max(CANDIDATES, len(likenesses))
    width, height = _TILE[0] + _GAP, _TILE[1] + _GAP
    sheet = Image.new("RGB", (columns * width - _GAP, _ROWS * height - _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for at, pictures in enumerate(likenesses):
        for row in range(_ROWS):
            if row < len(pictures) or row == 0:
                _put(sheet, pictures[row] if row < len(pictures) else None, (at * width, row * height), _TILE)
        _badge(draw, at * width, 0, f"{at + 1} {captions[at]}" if at < len(captions) else str(at + 1))
    return sheet


def _fitting(picture: Image.Image, room: tuple[int, int]) -> tuple[float, float]:
    scale = min(room[0] / picture.width, room[1] / picture.height)
    return scale * picture.width, scale * picture.height


def _fit(picture: Image.Image, room: tuple[int, int]) -> Image.Image:
    return ImageOps.contain(picture.convert("RGB"), room, Image.Resampling.LANCZOS)


def _marked(photo: Image.Image, edges: Edges, room: tuple[int, int]) -> Image.Image:
    whole = _fit(photo, room)
    scale = whole.width / photo.width
    ImageDraw.Draw(whole).rectangle(_whole([scale * edge for edge in edges]), outline=_MARK, width=4)
    return whole


def _whole(edges: Sequence[float]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(edge) for edge in edges)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _put(sheet: Image.Image, picture: Image.Image | None, at: tuple[int, int], room: tuple[int, int]) -> None:
    (left, top), (width, height) = at, room
    ImageDraw.Draw(sheet).rectangle((left, top, left + width - 1, top + height - 1), fill=_FRAME)
    if picture is not None:
        fitted = _fit(picture, room)
        sheet.paste(fitted, (left + (width - fitted.width) // 2, top + (height - fitted.height) // 2))


def _badge(draw: ImageDraw.ImageDraw, left: int, top: int, sign: str) -> None:
    font = ImageFont.load_default(38)
    width = max(_BADGE_SIDE, round(draw.textlength(sign, font)) + 20)
    draw.rectangle((left, top, left + width - 1, top + _BADGE_SIDE - 5), fill=_BADGE)
    draw.text((left + width / 2, top + _BADGE_SIDE / 2 - 2), sign, fill="#ffffff", font=font, anchor="mm")
