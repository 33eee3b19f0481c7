"""Views of a catalogue photo: the same photo and number make the same pixels, whatever else is in the store."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognition.errors import UnreadablePictureError
from recognition.isolation.views import CatalogueView, view_key
from recognition.vocabulary import PictureReason

PHOTO, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (260, 220), "white")
    ImageDraw.Draw(picture).ellipse((60, 50, 190, 170), fill=(180, 40, 40))
    picture.save(tmp_path / "plain.png")
    return tmp_path / "plain.png"


def test_a_view_is_the_same_when_it_is_made_again_and_another_under_another_number(plain: Path) -> None:
    pictures = [np.asarray(CatalogueView(PHOTO, plain, number).picture()) for number in (0, 1, 0)]
    assert np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], pictures[1])
    reddish = (pictures[0][..., 0].astype(int) - pictures[0][..., 1]) > 60
    assert reddish.mean() > 0.03  # the product is on it


def test_no_two_views_and_no_photo_share_a_key() -> None:
    keys = {view_key(photo, number) for photo in (PHOTO, OTHER) for number in range(50)}
    assert len(keys) == 100
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)
    assert not keys & {PHOTO, OTHER}


def test_a_photo_without_a_plain_background_gives_no_view_and_says_why(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "clutter.png")
    with pytest.raises(UnreadablePictureError) as refused:
        CatalogueView(PHOTO, tmp_path / "clutter.png", 0).picture()
    assert refused.value.reason is PictureReason.NOT_PLAIN
