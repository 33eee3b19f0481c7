"""A colour descriptor is finite and of length 1 for any picture and any mask."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from recognition.pictures.colour import COLOUR_WIDTH, colour_descriptor

MASKS = st.none() | arrays.arrays(
    np.float32, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.floats(width=32)
)


@st.composite
def pictures(draw: st.DrawFn) -> Image.Image:
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    mode = draw(st.sampled_from(["RGB", "L", "1", "P", "RGBA", "CMYK", "YCbCr"]))
    kind, seed = draw(st.sampled_from(["noise", "black", "white", "plain"])), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    low, high = {"noise": (0, 256), "black": (0, 1), "white": (255, 256), "plain": (seed % 256, seed % 256 + 1)}[kind]
    pixels = rng.integers(low, high, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


@settings(max_examples=150, deadline=None)
@given(picture=pictures(), mask=MASKS)
def test_any_picture_and_any_mask_give_a_finite_row_of_length_one(
    picture: Image.Image, mask: NDArray[np.float32] | None
) -> None:
    row = colour_descriptor(picture, mask)
    assert row.shape == (COLOUR_WIDTH,)
    assert row.dtype == np.float32
    assert np.isfinite(row).all()
    assert row.min() >= 0
    assert abs(float(np.linalg.norm(row)) - 1) < 1e-4


@settings(max_examples=50, deadline=None)
@given(picture=pictures(), mask=MASKS)
def test_the_same_picture_gives_the_same_row(picture: Image.Image, mask: NDArray[np.float32] | None) -> None:
    np.testing.assert_array_equal(colour_descriptor(picture, mask), colour_descriptor(picture.copy(), mask))
