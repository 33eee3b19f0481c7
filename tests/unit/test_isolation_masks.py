import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recognition.isolation.masks import (
    PRODUCT,
    box_mask,
    component_boxes,
    crop_frame,
    intersection_over_union,
    isolated_by,
    share_inside,
    without_overlaps,
)
from recognition.isolation.protocol import Box, Isolated, Seen

FRAME = Box(10, 20, 66, 76)  # 56 x 56 pixels: a mask of 28 x 28 has cells of two


def random_boxes(rng: np.random.Generator, count: int) -> list[Box]:
    corners = rng.uniform(0, 80, (count, 2))
    return [Box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, rng.uniform(1, 40, (count, 2)), strict=True)]


def painted(box: Box) -> NDArray[np.bool_]:
    """Tenths of a pixel that a box with corners at tenths covers, on a canvas of 130 x 130 pixels."""
    canvas = np.zeros((1300, 1300), dtype=bool)
    left, top, right, bottom = (round(10 * edge) for edge in (box.left, box.top, box.right, box.bottom))
    canvas[top:bottom, left:right] = True
    return canvas


def by_hand(mask: NDArray[np.float32]) -> list[tuple[float, float, float, float, float]]:
    """(weight, left, top, right, bottom) in cells of each part of a mask of zeros and ones, found by flooding.

    Two cells belong together if dilating both by one cell makes them touch.
    """
    left_over = {(int(row), int(column)) for row, column in np.argwhere(mask >= PRODUCT)}
    parts = []
    while left_over:
        part, edge = set[tuple[int, int]](), [left_over.pop()]
        while edge:
            row, column = edge.pop()
            part.add((row, column))
            near = {other for other in left_over if max(abs(other[0] - row), abs(other[1] - column)) <= 3}
            left_over -= near
            edge.extend(near)
        rows, columns = zip(*part, strict=True)
        parts.append((float(len(part)), min(columns), min(rows), max(columns) + 1, max(rows) + 1))
    return sorted(parts, reverse=True)


@pytest.mark.parametrize("seed", range(20))
def test_boxes_of_a_mask_are_those_found_by_flooding_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros((28, 28), dtype=np.float32)
    for _ in range(3):  # far enough apart, or large enough, that none is a crumb or inside another's box
        row, column = rng.integers(0, 20, 2)
        mask[row : row + rng.integers(3, 9), column : column + rng.integers(3, 9)] = 1
    expected = by_hand(mask)
    got = component_boxes(mask, FRAME)
    boxes = [
        Box(10 + 2 * left, 20 + 2 * top, 10 + 2 * right, 20 + 2 * bottom) for _, left, top, right, bottom in expected
    ]
    largest = [
        box
        for at, box in enumerate(boxes)
        if expected[at][0] >= 0.1 * expected[0][0] and all(share_inside(box, better) <= 0.5 for better in boxes[:at])
    ]
    assert {(box.left, box.top, box.right, box.bottom) for box in got} == {
        (box.left, box.top, box.right, box.bottom) for box in largest
    }
    assert share_inside(got[0], boxes[0]) == 1 or expected[0][0] == expected[1][0]


def test_two_products_are_two_boxes_and_the_larger_one_comes_first() -> None:
    mask = np.zeros((28, 28), dtype=np.float32)
    mask[2:6, 2:6] = 1
    mask[14:24, 14:24] = 0.9
    first, second = component_boxes(mask, FRAME)
    assert (first.left, first.top) == pytest.approx((10 + 28, 20 + 28), abs=0.3)
    assert (second.left, second.top, second.right, second.bottom) == (14, 24, 22, 32)


def test_a_hole_where_product_and_background_look_alike_does_not_make_two_products() -> None:
    mask = np.zeros((28, 28), dtype=np.float32)
    mask[10:18, 4:24] = 1
    mask[:, 13:15] = 0
    (box,) = component_boxes(mask, FRAME)
    assert (box.left, box.right) == (18, 58)


def test_crumbs_beside_a_product_are_no_products() -> None:
    mask = np.zeros((28, 28), dtype=np.float32)
    mask[8:18, 8:18] = 1
    mask[26, 2] = 1
    assert len(component_boxes(mask, FRAME)) == 1


