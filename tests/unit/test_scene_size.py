"""How many photos make a scene, learned from photos that come in."""

import numpy as np
import pytest

from recognition.heads.samples import Samples
from recognition.heads.scene_size import (
    EARLIER,
    FEWEST_NEW,
    Arrivals,
    learn_scene_size,
    nearness_of_held_out,
    nearness_of_new,
)
from recognition.heads.scenes import PHOTOS_PER_SCENE
from tests.support.synthetic import walks

WALKS = 8


def taught_and_new(photos_each: int) -> tuple[Samples, Arrivals]:
    vectors, skus = walks(photos_each, WALKS, seed=1)
    new, _ = walks(photos_each, 24 // photos_each, seed=2)
    samples = Samples.from_labels(vectors, skus, [f"group{row}" for row in range(len(skus))])
    return samples, Arrivals(new, np.ones(len(new), dtype=np.int64), np.full(len(samples), EARLIER))


@pytest.mark.parametrize("photos_each", [1, 2, 4])
def test_scenes_are_as_large_as_the_walks_on_which_photos_were_taken(photos_each: int):
    samples, arrivals = taught_and_new(photos_each)
    assert learn_scene_size(samples, arrivals) == photos_each


def test_photos_of_the_same_night_that_were_labelled_since_do_not_make_new_ones_look_near():
    """A new photo beside a taught one of its own walk would make every walk look like one photo."""
    samples, arrivals = taught_and_new(4)
    half = np.arange(len(arrivals.new)) % 2 == 0
    together = Samples.from_labels(
        np.concatenate([samples.vectors, arrivals.new[half]]),
        [*(samples.classes[row] for row in samples.targets), *["sku0"] * int(half.sum())],
        [f"group{row}" for row in range(len(samples) + int(half.sum()))],
    )
    came = np.concatenate([arrivals.of_taught, arrivals.of_new[half]])
    found = nearness_of_new(together, Arrivals(arrivals.new, arrivals.of_new, came))
    assert np.array_equal(found, nearness_of_new(samples, arrivals))
    naive = nearness_of_new(together, Arrivals(arrivals.new, arrivals.of_new, np.full(len(together), EARLIER)))
    assert np.median(naive) > np.median(found) + 0.1


def test_nearness_is_that_of_every_pair_tried():
    samples, arrivals = taught_and_new(2)
    assert nearness_of_new(samples, arrivals) == pytest.approx((arrivals.new @ samples.vectors.T).max(axis=1))
    assert np.median(nearness_of_held_out(samples, 1)) > np.median(nearness_of_held_out(samples, 4))


def test_with_hardly_a_new_photo_scenes_keep_their_usual_size():
    samples, arrivals = taught_and_new(1)
    few = Arrivals(arrivals.new[: FEWEST_NEW - 1], arrivals.of_new[: FEWEST_NEW - 1], arrivals.of_taught)
    assert learn_scene_size(samples, few) == PHOTOS_PER_SCENE
    none = Arrivals(arrivals.new[:0], arrivals.of_new[:0], arrivals.of_taught)
    assert learn_scene_size(samples, none) == PHOTOS_PER_SCENE
