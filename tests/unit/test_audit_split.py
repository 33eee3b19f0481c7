import pytest

from recognition.audit.split import assign_parts
from recognition.vocabulary import Part

TRAIN, HOLDOUT = Part.TRAIN, Part.HOLDOUT


def singles(n: int, sku: str = "tea") -> tuple[dict[str, str], dict[str, list[str]]]:
    names = [f"{sku} {number:03}" for number in range(n)]
    return dict.fromkeys(names, sku), {name: [name] for name in names}


def held_out(n: int, existing: dict[str, Part] | None = None) -> int:
    return list(assign_parts(*singles(n), existing or {}).values()).count(HOLDOUT)


@pytest.mark.parametrize(
    ("groups", "expected"), [(0, 0), (1, 0), (4, 0), (5, 1), (14, 1), (15, 2), (25, 3), (50, 5), (55, 6)]
)
def test_every_class_gives_its_tenth_and_a_tiny_class_keeps_all_it_has(groups: int, expected: int) -> None:
    assert held_out(groups) == expected


def test_a_class_that_grows_night_by_night_ends_with_the_same_share_and_moves_no_photo() -> None:
    parts: dict[str, Part] = {}
    for n in range(1, 101):
        grown = assign_parts(*singles(n), parts)
        assert parts.items() <= grown.items()
        parts = grown
    assert list(parts.values()).count(HOLDOUT) == 10


def test_a_copy_of_a_held_out_photo_is_held_out_too() -> None:
    assert assign_parts({"a": "tea"}, {"a": ["a", "copy"]}, {"a": HOLDOUT}) == {"a": HOLDOUT, "copy": HOLDOUT}


def test_a_photo_that_connects_both_sides_brings_the_whole_group_to_train() -> None:
    before = {"a": HOLDOUT, "b": TRAIN}
    assert assign_parts({"a": "tea"}, {"a": ["a", "b", "bridge"]}, before) == dict.fromkeys(["a", "b", "bridge"], TRAIN)


def test_a_photo_keeps_its_part_when_a_person_corrects_its_label_or_its_class_shrinks() -> None:
    assert assign_parts({"a": "coffee"}, {"a": ["a"]}, {"a": HOLDOUT, "gone": TRAIN}) == {"a": HOLDOUT}


def test_a_new_class_does_not_change_the_split_of_the_others() -> None:
    tea, coffee = singles(40), singles(30, "coffee")
    alone = assign_parts(*tea, {})
    together = assign_parts(tea[0] | coffee[0], tea[1] | coffee[1], {})
    assert alone.items() <= together.items()


def test_the_split_is_the_same_on_every_machine_and_in_every_version() -> None:
    parts = assign_parts(*singles(20), {})
    assert sorted(name for name, part in parts.items() if part is HOLDOUT) == ["tea 002", "tea 004"]


def test_a_share_of_zero_holds_out_nothing_and_a_large_one_still_leaves_something_to_train_on() -> None:
    assert set(assign_parts(*singles(9), {}, holdout_share=0).values()) == {TRAIN}
    assert list(assign_parts(*singles(9), {}, holdout_share=0.99).values()).count(TRAIN) == 1
    assert assign_parts(*singles(1), {}, minimum_to_hold_out=0) == {"tea 000": TRAIN}


def test_groups_that_overlap_or_lack_a_class_are_refused() -> None:
    with pytest.raises(ValueError, match="two groups"):
        assign_parts({"a": "tea", "b": "tea"}, {"a": ["x"], "b": ["x"]}, {})
    with pytest.raises(ValueError, match=r"\['b'\] lack one"):
        assign_parts({"a": "tea"}, {"a": ["x"], "b": ["y"]}, {})
    with pytest.raises(ValueError, match="below 1"):
        assign_parts({}, {}, {}, holdout_share=1)
