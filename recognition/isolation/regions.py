"""Regions: the parts of one picture that show a product each, for scenes with several products."""

from collections.abc import Sequence

from PIL import Image

from recognition.isolation.closer import LEAST, PAPER, SEEN, Look, asks_for_closer_look, closer_boxes
from recognition.isolation.masks import intersection_over_union, share_inside, without_overlaps
from recognition.isolation.plain_ground import things_on_plain_ground
from recognition.isolation.protocol import Box, Isolated, whole

MOST_REGIONS = 8

_SAME = 0.6  # a region with more than this share of it inside a likelier one shows the same thing
_ONE = 0.5  # boxes of two methods with more intersection over union than this are one region
_GROUP = 0.8  # share of a region that lies inside a box around several of them
_MARGIN = 0.15  # of the longer side of a region, on each side of its crop


def regions_of(isolated: Isolated, picture: Image.Image, most: int = MOST_REGIONS) -> tuple[Box, ...]:
    """The box of each product on a picture, the likeliest first, at most `most`; none where none stood out."""
    if not isolated.found:
        return ()
    return distinct(isolated.boxes, picture)[:most]


def find_regions(
    isolated: Isolated, picture: Image.Image, most: int = MOST_REGIONS, look: Look | None = None
) -> tuple[Box, ...]:
    """The box of each product on a picture, the likeliest first, at most `most`; none where none stood out.

    What lies on a plain ground is found most exactly by the ground, so that speaks first. Where it is silent, and the
    encoder tells product from clutter cell by cell, a closer look follows where the first hints at several. What that
    does not find, or nobody asks for, is said by what the encoder isolated (`python -m benchmarks.scenes_of_several`).

    Args:
        isolated: Where the encoder looked.
        picture: RGB.
        most: How many; for 1 the encoder's word is enough.
        look: How it isolates on other pictures; None saves that time.
    """
    if most > 1:
        plain = distinct(things_on_plain_ground(picture), picture)
        if plain:
            return plain[:most]
        if look is not None and isolated.everywhere and asks_for_closer_look(isolated):
            closer = distinct(closer_boxes(picture, look), picture)
            if closer:
                return closer[:most]
    return regions_of(isolated, picture, most)


def distinct(boxes: Sequence[Box], picture: Image.Image) -> tuple[Box, ...]:
    """Boxes, the likeliest first, without crumbs and without those that lie in a likelier one."""
    large = [box for box in boxes if box.area >= LEAST * whole(picture).area]
    return tuple(large[at] for at in without_overlaps(large, share_inside, _SAME))


def agreed(first: Sequence[Box], second: Sequence[Box], picture: Image.Image) -> tuple[Box, ...]:
    """Regions of two methods, the likeliest first: those that both see, then the others of the first, of the second.

    A box around two or more regions of the other method shows a group of products and not one.
    """
    ours = [box for box in first if not _is_group(box, second)]
    theirs = [box for box in second if not _is_group(box, first)]
    both = [box for box in ours if any(intersection_over_union(box, other) > _ONE for other in theirs)]
    alone = [box for box in ours if box not in both]
    return distinct([*both, *alone, *theirs], picture)


def _is_group(box: Box, others: Sequence[Box]) -> bool:
    inside = [other for other in others if share_inside(other, box) > _GROUP and other.area < _ONE * box.area]
    return len(without_overlaps(inside, share_inside, _SAME)) > 1


def wide_view(picture: Image.Image) -> tuple[Image.Image, int, int]:
    """A picture on a white square on which an encoder, which looks at the middle, sees all of it; and where it lies."""
    side = round(max(picture.size) / SEEN)
    left, top = (side - picture.width) // 2, (side - picture.height) // 2
    view = Image.new("RGB", (side, side), PAPER)
    view.paste(picture, (left, top))
    return view, left, top


def in_picture(seen: Isolated, left: int, top: int, picture: Image.Image) -> tuple[Box, ...]:
    """What was isolated on a wide view, in pixels of the picture."""
    if not seen.found:
        return ()
    moved = [
        Box(
            max(box.left - left, 0),
            max(box.top - top, 0),
            min(box.right - left, picture.width),
            min(box.bottom - top, picture.height),
        )
        for box in seen.boxes
    ]
    return distinct([box for box in moved if box.width > 1 and box.height > 1], picture)


def region_crops(picture: Image.Image, regions: Sequence[Box]) -> list[Image.Image]:
    """A picture of each region as if it had been photographed alone: square, with a margin, inside where it fits.

    White where it reaches outside of the picture, as catalogue photos are.
    """
    return [_crop(picture, region) for region in regions]


def _crop(picture: Image.Image, region: Box) -> Image.Image:
    side = max(round(max(region.width, region.height) * (1 + 2 * _MARGIN)), 1)
    left = _placed((region.left + region.right - side) / 2, side, picture.width)
    top = _placed((region.top + region.bottom - side) / 2, side, picture.height)
    square = Image.new("RGB", (side, side), PAPER)
    square.paste(picture.crop((max(left, 0), max(top, 0), left + side, top + side)), (max(-left, 0), max(-top, 0)))
    return square


def _placed(start: float, length: int, limit: int) -> int:
    """Move an interval into 0..limit; one that is longer is centred."""
    return round((limit - length) / 2 if length >= limit else min(max(start, 0), limit - length))
