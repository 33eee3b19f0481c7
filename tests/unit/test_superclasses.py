"""Finding superclasses, naming them, and keeping their ids."""

import numpy as np
import pytest

from recognition.heads import agglomeration
from recognition.heads.agglomeration import Linkage, agglomerate, cluster
from recognition.heads.class_map import _neighbour_graph
from recognition.heads.superclass_ids import keep_superclasses, match_superclasses
from recognition.heads.superclasses import find_superclasses, superclass_names
from recognition.heads.whitening import normalised
from recognition.vocabulary import SuperclassMethod


def families(count: int, members: int, seed: int = 0) -> np.ndarray:
    """Prototypes of `count` families of look-alikes, family by family."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, 16))
    return normalised(np.repeat(centres, members, axis=0) + 0.05 * random.normal(size=(count * members, 16)))


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


def test_ward_puts_look_alikes_together_and_numbers_them_by_first_appearance():
    found = find_superclasses(families(6, 5), count=6, method=SuperclassMethod.WARD)
    assert found.tolist() == np.repeat(np.arange(6), 5).tolist()


@pytest.mark.slow
def test_umap_puts_look_alikes_together():
    assert same_partition(find_superclasses(families(8, 20), count=8), np.repeat(np.arange(8), 20))


def test_more_points_than_memory_bears_are_grouped_first_and_clustered_all_the_same(monkeypatch):
    points = families(12, 40, seed=1)
    monkeypatch.setattr(agglomeration, "MOST_EXACT", 100)
    monkeypatch.setattr(agglomeration, "_SMALL_GROUPS", 60)
    for linkage in Linkage:
        assert same_partition(cluster(points, 12, linkage, seed=2), np.repeat(np.arange(12), 40))


def test_a_point_of_weight_three_is_three_points_in_one_place():
    points = np.random.default_rng(3).normal(size=(12, 3)).astype(np.float32)
    weights = np.random.default_rng(4).integers(1, 6, size=12)
    for linkage in Linkage:
        for count in (2, 3, 5):
            weighted = agglomerate(points, weights.astype(np.float64), count, linkage)
            repeated = agglomerate(np.repeat(points, weights, axis=0), np.ones(weights.sum()), count, linkage)
            assert np.repeat(weighted, weights).tolist() == repeated.tolist()


def test_products_without_a_photo_do_not_stop_the_clustering():
    prototypes = families(4, 5)
    prototypes[[3, 9]] = 0.0
    assert len(set(find_superclasses(prototypes, count=4, method=SuperclassMethod.WARD).tolist())) == 4


def test_the_neighbour_graph_is_that_of_a_plain_scan_and_starts_with_each_product_itself():
    prototypes = normalised(np.random.default_rng(5).normal(size=(40, 6)))
    rows, distances = _neighbour_graph(prototypes, 7)
    naive = 1 - prototypes @ prototypes.T
    np.fill_diagonal(naive, -1)
    assert rows.tolist() == np.argsort(naive, axis=1)[:, :7].tolist()
    assert np.allclose(distances[:, 1:], np.sort(naive, axis=1)[:, 1:7], atol=1e-5)
    assert not distances[:, 0].any()


def test_products_that_all_look_the_same_are_still_their_own_first_neighbours():
    rows, distances = _neighbour_graph(np.tile(np.eye(4, dtype=np.float32)[:1], (30, 1)), 5)
    assert rows[:, 0].tolist() == list(range(30))
    assert not any(row in others for row, others in enumerate(rows[:, 1:].tolist()))
    assert not distances.any()


def test_a_word_that_every_superclass_has_names_none_of_them():
    titles = {"1": "Zinc bolt M8 hex", "2": "Zinc bolt M6 hex", "3": "Zinc nut M8 wing", "4": "Zinc nut M6 wing"}
    assert superclass_names(("1", "2", "3", "4"), np.array([0, 0, 1, 1]), titles) == {0: "bolt hex", 1: "nut wing"}


def test_superclasses_with_the_same_two_commonest_words_get_a_third():
    titles = {
        "1": "Alto Tea Lemon",
        "2": "Alto Tea Lemon 1 l",
        "3": "Alto Tea Peach",
        "4": "Alto Tea Peach 1 l",
        "5": "Brio",
    }
    names = superclass_names(("1", "2", "3", "4", "5"), np.array([0, 0, 1, 1, 2]), titles)
    assert len({*names.values()}) == 3
    assert "Lemon" in names[0]
    assert "Peach" in names[1]


def test_superclasses_that_no_word_tells_apart_are_numbered():
    titles = dict.fromkeys("1234", "Tea")
    assert superclass_names(tuple("1234"), np.array([0, 1, 2, 3]), titles) == {
        0: "Tea",
        1: "Tea 2",
        2: "Tea 3",
        3: "Tea 4",
    }


def test_products_known_by_number_alone_are_groups_with_numbers():
    assert superclass_names(("4711", "4712"), np.array([0, 1]), {}) == {0: "Group", 1: "Group 2"}


def test_words_of_a_name_stand_as_in_the_titles_however_they_are_spelt():
    titles = {"1": "Granny Smith apple", "2": "Granny smith", "3": "GRANNY SMITH", "4": "Granny Smith"}
    assert superclass_names(tuple("1234"), np.zeros(4, dtype=np.int64), titles) == {0: "Granny Smith"}


def test_a_superclass_that_lost_and_won_a_few_keeps_its_id_and_the_few_are_the_churn():
    before = {"a": 7, "b": 7, "c": 7, "d": 3, "e": 3, "f": 3}
    found = match_superclasses(before, ("a", "b", "c", "d", "e", "f"), np.array([0, 0, 1, 1, 1, 1]))
    assert (found.ids, found.born, found.gone) == ((7, 3), (), ())
    assert found.churn == pytest.approx(1 / 6)


def test_a_superclass_that_shares_nothing_is_born_under_an_id_that_nothing_ever_had():
    found = match_superclasses({"a": 1, "b": 5}, ("a", "x", "y"), np.array([0, 1, 1]), first_free=9)
    assert (found.ids, found.churn, found.born, found.gone) == ((1, 9), 0.0, (9,), (5,))


def test_the_first_partition_numbers_its_superclasses_from_nought():
    found = match_superclasses({}, ("a", "b", "c"), np.array([0, 1, 0]))
    assert (found.ids, found.churn, found.born, found.gone) == ((0, 1), 0.0, (0, 1), ())


def test_a_new_product_joins_the_superclass_of_the_one_it_looks_most_like():
    prototypes = normalised(np.array([[1, 0, 0], [0.8, 0.2, 0], [0, 1, 0], [0, 0.1, 1]]))
    found = keep_superclasses({"a": 4, "c": 2, "d": 2}, ("a", "b", "c", "d"), prototypes)
    assert found is not None
    assert found.tolist() == [0, 0, 1, 1]


def test_nothing_can_be_kept_of_a_partition_of_other_products():
    assert keep_superclasses({"x": 0}, ("a", "b"), np.eye(2, dtype=np.float32)) is None
