import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.pictures.duplicates import near_duplicate_groups
from recognition.pictures.quality import measure_picture
from recognition.pictures.reading import read_picture

GROCERY = Path(os.environ.get("SKULOOP_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "grocery"


def groups(hashes: dict[str, int], max_distance: int = 4) -> dict[str, str]:
    return near_duplicate_groups(list(hashes), np.array(list(hashes.values()), np.uint64), max_distance)


def test_a_night_without_pictures_has_no_groups() -> None:
    assert groups({}) == {}


def test_a_picture_alone_is_its_own_group() -> None:
    assert groups({"b": 0, "a": 2**64 - 1}) == {"b": "b", "a": "a"}


def test_a_group_is_named_after_its_smallest_picture_whatever_comes_first() -> None:
    assert groups({"c": 0b1111, "a": 0, "b": 0b1}) == {"c": "a", "a": "a", "b": "a"}


def test_the_limit_is_included_and_one_bit_more_is_another_photo() -> None:
    assert groups({"a": 0, "b": 0b1111}) == {"a": "a", "b": "a"}
    assert groups({"a": 0, "b": 0b11111}) == {"a": "a", "b": "b"}
    assert groups({"a": 0, "b": 1}, max_distance=0) == {"a": "a", "b": "b"}


def test_a_burst_is_one_group_though_its_first_and_last_shot_differ() -> None:
    assert set(groups({"c": 0, "b": 0b1111, "a": 0b11111111}).values()) == {"a"}


def test_the_highest_bit_counts_like_any_other() -> None:
    assert groups({"a": 2**63, "b": 0}, max_distance=1) == {"a": "a", "b": "a"}


def test_thousands_of_copies_of_one_placeholder_do_not_fill_the_memory() -> None:
    copies = near_duplicate_groups([f"{n:06}" for n in range(50_000)], np.full(50_000, 77, np.uint64))
    assert set(copies.values()) == {"000000"}


def test_a_component_that_spans_several_blocks_is_still_one_group() -> None:
    chain = np.arange(3000, dtype=np.uint64)  # neighbours in Gray code differ in one bit, across all block borders
    hashes = chain ^ (chain >> np.uint64(1))
    found = near_duplicate_groups([f"{n:04}" for n in range(3000)], hashes, max_distance=1)
    assert set(found.values()) == {"0000"}


def test_a_picture_listed_twice_or_without_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="each picture once"):
        near_duplicate_groups(["a", "a"], np.zeros(2, np.uint64))
    with pytest.raises(ValueError, match="2 names and 1 hashes"):
        near_duplicate_groups(["a", "b"], np.zeros(1, np.uint64))
    with pytest.raises(ValueError, match="0 to 63"):
        near_duplicate_groups(["a"], np.zeros(1, np.uint64), max_distance=-1)


@pytest.mark.slow
def test_a_hundred_thousand_different_photos_are_grouped_in_reasonable_time() -> None:
    rng = np.random.default_rng(5)
    originals = rng.integers(0, 2**64, 90_000, dtype=np.uint64)
    copies = originals[:10_000] ^ (np.uint64(1) << rng.integers(0, 64, 10_000, dtype=np.uint64))
    names = [f"{n:05}" for n in range(100_000)]
    found = near_duplicate_groups(names, np.concatenate([originals, copies]))
    assert found == {name: names[n - 90_000] if n >= 90_000 else name for n, name in enumerate(names)}


@pytest.mark.shared
@pytest.mark.skipif(not GROCERY.exists(), reason="needs the grocery photos of SKULOOP_SHARED")
def test_a_shop_that_re_encodes_and_rescales_its_photos_gains_no_samples() -> None:
    def compressed(picture: Image.Image) -> Image.Image:
        file = BytesIO()
        picture.save(file, "JPEG", quality=40)
        return read_picture(file.getvalue())

    def hashes(pictures: list[Image.Image], kind: str) -> dict[str, int]:
        return {f"{n:03} {kind}": measure_picture(picture).phash for n, picture in enumerate(pictures)}

    photos = [read_picture(path) for path in sorted((GROCERY / "iconic").glob("*.jpg"))]
    halves = [photo.resize((photo.width // 2, photo.height // 2)) for photo in photos]
    found = groups(hashes(photos, "0") | hashes([compressed(photo) for photo in photos], "1") | hashes(halves, "2"))
    assert found == {name: f"{name[:3]} 0" for name in found}
