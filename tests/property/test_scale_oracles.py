"""What was made to scale still answers exactly as the plain implementation that it replaced, the oracle here."""

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.asking import groups as asking_groups
from recognition.asking.groups import alike_groups, members
from recognition.heads import scoring
from recognition.heads.baselines import nearest_neighbours
from recognition.heads.folds import NEVER_HELD_OUT, group_folds
from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Samples
from recognition.heads.scenes import photo_scenes
from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import normalised

unhurried = settings(deadline=None)  # the first example imports scikit-learn, and the machine may be busy
seeds = st.integers(0, 2**32 - 1)


def vectors_of(count: int, seed: int, dimension: int = 6) -> np.ndarray:
    return normalised(np.random.default_rng(seed).normal(size=(count, dimension)))


def coarse_vectors(count: int, seed: int) -> np.ndarray:
    """Small integers: their products are exact whatever the order of addition, and ties are common."""
    return np.random.default_rng(seed).integers(-1, 2, size=(count, 3)).astype(np.float32)


@st.composite
def labelled(draw: st.DrawFn) -> Samples:
    """Photos in any order; a near-duplicate group may hold photos of two classes."""
    photos = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 12)), min_size=2, max_size=60))
    targets = np.array([target for target, _ in photos], dtype=np.int64)
    groups = np.array([group for _, group in photos], dtype=np.int64)
    return Samples(vectors_of(len(photos), draw(seeds)), targets, groups, tuple(f"sku{row}" for row in range(5)))


