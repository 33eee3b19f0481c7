from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.pictures import duplicates
from recognition.pictures.duplicates import grow_groups, near_duplicate_groups

NEAR_A_FEW_CENTRES = st.builds(
    lambda centre, flips: centre ^ sum(1 << bit for bit in flips),
    st.sampled_from([0, 0xFFFF, 2**64 - 1, 0x0123456789ABCDEF]),
    st.sets(st.integers(0, 63), max_size=9),
)
HASHES = st.dictionaries(st.text("0123456789abcdef", min_size=1, max_size=6), NEAR_A_FEW_CENTRES, max_size=40)


def by_union_find(hashes: dict[str, int], max_distance: int) -> dict[str, str]:
    """The slow, obvious reference: look at every pair, keep the smaller name as the root."""
    root = {name: name for name in hashes}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for left, right in combinations(hashes, 2):
        if (hashes[left] ^ hashes[right]).bit_count() <= max_distance:
            first, second = sorted((find(left), find(right)))
            root[second] = first
    return {name: find(name) for name in hashes}


def groups(hashes: dict[str, int], max_distance: int) -> dict[str, str]:
    return near_duplicate_groups(list(hashes), np.array(list(hashes.values()), np.uint64), max_distance)


@settings(deadline=None)
@given(hashes=HASHES, max_distance=st.integers(0, 20), pairs_at_once=st.integers(1, 7))
def test_groups_equal_those_of_comparing_every_pair_however_the_work_is_cut(
    hashes: dict[str, int], max_distance: int, pairs_at_once: int
) -> None:
    before, duplicates._PAIRS_AT_ONCE = duplicates._PAIRS_AT_ONCE, pairs_at_once
    try:
        assert groups(hashes, max_distance) == by_union_find(hashes, max_distance)
    finally:
        duplicates._PAIRS_AT_ONCE = before


@settings(deadline=None)
@given(hashes=HASHES, data=st.data())
def test_groups_do_not_depend_on_the_order_in_which_pictures_arrive(
    hashes: dict[str, int], data: st.DataObject
) -> None:
    shuffled = dict(data.draw(st.permutations(list(hashes.items()))))
    assert groups(shuffled, 4) == groups(hashes, 4)


@settings(deadline=None)
@given(hashes=HASHES, limits=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_a_looser_limit_only_joins_groups_and_never_divides_one(
    hashes: dict[str, int], limits: tuple[int, int]
) -> None:
    strict, loose = (groups(hashes, limit) for limit in sorted(limits))
    assert all(loose[name] == loose[group] for name, group in strict.items())


@settings(deadline=None)
@given(hashes=HASHES, data=st.data(), max_distance=st.integers(0, 20))
def test_groups_that_grew_night_by_night_equal_those_made_at_once(
    hashes: dict[str, int], data: st.DataObject, max_distance: int
) -> None:
    """Each night brings some pictures in any order; only those are compared."""
    stored: dict[str, str] = {}
    waiting = data.draw(st.permutations(list(hashes)))
    while waiting:
        tonight = data.draw(st.integers(1, len(waiting)))
        names = sorted([*stored, *waiting[:tonight]])
        row_of = {name: row for row, name in enumerate(names)}
        before = np.array([row_of[stored[name]] if name in stored else -1 for name in names])
        found = grow_groups(np.array([hashes[name] for name in names], np.uint64), before, max_distance)
        stored = {name: names[row] for name, row in zip(names, found.tolist(), strict=True)}
        waiting = waiting[tonight:]
        assert stored == by_union_find({name: hashes[name] for name in names}, max_distance)