def test_rounding_of_a_mask_moves_a_box_as_little() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:28, 0:28]
    mask = np.exp(-((rows - 13.2) ** 2 + (columns - 11.7) ** 2) / 60).astype(np.float32)
    (before,) = component_boxes(mask, FRAME)
    for _ in range(50):
        (after,) = component_boxes(mask + rng.uniform(-1e-3, 1e-3, mask.shape).astype(np.float32), FRAME)
        moved = [after.left - before.left, after.top - before.top, after.right - before.right]
        assert np.abs(moved).max() < 0.05


def test_an_edge_lies_where_half_a_cell_is_product() -> None:
    mask = np.zeros((28, 28), dtype=np.float32)
    mask[10:20, 10:20] = 1
    mask[10:20, 9] = (
        0.25  # a quarter of the cell before: the edge moves a third of the way from the border to its middle
    )
    (box,) = component_boxes(mask, FRAME)
    assert box.left == pytest.approx(10 + 2 * (10.5 - 0.5 / 0.75))


def test_a_picture_without_product_is_its_own_box_and_says_so() -> None:
    picture = Image.new("RGB", (80, 90))
    (found,) = isolated_by(np.zeros((1, 28, 28), dtype=np.float32), Seen([picture], [FRAME], 14))
    assert (found.found, found.boxes) == (False, (Box(0, 0, 80, 90),))
    assert crop_frame(found, Box(0, 0, 80, 90)) == FRAME


@pytest.mark.parametrize("overlap", [intersection_over_union, share_inside])
def test_suppression_keeps_what_a_naive_pass_over_all_pairs_keeps(overlap) -> None:  # type: ignore[no-untyped-def]
    boxes = random_boxes(np.random.default_rng(5), 60)
    kept = without_overlaps(boxes, overlap, 0.3)
    alive = [True] * len(boxes)
    for at in range(len(boxes)):
        for later in range(at + 1, len(boxes)):
            if alive[at] and overlap(boxes[later], boxes[at]) > 0.3:
                alive[later] = False
    assert kept == [at for at, stays in enumerate(alive) if stays]
    assert 1 < len(kept) < len(boxes)


def test_overlaps_are_those_counted_pixel_by_pixel() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        first, second = (
            Box(*(round(edge, 1) for edge in (box.left, box.top, box.right, box.bottom)))
            for box in random_boxes(rng, 2)
        )
        one, other = painted(first), painted(second)
        assert intersection_over_union(first, second) == pytest.approx((one & other).sum() / (one | other).sum())
        assert share_inside(first, second) == pytest.approx((one & other).sum() / one.sum())


def test_a_mask_of_a_box_holds_the_share_of_each_cell_counted_pixel_by_pixel() -> None:
    box, frame = Box(13.5, 5, 47.1, 60.2), Box(10, 20, 66, 76)
    counted = painted(box)[200:760, 100:660].reshape(14, 40, 14, 40).mean(axis=(1, 3))
    np.testing.assert_allclose(box_mask(box, frame, 14), counted, atol=1e-6)


def test_a_second_look_holds_the_product_and_stays_inside_the_picture() -> None:
    picture = Box(0, 0, 400, 300)
    for box in (Box(0, 0, 50, 90), Box(380, 250, 400, 300), Box(100, 100, 200, 180)):
        frame = crop_frame(Isolated(FRAME, np.ones((2, 2), dtype=np.float32), (box,), found=True), picture)
        assert share_inside(box, frame) == pytest.approx(1)
        assert share_inside(frame, picture) == pytest.approx(1)
        assert frame.width == pytest.approx(frame.height) == pytest.approx(1.2 * max(box.width, box.height))


def test_a_product_that_is_wider_than_the_picture_is_high_is_seen_whole() -> None:
    picture, box = Box(0, 0, 400, 300), Box(20, 100, 390, 180)
    frame = crop_frame(Isolated(FRAME, np.ones((2, 2), dtype=np.float32), (box,), found=True), picture)
    assert share_inside(box, frame) == pytest.approx(1)
    assert (frame.left + frame.right) / 2 == pytest.approx(200)
    assert (frame.top + frame.bottom) / 2 == pytest.approx(150)
