import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance

from recognition.encoders import HANDCRAFTED, Encoder, EncoderSpec, open_encoder
from recognition.isolation.protocol import Box


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(EncoderSpec(HANDCRAFTED))


def pack(
    colour: str, *, round_shape: bool = False, size: tuple[int, int] = (160, 160), ground: str = "#b8b0a4"
) -> Image.Image:
    picture = Image.new("RGB", size, ground)
    box = (size[0] * 0.25, size[1] * 0.15, size[0] * 0.75, size[1] * 0.85)
    pen = ImageDraw.Draw(picture)
    (pen.ellipse if round_shape else pen.rectangle)(box, fill=colour, outline="#222222", width=4)
    return picture


def test_rows_have_length_one_and_the_announced_dimension(encoder: Encoder) -> None:
    vectors = encoder.encode([pack("#c02020"), pack("#2040c0", size=(900, 300))])
    assert vectors.shape == (2, encoder.dimension)
    assert vectors.dtype == np.float32
    assert encoder.dimension <= 768
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_pictures_give_no_rows_instead_of_an_error(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#7f7f7f", "#ff0000"])
def test_a_picture_of_one_flat_colour_gives_a_finite_vector(encoder: Encoder, colour: str) -> None:
    vector = encoder.encode([Image.new("RGB", (64, 64), colour)])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_very_long_strip_is_encoded_without_filling_the_memory(encoder: Encoder) -> None:
    assert np.isfinite(encoder.encode([Image.new("RGB", (200_000, 32), "#20a060")])).all()


def test_the_neighbours_in_a_batch_do_not_change_a_vector(encoder: Encoder) -> None:
    pictures = [pack("#c02020"), pack("#2040c0"), pack("#c02020", round_shape=True)]
    together = encoder.encode(pictures)
    backwards = encoder.encode(pictures[::-1])[::-1]
    np.testing.assert_array_equal(together, backwards)
    np.testing.assert_array_equal(together[1:2], encoder.encode(pictures[1:2]))


def test_another_flavour_colour_is_farther_than_another_light(encoder: Encoder) -> None:
    red, dim, green = pack("#c02020"), ImageEnhance.Brightness(pack("#c02020")).enhance(0.8), pack("#20a030")
    vectors = encoder.encode([red, dim, green])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.05


def test_another_shape_in_the_same_colour_is_told_apart(encoder: Encoder) -> None:
    box, same_box, can = encoder.encode(
        [pack("#c02020"), pack("#c02020", size=(200, 200)), pack("#c02020", round_shape=True)]
    )
    assert box @ same_box > box @ can + 0.01


def test_clutter_at_the_border_weighs_less_than_the_product_in_the_centre(encoder: Encoder) -> None:
    clean, cluttered, other = pack("#c02020"), pack("#c02020"), pack("#2040c0")
    ImageDraw.Draw(cluttered).rectangle((0, 0, 18, 160), fill="#2040c0")
    vectors = encoder.encode([clean, cluttered, other])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


@settings(max_examples=25, deadline=None)
@given(st.integers(32, 300), st.integers(32, 300), st.integers(0, 2**32 - 1))
def test_whatever_the_size_and_content_the_vector_is_finite_and_repeatable(width: int, height: int, seed: int) -> None:
    encoder = open_encoder(EncoderSpec(HANDCRAFTED))
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    first, again = encoder.encode([Image.fromarray(noise), Image.fromarray(noise)])
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)


def test_it_says_which_columns_are_what_and_that_it_looks_everywhere(encoder: Encoder) -> None:
    assert [(block.name, block.width) for block in encoder.layout] == [("embedding", encoder.dimension)]
    (found,) = encoder.isolate([Image.new("RGB", (70, 50))])
    assert (found.found, found.boxes) == (False, (Box(0, 0, 70, 50),))
