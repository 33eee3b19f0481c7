"""Several products on one picture: what touches is told apart, and what is far away is looked at more closely."""

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from recognition.isolation.closer import asks_for_closer_look, closer_boxes, squares_of
from recognition.isolation.masks import intersection_over_union
from recognition.isolation.necks import divided
from recognition.isolation.protocol import Box, Isolated
from recognition.isolation.regions import find_regions

THINGS = (Box(40, 300, 220, 520), Box(260, 60, 470, 260), Box(690, 330, 900, 560), Box(700, 40, 930, 240))


def drawn(draw: str, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    """[200, 300] a mask of rectangles or ellipses."""
    image = Image.new("1", (300, 200))
    for box in boxes:
        getattr(ImageDraw.Draw(image), draw)(box, fill=1)
    return np.asarray(image)


def count(mask: np.ndarray, least: float = 100) -> int:
    labels, _ = ndimage.label(mask)
    parts = divided(labels, least)
    assert np.array_equal(parts > 0, mask)  # nothing is lost, and nothing comes of nothing
    return int(parts.max())


@pytest.mark.parametrize("draw", ["rectangle", "ellipse"])
def test_two_things_that_touch_at_a_corner_are_two_and_one_thing_is_one(draw):
    assert count(drawn(draw, (20, 20, 140, 110), (132, 100, 260, 190))) == 2
    assert count(drawn(draw, (20, 20, 260, 190))) == 1


def test_a_bottle_is_one_thing_however_slender_its_neck_is_and_so_is_a_ring():
    bottle = drawn("rectangle", (100, 80, 180, 195), (125, 10, 155, 80))
    ring = drawn("ellipse", (40, 20, 260, 190)) & ~drawn("ellipse", (80, 50, 220, 160))
    assert count(bottle) == 1
    assert count(ring) == 1


def test_a_chain_of_four_is_told_apart_and_what_is_too_small_to_be_a_product_stays_with_its_neighbour():
    chain = drawn("ellipse", *((10 + 68 * at, 60, 80 + 68 * at, 130) for at in range(4)))
    assert count(chain) == 4
    assert count(chain, least=30_000) == 1


def scene() -> Image.Image:
    """Four red things in a shop of blue and green, too restless to be a plain ground."""
    random = np.random.default_rng(7)
    shop = random.integers(0, 255, size=(15, 20, 3)).astype(np.uint8)
    shop[..., 0] = 20
    picture = Image.fromarray(shop).resize((960, 600))
    for thing in THINGS:
        picture.paste((230, 20, 20), (int(thing.left), int(thing.top), int(thing.right), int(thing.bottom)))
    return picture


class Red:
    """An encoder whose head takes red for product, and that sees the middle of a picture in cells of a 56th."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, pictures: Sequence[Image.Image]) -> list[Isolated]:
        self.looks += len(pictures)
        return [self._isolated(picture) for picture in pictures]

    def _isolated(self, picture: Image.Image) -> Isolated:
        side = 0.875 * min(picture.size)
        left, top = (picture.width - side) / 2, (picture.height - side) / 2
        frame = Box(left, top, left + side, top + side)
        seen = np.asarray(picture.resize((56, 56), Image.Resampling.BOX, box=(left, top, left + side, top + side)))
        mask = ((seen[..., 0] > 150) & (seen[..., 1] < 90)).astype(np.float32)
        return Isolated(frame, mask, (frame,), found=True, everywhere=True)


def test_products_that_the_first_look_cuts_off_or_misses_are_found_by_a_closer_one():
    picture, look = scene(), Red()
    (first,) = look([picture])
    found = find_regions(first, picture, look=look)
    assert len(found) == len(THINGS)
    for thing in THINGS:
        assert max(intersection_over_union(thing, box) for box in found) > 0.85


def test_one_small_product_alone_and_an_empty_first_look():
    alone, look = Image.new("RGB", (600, 600), "blue"), Red()
    (nothing,) = look([alone])
    assert asks_for_closer_look(nothing), "all products may lie beside what the encoder sees"
    alone.paste((230, 20, 20), (220, 200, 380, 400))
    (one,) = look([alone])
    assert not asks_for_closer_look(one), "a closer look costs as much as six photos"
    alone.paste((230, 20, 20), (420, 240, 480, 330))
    (two,) = look([alone])
    assert asks_for_closer_look(two)


def test_a_product_that_fills_the_view_and_a_method_that_shows_one_box_cost_no_second_look():
    near, look = scene(), Red()
    near.paste((230, 20, 20), (300, 100, 660, 500))
    (first,) = look([near])
    assert not asks_for_closer_look(first)
    assert find_regions(first, near, look=look) == first.boxes
    one_box = Isolated(first.frame, first.mask * 0, first.boxes, found=True)
    assert find_regions(one_box, scene(), look=look) == first.boxes
    assert look.looks == 1


def test_where_a_closer_look_finds_nothing_the_first_one_still_counts():
    def blind(pictures: Sequence[Image.Image]) -> list[Isolated]:
        return [Isolated(Box(0, 0, *one.size), np.zeros((56, 56), np.float32), (), found=False) for one in pictures]

    (first,) = Red()([scene()])
    assert find_regions(first, scene(), look=blind) == first.boxes


@pytest.mark.parametrize("size", [(960, 720), (720, 1280), (500, 500), (2000, 33)])
def test_squares_leave_no_pixel_of_a_picture_out_and_a_panorama_is_not_looked_at_closely(size):
    covered = np.zeros(size[::-1], dtype=bool)
    for square in squares_of(*size):
        covered[int(square.top) : int(np.ceil(square.bottom)), int(square.left) : int(np.ceil(square.right))] = True
    assert covered.all()
    look = Red()
    closer_boxes(Image.new("RGB", size), look)
    assert look.looks == (0 if max(size) == 2000 else len(squares_of(*size)))
    assert look.looks <= 15
