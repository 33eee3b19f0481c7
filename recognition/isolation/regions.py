"""Regions: the parts of one picture that show a product each, for scenes with several products."""

from collections.abc import Sequence

from PIL import Image

from recognition.isolation.masks import share_inside, without_overlaps
from recognition.isolation.protocol import Box, Isolated, whole

MOST_REGIONS = 8

_LEAST = 0.004  # share of the picture that a product covers: smaller ones are crumbs, or too few pixels to tell apart
_SAME = 0.6  # a region with more than this share of it inside a likelier one shows the same thing
_MARGIN = 0.15  # of the longer side of a region, on each side of its crop
_PAPER = (255, 255, 255)


def regions_of(isolated: Isolated, picture: Image.Image, most: int = MOST_REGIONS) -> tuple[Box, ...]:
    """The box of each product on a picture, the likeliest first, at most `most`; none where none stood out."""
    if not isolated.found:
        return ()
    everything = whole(picture)
    boxes = [box for box in isolated.boxes if box.area >= _LEAST * everything.area]
    return tuple(boxes[at] for at in without_overlaps(boxes, share_inside, _SAME)[:most])


def region_crops(picture: Image.Image, regions: Sequence[Box]) -> list[Image.Image]:
    """A picture of each region as if it had been photographed alone: square, with a margin, inside where it fits.

    White where it reaches outside of the picture, as catalogue photos are.
    """
    return [_crop(picture, region) for region in regions]


def _crop(picture: Image.Image, region: Box) -> Image.Image:
    side = max(round(max(region.width, region.height) * (1 + 2 * _MARGIN)), 1)
    left = _placed((region.left + region.right - side) / 2, side, picture.width)
    top = _placed((region.top + region.bottom - side) / 2, side, picture.height)
    square = Image.new("RGB", (side, side), _PAPER)
    square.paste(picture.crop((max(left, 0), max(top, 0), left + side, top + side)), (max(-left, 0), max(-top, 0)))
    return square


def _placed(start: float, length: int, limit: int) -> int:
    """Move an interval into 0..limit; one that is longer is centred."""
    return round((limit - length) / 2 if length >= limit else min(max(start, 0), limit - length))
