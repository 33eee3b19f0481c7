"""Between masks and boxes: cells of a frame to pixels of a picture, and back."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.isolation.protocol import Box, Floats, Isolated, Seen, whole

PRODUCT = 0.5
"""From this value on a cell is product rather than background."""

_GAP = 0.07  # of the frame's side: parts that are nearer to each other than this are one
_CRUMB = 0.1  # a component with less than this share of the largest one's mask is no product of its own
_SAME = 0.5  # a component with more than this share of its box inside a larger one's box is part of that
_MARGIN = 0.1  # of the longer side of a product, on each side of its crop


def isolated_by(masks: Floats, seen: Seen) -> list[Isolated]:
    """Find the products on each picture of a batch from masks [n, m, m] over its frames."""
    triples = zip(masks, seen.frames, seen.pictures, strict=True)
    return [_isolated(mask, frame, whole(picture)) for mask, frame, picture in triples]


def _isolated(mask: Floats, frame: Box, picture: Box) -> Isolated:
    boxes = component_boxes(mask, frame)
    return Isolated(frame, mask, tuple(boxes) or (picture,), found=bool(boxes))


def component_boxes(mask: Floats, frame: Box) -> list[Box]:
    """Give the box of each part of a mask [m, m] that reaches PRODUCT, in pixels, the largest first.

    Cells that only a narrow gap keeps apart are one part: masks have holes where a product is like its background. An
    edge lies where the mask, interpolated between the middles of its cells, crosses PRODUCT: a box moves smoothly.
    """
    from scipy.ndimage import binary_dilation, find_objects, label

    product = mask >= PRODUCT
    if not product.any():
        return []
    steps = max(round(_GAP * len(mask) / 2), 1)
    labels, _ = label(binary_dilation(product, np.ones((3, 3)), iterations=steps), np.ones((3, 3)))
    labels[~product] = 0
    sizes = np.bincount(labels.ravel(), weights=mask.ravel())[1:]
    order = [int(at) for at in np.argsort(-sizes, kind="stable") if sizes[at] >= _CRUMB * sizes.max()]
    slices = find_objects(labels)
    boxes = [_component_box(mask, slices[at], frame) for at in order]
    return [boxes[at] for at in without_overlaps(boxes, share_inside, _SAME)]


def _component_box(mask: Floats, place: tuple[slice, slice], frame: Box) -> Box:
    rows, columns = place
    top, bottom = _crossings(mask[:, columns].max(axis=1), rows)
    left, right = _crossings(mask[rows].max(axis=0), columns)
    x, y = frame.width / mask.shape[1], frame.height / mask.shape[0]
    return Box(frame.left + left * x, frame.top + top * y, frame.left + right * x, frame.top + bottom * y)


def _crossings(profile: Floats, inside: slice) -> tuple[float, float]:
    """Where a profile [g] crosses PRODUCT before and after the cells `inside`, in cells from its start."""
    padded = np.concatenate([[0], profile, [0]]).astype(np.float64)  # cell i is padded[i + 1], its middle at i + .5
    first, last = inside.start, inside.stop - 1
    before = first + 0.5 - _fraction(padded[first + 1], padded[first])
    after = last + 0.5 + _fraction(padded[last + 1], padded[last + 2])
    return max(before, 0.0), min(after, float(len(profile)))


def _fraction(inner: float, outer: float) -> float:
    """How far from an inner cell's middle towards the outer one's the threshold lies, 0 to 1."""
    outer = min(outer, PRODUCT)  # a neighbour that is another product's ends this one half-way
    return float((inner - PRODUCT) / (inner - outer)) if inner > outer else 1.0


def without_overlaps(boxes: Sequence[Box], overlap: Callable[[Box, Box], float], most: float) -> list[int]:
    """Non-maximum suppression: rows of the boxes, best first, that overlap no better kept one by more than `most`."""
    kept: list[int] = []
    for at, box in enumerate(boxes):
        if all(overlap(box, boxes[better]) <= most for better in kept):
            kept.append(at)
    return kept


def share_inside(box: Box, other: Box) -> float:
    """Share of a box that lies inside another."""
    return _common_area(box, other) / box.area if box.area else 0.0


def intersection_over_union(box: Box, other: Box) -> float:
    """Area that two boxes share, of the area that both cover."""
    common = _common_area(box, other)
    return common / (box.area + other.area - common) if common else 0.0


def _common_area(box: Box, other: Box) -> float:
    width = min(box.right, other.right) - max(box.left, other.left)
    height = min(box.bottom, other.bottom) - max(box.top, other.top)
    return max(width, 0.0) * max(height, 0.0)


def box_mask(box: Box, frame: Box, grid: int) -> Floats:
    """[grid, grid]: the share of each patch of a frame that a box covers."""
    across = _covered((box.left - frame.left) / frame.width, (box.right - frame.left) / frame.width, grid)
    down = _covered((box.top - frame.top) / frame.height, (box.bottom - frame.top) / frame.height, grid)
    return np.outer(down, across).astype(np.float32)


def _covered(start: float, end: float, cells: int) -> NDArray[np.float64]:
    """[cells]: the share of each of the equal parts of 0..1 that start..end covers."""
    edges = np.clip(np.arange(cells + 1) / cells, start, end)
    return np.diff(edges) * cells


def crop_frame(found: Isolated, picture: Box) -> Box:
    """The square for a second look at the first product: a margin around it, and inside the picture where it fits.

    Where no product was found, the frame of the first look.
    """
    if not found.found:
        return found.frame
    product = found.boxes[0]
    side = max(product.width, product.height) * (1 + 2 * _MARGIN)
    left = _placed((product.left + product.right - side) / 2, side, picture.width)
    top = _placed((product.top + product.bottom - side) / 2, side, picture.height)
    return Box(left, top, left + side, top + side)


def _placed(start: float, length: float, limit: float) -> float:
    """Move an interval into 0..limit; one that is longer is centred."""
    return (limit - length) / 2 if length >= limit else min(max(start, 0), limit - length)
