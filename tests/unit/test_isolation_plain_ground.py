"""Things on a plain ground: found without a model, and silence where the ground is not plain."""

import numpy as np
import pytest
from PIL import Image

from recognition.isolation.masks import intersection_over_union
from recognition.isolation.plain_ground import things_on_plain_ground
from recognition.isolation.protocol import Box, Isolated
from recognition.isolation.regions import agreed, find_regions, in_picture, wide_view

LEFT, RIGHT = Box(60, 90, 220, 380), Box(380, 120, 560, 330)
COLOURS = ((180, 40, 30), (30, 60, 160))


def table(light: tuple[float, float] = (1.0, 1.0), grain: float = 4.0) -> np.ndarray:
    """[480, 640, 3] a table, darker or lighter from left to right."""
    random = np.random.default_rng(3)
    shade = np.linspace(*light, 640)[None, :, None]
    return np.array((190, 175, 160)) * shade + random.normal(scale=grain, size=(480, 640, 1))


def laid_on(ground: np.ndarray, *boxes: Box) -> Image.Image:
    laid = ground.copy()
    for box, colour in zip(boxes, COLOURS, strict=False):
        laid[round(box.top) : round(box.bottom), round(box.left) : round(box.right)] = colour
    return Image.fromarray(laid.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("light", [(1.0, 1.0), (0.7, 1.1)])
@pytest.mark.parametrize("grain", [0.0, 6.0])
def test_each_thing_on_a_table_has_a_box_of_its_own_in_even_light_or_from_one_side(light, grain):
    found = things_on_plain_ground(laid_on(table(light, grain), LEFT, RIGHT))
    assert len(found) == 2
    for thing in (LEFT, RIGHT):
        assert max(intersection_over_union(thing, box) for box in found) > 0.9


def test_nothing_is_said_of_an_empty_table_or_of_a_shop():
    random = np.random.default_rng(5)
    shop = Image.fromarray(random.integers(0, 255, size=(30, 40, 3), dtype=np.uint8)).resize((640, 480))
    assert things_on_plain_ground(laid_on(table())) == ()
    assert things_on_plain_ground(shop) == ()


@pytest.mark.parametrize("size", [(40, 3000), (3000, 40), (33, 33)])
def test_pictures_of_any_shape_are_looked_at(size):
    assert things_on_plain_ground(Image.new("RGB", size, "white")) == ()


def seen(picture: Image.Image, *boxes: Box) -> Isolated:
    return Isolated(Box(0, 0, *picture.size), np.ones((1, 1), dtype=np.float32), boxes, found=bool(boxes))


def test_the_ground_speaks_before_the_encoder_and_is_not_asked_where_one_product_is_enough():
    picture = laid_on(table(), LEFT, RIGHT)
    elsewhere = Box(10, 10, 300, 300)
    assert len(find_regions(seen(picture, elsewhere), picture)) == 2
    assert find_regions(seen(picture, elsewhere), picture, most=1) == (elsewhere,)
    assert find_regions(seen(Image.new("RGB", (640, 480)), elsewhere), Image.new("RGB", (640, 480))) == (elsewhere,)


def test_of_two_methods_what_both_see_comes_first_and_a_box_around_a_group_is_no_product():
    picture = Image.new("RGB", (640, 480))
    group, alone = Box(50, 80, 570, 400), Box(250, 390, 330, 470)
    assert agreed([group, LEFT, alone], [LEFT, RIGHT], picture) == (LEFT, alone, RIGHT)


def test_a_wide_view_shows_the_whole_picture_and_boxes_on_it_lead_back():
    picture = Image.new("RGB", (640, 480), "red")
    view, left, top = wide_view(picture)
    assert view.width == view.height > 640
    assert view.getpixel((left, top)) == (255, 0, 0)
    assert view.getpixel((left - 1, top - 1)) == (255, 255, 255)
    moved = Box(LEFT.left + left, LEFT.top + top, LEFT.right + left, LEFT.bottom + top)
    assert in_picture(seen(view, moved), left, top, picture) == (LEFT,)
