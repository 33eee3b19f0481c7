"""Whether half precision pays on this machine: measured, not guessed from the processor's name."""

import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from recognition.encoders.protocol import Vectors

MINIMUM_COSINE = 0.9998
_WORTH_IT = 0.9  # half precision must take less than this share of the time: a coin toss must not decide
_ROUNDS = 3


def half_precision_pays(single: Callable[[], Vectors], half: Callable[[], Vectors]) -> bool:
    """Say whether `half` gives the rows of `single` within MINIMUM_COSINE, each of them, and is clearly faster."""
    expected, got = single(), half()  # these also warm both paths up
    if float((expected * got).sum(axis=1).min()) < MINIMUM_COSINE:
        return False
    return faster(half, single, _WORTH_IT)


def faster(first: Callable[[], Vectors], second: Callable[[], Vectors], share: float = 1.0) -> bool:
    """Say whether `first` takes less than a share of the time of `second` in the best of a few rounds."""
    firsts, seconds = [], []
    for _ in range(_ROUNDS):  # in turns, so that other work on the machine disturbs both alike
        firsts.append(_seconds(first))
        seconds.append(_seconds(second))
    return min(firsts) < share * min(seconds)


def check_pictures(count: int, side: int = 224) -> list[Image.Image]:
    """Draw pictures to measure on, always the same: soft shapes of random colours, from nearly flat to busy."""
    rng = np.random.default_rng(20)
    return [_soft_noise(rng, detail=2 ** (1 + index % 6), side=side) for index in range(count)]


def _soft_noise(rng: np.random.Generator, detail: int, side: int) -> Image.Image:
    pixels = rng.integers(0, 256, (detail, detail, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)


def _seconds(work: Callable[[], Vectors]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
