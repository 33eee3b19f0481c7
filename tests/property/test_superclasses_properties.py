"""What holds for superclasses and their ids whatever the catalogue looks like. Oracles: SciPy, and trying all ids."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from recognition.heads.agglomeration import Linkage, agglomerate
from recognition.heads.superclass_ids import keep_superclasses, match_superclasses
from recognition.heads.superclasses import superclass_names
from recognition.heads.whitening import normalised

unhurried = settings(deadline=None)  # the machine may be busy


def without_gaps(labels: list[int]) -> np.ndarray:
    return np.unique(np.array(labels, dtype=np.int64), return_inverse=True)[1].astype(np.int64)


@st.composite
def partitions(draw: st.DrawFn, most: int = 12) -> tuple[tuple[str, ...], np.ndarray]:
    """Some of the SKUs s0, s1, ... in order, each in one of up to five superclasses."""
    classes = draw(st.lists(st.integers(0, most), unique=True, min_size=1).map(sorted))
    labels = draw(st.lists(st.integers(0, 4), min_size=len(classes), max_size=len(classes)))
    return tuple(f"s{number:02d}" for number in classes), without_gaps(labels)


@st.composite
def histories(draw: st.DrawFn) -> dict[str, int]:
    """An earlier partition under any ids."""
    classes, rows = draw(partitions())
    ids = draw(st.lists(st.integers(0, 30), unique=True, min_size=5, max_size=5))
    return {sku: ids[row] for sku, row in zip(classes, rows.tolist(), strict=True)}


@unhurried
@given(size=st.integers(2, 25), count=st.integers(1, 8), kind=st.sampled_from(Linkage), seed=st.integers(0, 2**32 - 1))
def test_clusters_of_equal_weights_are_those_of_scipy(size: int, count: int, kind: Linkage, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(size, 4)).astype(np.float32)
    wanted = min(count, size)
    found = agglomerate(points, np.ones(size), wanted, kind)
    theirs = fcluster(linkage(points.astype(np.float64), kind.value), wanted, "maxclust")
    assert len(set(found.tolist())) == wanted
    assert {tuple(np.flatnonzero(found == row)) for row in found} == {
        tuple(np.flatnonzero(theirs == row)) for row in theirs
    }


@unhurried
@given(partition=partitions(), before=histories(), first_free=st.integers(0, 50))
def test_ids_are_unique_and_what_is_born_takes_none_that_was_ever_given(partition, before, first_free) -> None:
    classes, rows = partition
    found = match_superclasses(before, classes, rows, first_free)
    assert len(found.ids) == rows.max() + 1 == len(set(found.ids))
    assert set(found.born) == set(found.ids) - set(before.values())
    assert set(found.gone) == set(before.values()) - set(found.ids)
    assert all(number >= first_free for number in found.born)


@unhurried
@given(partition=partitions(), before=histories())
def test_churn_is_the_share_of_common_classes_that_moved_and_no_other_choice_of_ids_has_less(partition, before) -> None:
    classes, rows = partition
    found = match_superclasses(before, classes, rows)
    common = [(before[sku], row) for sku, row in zip(classes, rows.tolist(), strict=True) if sku in before]
    if not common:
        assert found.churn == 0.0
        return

    def moved(ids: tuple[int, ...]) -> float:
        return sum(ids[row] != number for number, row in common) / len(common)

    fresh = range(1000, 1000 + len(found.ids))
    every = permutations([*set(before.values()), *fresh], len(found.ids)) if len(found.ids) <= 3 else [found.ids]
    assert abs(found.churn - moved(found.ids)) < 1e-12
    assert found.churn <= min(map(moved, every)) + 1e-12


@unhurried
@given(partition=partitions(), order=st.permutations(range(5)), ids=st.permutations(range(20)))
def test_the_same_partition_under_other_numbers_has_no_churn_and_the_same_ids(partition, order, ids) -> None:
    classes, rows = partition
    before = {sku: ids[row] for sku, row in zip(classes, rows.tolist(), strict=True)}
    renumbered = without_gaps([order[row] for row in rows.tolist()])
    found = match_superclasses(before, classes, renumbered)
    assert (found.churn, found.born, found.gone) == (0.0, (), ())
    assert {sku: found.ids[row] for sku, row in zip(classes, renumbered.tolist(), strict=True)} == before


@unhurried
@given(before=histories(), partition=partitions(), seed=st.integers(0, 99))
def test_a_partition_that_is_kept_moves_nobody_whatever_is_new(before, partition, seed) -> None:
    classes, _ = partition
    prototypes = normalised(np.random.default_rng(seed).normal(size=(len(classes), 3)))
    rows = keep_superclasses(before, classes, prototypes)
    if rows is None:
        assert not set(classes) & set(before)
        return
    found = match_superclasses(before, classes, rows)
    assert len(rows) == len(classes)
    assert set(rows.tolist()) == set(range(len(found.ids)))
    assert (found.churn, found.born) == (0.0, ())
    assert all(
        found.ids[row] == before.get(sku, found.ids[row]) for sku, row in zip(classes, rows.tolist(), strict=True)
    )


@unhurried
@given(
    titles=st.lists(st.text(alphabet="ab 2é-", max_size=9), min_size=1, max_size=12),
    labels=st.lists(st.integers(0, 5), min_size=12, max_size=12),
)
def test_every_superclass_has_a_name_and_no_two_have_the_same(titles: list[str], labels: list[int]) -> None:
    classes = tuple(f"group {place}" for place in range(len(titles)))
    rows = without_gaps(labels[: len(titles)])
    names = superclass_names(classes, rows, dict(zip(classes, titles, strict=True)))
    assert set(names) == set(rows.tolist())
    assert all(names.values())
    assert len(set(names.values())) == len(names)
