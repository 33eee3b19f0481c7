"""Views made of cut-outs: their masks tell what is seen, their seeds what comes out."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recognition.errors import NotEnoughDataError
from recognition.isolation.composites import Composite, CompositePolicy, composite, composite_views, patch_mask
from recognition.isolation.cutout import CutOut

GEOMETRY_ALONE = CompositePolicy(
    side=96, exposure=0, white_balance=0, contrast=0, blur=0, noise=0, least_quality=95, occluded=0.5
)


def bracket(fill: tuple[int, int, int]) -> CutOut:
    """A bent part with a soft edge."""
    alpha = Image.new("L", (60, 90))
    pen = ImageDraw.Draw(alpha)
    pen.rectangle((5, 5, 25, 85), fill=255)
    pen.rectangle((5, 65, 55, 85), fill=255)
    pen.line((4, 4, 4, 86), fill=128)
    product = Image.new("RGB", alpha.size, fill)
    product.putalpha(alpha)
    return CutOut(product)


def photos(count: int = 3) -> list[Image.Image]:
    rng = np.random.default_rng(7)
    return [Image.fromarray(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)) for _ in range(count)]


def pixels(view: Composite) -> NDArray[np.float32]:
    return np.asarray(view.picture, dtype=np.float32)


def test_the_mask_is_what_changes_when_the_product_alone_changes_colour() -> None:
    """The naive way to a mask: of two views of one seed, only the product's colour differs, by 200 levels."""
    dark, light = (
        list(composite_views([bracket((level,) * 3)], photos(), 30, seed=3, policy=GEOMETRY_ALONE))
        for level in (20, 220)
    )
    for one, other in zip(dark, light, strict=True):
        share = (pixels(other) - pixels(one)).mean(axis=2) / 200
        np.testing.assert_allclose(one.mask, share, atol=0.02)
    assert {round(float(view.mask.max())) for view in dark} == {1}


def test_an_occluder_hides_product_from_picture_and_mask() -> None:
    open_, covered = (
        list(composite_views([bracket((20, 20, 20))], [], 20, 3, replace(GEOMETRY_ALONE, occluded=share)))
        for share in (0.0, 1.0)
    )
    hidden = [1 - c.mask.sum() / o.mask.sum() for o, c in zip(open_, covered, strict=True)]
    assert sum(share > 0.02 for share in hidden) > 10
    assert max(hidden) <= 0.6


def test_one_seed_gives_the_same_pixels_and_another_does_not() -> None:
    def sheet(seed: int) -> NDArray[np.float32]:
        return np.stack([pixels(view) for view in composite_views([bracket((200, 30, 30))], photos(), 5, seed)])

    np.testing.assert_array_equal(sheet(1), sheet(1))
    assert not np.array_equal(sheet(1), sheet(2))


def test_a_view_does_not_depend_on_how_many_are_asked_for() -> None:
    few, many = (list(composite_views([bracket((200, 30, 30))], photos(), count, 5)) for count in (3, 9))
    np.testing.assert_array_equal(pixels(few[2]), pixels(many[2]))


def test_cutouts_take_turns() -> None:
    cutouts = [bracket((255, 0, 0)), bracket((0, 0, 255))]
    for number, view in enumerate(composite_views(cutouts, [], 8, 0, GEOMETRY_ALONE)):
        seen = pixels(view)[view.mask > 0.99].mean(axis=0)
        assert seen.argmax() == (0 if number % 2 == 0 else 2)


def test_no_product_is_laid_on_a_photo_of_itself() -> None:
    green, blue = (Image.new("RGB", (80, 80), colour) for colour in ((0, 255, 0), (0, 0, 255)))
    views = composite_views(
        [bracket((255, 0, 0))],
        [green, blue],
        20,
        0,
        replace(GEOMETRY_ALONE, drawn=0),
        skus=["A"],
        background_skus=["A", "B"],
    )
    for view in views:
        assert pixels(view)[view.mask == 0][:, 1].max() == 0


def test_a_photo_behind_the_product_is_shown_without_its_middle() -> None:
    photo = Image.new("RGB", (200, 120), (0, 0, 255))
    photo.paste((0, 255, 0), (70, 50, 130, 70))
    policy = replace(GEOMETRY_ALONE, drawn=0)
    for seed in range(20):
        view = composite(bracket((255, 0, 0)), photo, np.random.default_rng(seed), policy)
        assert pixels(view)[view.mask == 0][:, 1].max() == 0


def test_a_product_is_mirrored_only_where_the_policy_says_so() -> None:
    still = replace(GEOMETRY_ALONE, rotation=0, skew=0, shift=0, least_scale=0.9, most_scale=0.9, occluded=0)

    def uprights(policy: CompositePolicy) -> set[bool]:
        """Whether the bracket's upright is on the left, over 20 views."""
        masks = (view.mask for view in composite_views([bracket((9, 9, 9))], [], 20, 0, policy))
        return {bool(mask[:30, :48].sum() > mask[:30, 48:].sum()) for mask in masks}

    assert uprights(still) == {True}
    assert uprights(replace(still, flips=True)) == {True, False}


def test_unmoved_at_full_size_the_mask_is_the_alpha() -> None:
    still = replace(GEOMETRY_ALONE, rotation=0, skew=0, shift=0, least_scale=90 / 96, most_scale=90 / 96, occluded=0)
    view = composite(bracket((9, 9, 9)), None, np.random.default_rng(0), still)
    np.testing.assert_allclose(view.mask[3:93, 18:78], bracket((9, 9, 9)).alpha, atol=1 / 255)


def test_light_moves_a_colour_less_than_colours_of_one_part_differ() -> None:
    views = composite_views([bracket((200, 60, 60))], [], 40, 0, replace(CompositePolicy(), blur=0, noise=0))
    seen = np.array([np.median(pixels(view)[view.mask == 1], axis=0) for view in views])
    assert seen.std(axis=0).max() > 5
    assert (seen[:, 0] > 1.8 * seen[:, 1]).all()


@pytest.mark.parametrize(("side", "grid"), [(96, 8), (224, 14), (100, 7), (30, 30)])
def test_patch_mask_is_the_mean_of_each_patch(side: int, grid: int) -> None:
    alpha = np.random.default_rng(0).random((side, side), dtype=np.float32)
    fine = np.kron(alpha, np.ones((grid, grid)))  # every pixel in grid x grid pieces: patches end between pieces
    expected = fine.reshape(grid, side, grid, side).mean(axis=(1, 3))
    np.testing.assert_allclose(patch_mask(alpha, grid), expected, atol=1e-5)


def test_without_cutouts_the_error_says_what_to_give() -> None:
    with pytest.raises(NotEnoughDataError, match="plain background"):
        next(composite_views([], photos(), 1, 0))
