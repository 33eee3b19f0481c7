"""An index that was changed step by step answers as one that is built from scratch."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.heads.whitening import normalised
from recognition.index.building import build_index, changed_index
from recognition.index.embeddings import Embeddings
from recognition.index.index import GONE
from recognition.index.variants import Variant

ROWS, DIMENSION = 600, 16
CODES = Variant("PQ4x4fs", compared=320)
POOL = normalised(np.random.default_rng(0).normal(size=(ROWS + 100, DIMENSION)))
FIRST = build_index(Embeddings.of_prototypes(POOL[:ROWS]), CODES)
QUERIES = normalised(np.random.default_rng(1).normal(size=(12, DIMENSION)))

steps = st.lists(
    st.tuples(st.sets(st.integers(0, ROWS + 99), max_size=25), st.sets(st.integers(0, ROWS + 99), max_size=25)),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(steps=steps, seed=st.integers(0, 99))
def test_adding_and_removing_ends_where_building_from_scratch_does(
    steps: list[tuple[set[int], set[int]]], seed: int
) -> None:
    """Every row is compared in the end, so both must agree to the last row: what is left is the bookkeeping."""
    random = np.random.default_rng(seed)
    there, index = list(range(ROWS)), FIRST
    for added, removed in steps:
        there = random.permutation(sorted((set(there) | added) - removed)).tolist()
        changed = changed_index(index, Embeddings.of_prototypes(POOL[there]))
        if changed is None:
            break
        index = changed
    scratch = build_index(index.embeddings, CODES)
    everything = replace(CODES, compared=2 * (ROWS + 200))
    rows, cosines = replace(index, variant=everything)(QUERIES, 9)
    wanted, wanted_cosines = replace(scratch, variant=everything)(QUERIES, 9)
    assert np.array_equal(rows, wanted)
    assert np.array_equal(cosines, wanted_cosines)
    live = index.row_of[index.row_of != GONE]
    assert sorted(live.tolist()) == list(range(len(index.embeddings)))


@settings(deadline=None)
@given(seed=st.integers(0, 99), share=st.floats(0.21, 0.9))
def test_drift_beyond_its_bound_is_never_carried_on(seed: int, share: float) -> None:
    kept = np.random.default_rng(seed).permutation(ROWS)[: int(ROWS * (1 - share))]
    assert changed_index(FIRST, Embeddings.of_prototypes(POOL[kept])) is None