def plain_folds(targets: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    fold_of = np.full(len(targets), NEVER_HELD_OUT, dtype=np.int64)
    random = np.random.default_rng(seed)
    assigned: dict[int, int] = {}
    for target in np.unique(targets):
        of_class = np.flatnonzero(targets == target)
        distinct = np.unique(groups[of_class])
        if len(distinct) < 2:
            continue
        start = int(random.integers(folds))
        for turn, group in enumerate(random.permutation(distinct).tolist()):
            assigned.setdefault(group, (start + turn) % folds)
        fold_of[of_class] = [assigned[group] for group in groups[of_class].tolist()]
    return fold_of


def plain_scenes(samples: Samples, photos_per_scene: int) -> np.ndarray:
    scenes = np.zeros(len(samples), dtype=np.int64)
    found = 0
    for target in np.unique(samples.targets):
        of_class = np.flatnonzero(samples.targets == target)
        groups, of_group = np.unique(samples.groups[of_class], return_inverse=True)
        means = np.zeros((len(groups), samples.vectors.shape[1]))
        np.add.at(means, of_group, samples.vectors[of_class])
        means /= np.bincount(of_group)[:, None]
        wanted = min(len(groups), max(2, -(-len(of_class) // photos_per_scene)))
        bound = agglomerated(means, n_clusters=wanted) if len(groups) > wanted else np.arange(len(groups))
        scenes[of_class] = found + bound[of_group]
        found += int(bound.max()) + 1
    return scenes


def agglomerated(vectors: np.ndarray, **until: object) -> np.ndarray:
    from sklearn.cluster import AgglomerativeClustering

    return AgglomerativeClustering(metric="cosine", linkage="average", **until).fit_predict(vectors)


def partition(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


@given(labels=st.lists(st.integers(-3, 9)))
def test_every_row_stands_under_its_label_once_and_in_order(labels: list[int]) -> None:
    found = rows_of_each(np.array(labels, dtype=np.int64))
    assert [rows.tolist() for rows in found] == [
        [row for row, label in enumerate(labels) if label == wanted] for wanted in sorted(set(labels))
    ]


@unhurried
@given(
    photos=st.integers(0, 9), classes=st.integers(1, 40), count=st.integers(1, 45), seed=seeds, cells=st.integers(1, 99)
)
def test_a_scan_finds_what_sorting_all_cosines_finds_whatever_the_ties_and_the_chunks(
    photos: int, classes: int, count: int, seed: int, cells: int
) -> None:
    vectors, prototypes = coarse_vectors(photos, seed), coarse_vectors(classes, seed + 1)
    cosines = vectors @ prototypes.T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    with patch.object(scoring, "_CELLS", cells):
        rows, found = scan_prototypes(prototypes)(vectors, count)
    assert np.array_equal(rows, order)
    assert np.array_equal(found, np.take_along_axis(cosines, order, axis=1))
    assert (rows.dtype, found.dtype) == (np.int64, np.float32)


def test_a_broken_vector_does_not_take_the_place_of_its_neighbours_in_a_scan() -> None:
    vectors = np.array([[1, 0], [np.nan, 0], [0, 1]], dtype=np.float32)
    rows, found = scan_prototypes(np.eye(2, dtype=np.float32))(vectors, 1)
    assert rows[[0, 2], 0].tolist() == [0, 1]
    assert np.isnan(found[1, 0])


@unhurried
@given(samples=labelled(), photos=st.integers(0, 9), k=st.integers(1, 8), seed=seeds)
def test_the_neighbours_elect_the_class_that_a_full_table_of_votes_elects(
    samples: Samples, photos: int, k: int, seed: int
) -> None:
    samples = Samples(np.abs(samples.vectors), samples.targets, samples.groups, samples.classes)
    vectors = np.abs(vectors_of(photos, seed))
    neighbours, cosines = scan_prototypes(samples.vectors)(vectors, k)
    votes = np.zeros((photos, len(samples.classes)), dtype=np.float32)
    for place in range(neighbours.shape[1]):
        np.add.at(votes, (np.arange(photos), samples.targets[neighbours[:, place]]), cosines[:, place])
    assert np.array_equal(nearest_neighbours(samples, vectors, k), votes.argmax(axis=1))


def test_neighbours_that_are_all_turned_away_still_elect_one_of_their_own_classes() -> None:
    train = Samples(-np.eye(2, dtype=np.float32), np.array([1, 2]), np.arange(2), ("absent", "a", "b"))
    assert nearest_neighbours(train, np.array([[0.8, 0.6]], dtype=np.float32), 1).tolist() == [2]


@unhurried
@given(samples=labelled(), folds=st.integers(2, 6), seed=st.integers(0, 9))
def test_folds_are_dealt_as_class_by_class_masks_deal_them(samples: Samples, folds: int, seed: int) -> None:
    dealt = group_folds(samples.targets, samples.groups, folds, seed)
    assert np.array_equal(dealt, plain_folds(samples.targets, samples.groups, folds, seed))


@unhurried
@given(samples=labelled(), together=st.integers(1, 6))
def test_scenes_are_bound_as_class_by_class_masks_bind_them(samples: Samples, together: int) -> None:
    assert partition(photo_scenes(samples, together)) == partition(plain_scenes(samples, together))


@unhurried
@given(
    photos=st.integers(0, 60),
    products=st.integers(1, 12),
    noise=st.sampled_from([0.1, 0.3, 1.0]),
    least_cosine=st.floats(-0.2, 0.99),
    seed=seeds,
    cells=st.integers(1, 500),
)
def test_islands_never_part_what_average_linkage_joins(
    photos: int, products: int, noise: float, least_cosine: float, seed: int, cells: int
) -> None:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(products, 8))
    vectors = normalised(centres[random.integers(products, size=photos)] + noise * random.normal(size=(photos, 8)))
    with patch.object(asking_groups, "_CELLS", cells):
        found = alike_groups(vectors, least_cosine, largest=1000)
    until = {"n_clusters": None, "distance_threshold": 1.0 - least_cosine}
    wanted = agglomerated(vectors.astype(np.float64), **until) if photos > 1 else np.zeros(photos)
    assert partition(found) == partition(wanted)
    assert [set(rows) for rows in members(found)] == sorted(map(set, partition(found)), key=min)


@unhurried
@given(photos=st.integers(1, 60), copies=st.integers(0, 40), island=st.integers(2, 20), seed=seeds)
def test_an_island_that_is_too_large_is_parted_at_its_weakest_links_and_no_photo_is_lost(
    photos: int, copies: int, island: int, seed: int
) -> None:
    vectors = vectors_of(photos, seed)
    vectors = np.concatenate([vectors, np.repeat(vectors[:1], copies, axis=0)])
    with patch.object(asking_groups, "_LARGEST_ISLAND", island):
        found = alike_groups(vectors, 0.5, largest=1000)
    groups = members(found)
    assert sorted(row for rows in groups for row in rows) == list(range(photos + copies))
    assert max(map(len, groups)) <= island
    for rows in groups:
        of_pairs = (vectors[rows] @ vectors[rows].T)[np.triu_indices(len(rows), 1)]
        assert len(rows) == 1 or of_pairs.mean() >= 0.5 - 1e-4, "a mixed group would teach wrong labels"
