import time
from collections.abc import Callable

import numpy as np

from recognition.encoders.precision import MINIMUM_COSINE, check_pictures, half_precision_pays
from recognition.encoders.protocol import Vectors, unit_rows

EXACT = unit_rows(np.random.default_rng(1).normal(size=(4, 32)))


def taking(seconds: float, vectors: Vectors) -> Callable[[], Vectors]:
    def run() -> Vectors:
        time.sleep(seconds)
        return vectors

    return run


def off_by(angle: float, row: int) -> Vectors:
    """EXACT with one row turned by `angle` radians."""
    turned = EXACT.copy()
    aside = unit_rows((EXACT[(row + 1) % 4] - (EXACT[(row + 1) % 4] @ EXACT[row]) * EXACT[row])[None])[0]
    turned[row] = np.cos(angle) * EXACT[row] + np.sin(angle) * aside
    return turned


def test_half_precision_is_taken_when_it_is_exact_enough_and_faster() -> None:
    assert half_precision_pays(taking(0.02, EXACT), taking(0.005, off_by(0.005, row=2)))


def test_a_processor_on_which_half_precision_is_slower_keeps_float32() -> None:
    assert not half_precision_pays(taking(0.005, EXACT), taking(0.02, EXACT))


def test_a_gain_within_the_noise_of_the_clock_does_not_decide() -> None:
    assert not half_precision_pays(taking(0.02, EXACT), taking(0.02, EXACT))


def test_one_inexact_picture_among_exact_ones_is_enough_to_keep_float32() -> None:
    assert np.cos(0.05) < MINIMUM_COSINE
    assert not half_precision_pays(taking(0.02, EXACT), taking(0.005, off_by(0.05, row=3)))


def test_every_machine_measures_on_the_same_pictures() -> None:
    first, again = check_pictures(6), check_pictures(6)
    assert [picture.tobytes() for picture in first] == [picture.tobytes() for picture in again]
    assert len({picture.tobytes() for picture in first}) == 6
