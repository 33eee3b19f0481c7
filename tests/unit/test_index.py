"""The index: it finds what a scan finds, or says how much it does not, and is never taken below the promised recall."""

from dataclasses import replace

import numpy as np
import pytest

from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import normalised
from recognition.index import variants
from recognition.index.building import build_index, changed_index, dump_codes, index_for, load_codes
from recognition.index.embeddings import Embeddings
from recognition.index.index import GONE
from recognition.index.recall import COMPLETE, measure_recall, recall_queries
from recognition.index.variants import EXACT, Variant, variants_for

CODES = Variant("PQ8x4fs", compared=320)
INVERTED = Variant("IVF16,PQ8x4fs", compared=640, probes=12)
DIMENSION = 32


def catalogue(rows: int, seed: int = 0) -> np.ndarray:
    """Families of a dozen look-alikes."""
    random = np.random.default_rng(seed)
    families = np.repeat(random.normal(size=(-(-rows // 12), DIMENSION)), 12, axis=0)[:rows]
    return normalised(families + 0.5 * random.normal(size=(rows, DIMENSION)))


def asked(vectors: np.ndarray, count: int = 200, seed: int = 1) -> np.ndarray:
    return recall_queries(np.zeros((0, DIMENSION), dtype=np.float32), vectors, count, seed)


VECTORS = catalogue(5000)
QUERIES = asked(VECTORS)


@pytest.mark.parametrize("variant", [EXACT, CODES, INVERTED], ids=lambda variant: variant.name)
def test_an_index_finds_what_a_scan_finds_in_the_same_order(variant):
    index = build_index(Embeddings.of_prototypes(VECTORS), variant)
    assert measure_recall(index, QUERIES).least >= 0.999
    rows, cosines = index(QUERIES, 7)
    wanted, wanted_cosines = scan_prototypes(VECTORS)(QUERIES, 7)
    assert (rows == wanted).mean() > 0.99  # one that is missed moves all that follow
    assert np.allclose(cosines, wanted_cosines, atol=0.02)
    assert (rows.dtype, cosines.dtype) == (np.int64, np.float32)


@pytest.mark.parametrize("variant", [CODES, INVERTED], ids=lambda variant: variant.name)
def test_the_same_embeddings_give_the_same_bytes_and_an_opened_index_answers_as_before(variant):
    index = build_index(Embeddings.of_prototypes(VECTORS), variant)
    stored = dump_codes(index)
    assert stored == dump_codes(build_index(Embeddings.of_prototypes(VECTORS.copy()), variant))
    opened = replace(index, codes=load_codes(stored))
    assert np.array_equal(opened(QUERIES, 5)[0], index(QUERIES, 5)[0])


def test_more_is_asked_for_than_there_is_or_than_the_lists_hold_and_every_class_still_comes_once():
    few = build_index(Embeddings.of_prototypes(VECTORS[:400]), replace(INVERTED, probes=1, compared=1))
    rows, cosines = few(QUERIES[:3], 1000)
    assert [sorted(of.tolist()) for of in rows] == [list(range(400))] * 3
    assert (np.diff(cosines, axis=1) <= 0).all()
    assert few(QUERIES[:0], 5)[0].shape == (0, 5)


def test_a_class_with_several_embeddings_is_found_once_by_its_nearest():
    random = np.random.default_rng(3)
    class_of = random.integers(500, size=len(VECTORS))
    class_of[:500] = np.arange(500)
    for variant in (EXACT, CODES):
        rows, cosines = build_index(Embeddings(VECTORS, class_of), replace(variant, compared=640))(QUERIES, 6)
        every = QUERIES @ VECTORS.T
        of_class = np.stack([every[:, class_of == row].max(axis=1) for row in range(500)], axis=1)
        wanted = np.argsort(-of_class, axis=1, kind="stable")[:, :6]
        assert (rows == wanted).mean() > 0.99
        assert np.allclose(cosines, np.take_along_axis(of_class, wanted, axis=1), atol=1e-2)
        assert all(len(set(of)) == 6 for of in rows.tolist())


def test_recall_counts_what_is_missed(monkeypatch):
    index = build_index(Embeddings.of_prototypes(VECTORS), replace(CODES, compared=1))
    found = measure_recall(index, QUERIES)
    assert found.queries == len(QUERIES)
    assert found.at_10 < 0.9
    assert measure_recall(build_index(index.embeddings, EXACT), QUERIES) == COMPLETE


def test_twins_of_the_same_vector_are_as_good_as_one_another():
    twins = np.repeat(VECTORS[:2500], 2, axis=0)
    assert measure_recall(build_index(Embeddings.of_prototypes(twins), CODES), QUERIES).at_1 == 1.0


def test_what_finds_too_little_is_never_taken(monkeypatch):
    poor = (replace(CODES, compared=1), replace(CODES, compared=2), EXACT)
    monkeypatch.setattr("recognition.index.building.variants_for", lambda *_: poor)
    index, recall = index_for(Embeddings.of_prototypes(VECTORS), QUERIES)
    assert (index.variant, recall) == (EXACT, COMPLETE)
    better = (replace(CODES, compared=1), CODES, EXACT)
    monkeypatch.setattr("recognition.index.building.variants_for", lambda *_: better)
    index, recall = index_for(Embeddings.of_prototypes(VECTORS), QUERIES)
    assert index.variant == CODES
    assert recall.least >= 0.999


def test_the_kind_of_index_grows_with_the_catalogue_and_ends_with_a_scan(monkeypatch):
    assert variants_for(2000, 384) == (EXACT,)
    assert [variant.factory for variant in variants_for(150_000, 384)] == ["PQ96x4fs"] * 4 + [""]
    assert variants_for(1_500_000, 384)[0] == Variant("IVF4096,PQ96x4fs", 96, 8)
    assert variants_for(150_000, 320)[0].factory == "PQ80x4fs"
    assert variants_for(150_000, 383) == (EXACT,)
    assert all(variants_for(rows, 256)[-1] == EXACT for rows in (1, variants.EXACT_UP_TO + 1, 10**7))


def test_embeddings_that_stay_keep_their_codes_and_only_new_ones_are_added():
    before = build_index(Embeddings.of_prototypes(VECTORS), CODES)
    kept = np.delete(np.arange(len(VECTORS)), np.arange(0, 500, 2))[::-1]  # some gone, the others in another order
    now = np.concatenate([catalogue(100, seed=9), VECTORS[kept]])
    changed = changed_index(before, Embeddings.of_prototypes(now))
    assert changed is not None
    assert changed.codes.ntotal == len(VECTORS) + 100
    assert (changed.row_of == GONE).sum() == 250
    assert before.codes.ntotal == len(VECTORS), "the release before still answers"
    assert measure_recall(changed, asked(now)).least >= 0.999


def test_an_index_that_drifted_too_far_is_built_anew():
    before = build_index(Embeddings.of_prototypes(VECTORS), CODES)
    now = VECTORS
    for step in range(1, 9):
        now = np.concatenate([now, catalogue(250, seed=step)])
        changed = changed_index(before, Embeddings.of_prototypes(now))
        if changed is None:
            break
        before = changed
    assert step == 5, "four steps are a fifth of what the codes were learned of"
    assert index_for(Embeddings.of_prototypes(now[:30_000]), asked(now), before)[0].built != before.built
    assert changed_index(before, Embeddings.of_prototypes(now[:, :16].copy())) is None
