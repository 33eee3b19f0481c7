"""What a photo's likeness is judged beside: its other candidates, and its length; known products and unseen ones."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.heads.cohort import mean_of_others
from recognition.heads.scoring import Candidates, Ranking, rank
from recognition.triage.calibration import fit_known_product
from recognition.triage.separation import auroc


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 6), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_the_mean_of_others_is_that_of_a_loop_over_photos(photos, width, seed):
    random = np.random.default_rng(seed)
    scores = random.normal(scale=50, size=(photos, width)).astype(np.float32)
    possible = random.random((photos, width)) < 0.6
    possible[np.arange(photos), random.integers(width, size=photos)] = True
    expected = []
    for row, there in zip(scores, possible, strict=True):
        best, *others = sorted(row[there], reverse=True)
        expected.append(np.mean(others) if others else best)
    assert np.allclose(mean_of_others(scores, possible), expected, rtol=1e-4, atol=1e-3)


def test_candidates_that_only_fill_up_a_batch_change_no_figure():
    """Photos that were ranked among few classes stand beside photos that were ranked among all of them."""
    random = np.random.default_rng(1)
    rows = np.tile(np.arange(3), (20, 1))
    few = Candidates(rows, *random.normal(size=(3, 20, 3)).astype(np.float32), rows[:, 0].astype(np.float32))
    alone, filled = rank(few, 0.1, 20.0), rank(Candidates.join([few], 9), 0.1, 20.0)
    for name in ("familiarity", "ratio", "familiarity_of_others", "ratio_of_others", "log_length"):
        assert np.allclose(getattr(alone, name), getattr(filled, name), atol=1e-6)


def photos_in_a_crowd(count: int, lead: float, seed: int) -> Ranking:
    """Some lie where many products do, some far from all; only by how much the best one leads are they known."""
    random = np.random.default_rng(seed)
    crowd = random.uniform(0, 0.5, size=count).astype(np.float32)
    best = crowd + random.normal(lead, 0.05, size=count).astype(np.float32)
    nothing = np.zeros(count, dtype=np.float32)
    one = np.ones((count, 1), dtype=np.float32)
    return Ranking(np.zeros((count, 1), dtype=np.int64), one, best, nothing, crowd, nothing, nothing)


def test_a_stranger_among_many_alike_products_is_told_from_a_known_product_that_stands_alone():
    model = fit_known_product(photos_in_a_crowd(500, 0.3, seed=0), photos_in_a_crowd(500, 0.2, seed=1), 0.1)
    known, unseen = photos_in_a_crowd(500, 0.3, seed=2), photos_in_a_crowd(500, 0.2, seed=3)
    assert auroc(known.familiarity, unseen.familiarity) < 0.75
    assert auroc(model.probability(known), model.probability(unseen)) > 0.9
    assert model.familiarity > 0 > model.familiarity_of_others


def clear_and_poor_photos(count: int, clearest: float, seed: int, shorter: float = 0.0) -> Ranking:
    """How near a photo comes to its product follows from how clear it is; unseen ones come less near, however clear."""
    random = np.random.default_rng(seed)
    length = random.uniform(-1, 0, size=count).astype(np.float32)
    best = (clearest + 0.5 * length + random.normal(0, 0.05, size=count)).astype(np.float32)
    nothing = np.zeros(count, dtype=np.float32)
    one = np.ones((count, 1), dtype=np.float32)
    rows = np.zeros((count, 1), dtype=np.int64)
    return Ranking(rows, one, best, nothing, nothing, nothing, length - np.float32(shorter))


def test_a_poor_photo_of_a_known_product_is_told_from_a_clear_one_of_a_stranger():
    model = fit_known_product(clear_and_poor_photos(500, 0.9, seed=0), clear_and_poor_photos(500, 0.75, seed=1), 0.1)
    known, unseen = clear_and_poor_photos(500, 0.9, seed=2), clear_and_poor_photos(500, 0.75, seed=3)
    assert auroc(known.familiarity, unseen.familiarity) < 0.8
    assert auroc(model.probability(known), model.probability(unseen)) > 0.95
    assert model.log_length < 0


def test_a_photo_that_shows_next_to_nothing_is_not_known_for_being_poorer_than_all_others():
    model = fit_known_product(clear_and_poor_photos(500, 0.9, seed=0), clear_and_poor_photos(500, 0.75, seed=1), 0.1)
    poor, blank = (clear_and_poor_photos(50, 0.2, seed=4, shorter=shorter) for shorter in (1.0, 13.0))
    assert np.array_equal(model.probability(poor), model.probability(blank))


def test_lengths_that_are_the_same_but_for_rounding_are_not_believed():
    pair = [clear_and_poor_photos(500, level, seed=0) for level in (0.9, 0.75)]
    level = [replace(ranking, log_length=1e-7 * ranking.familiarity) for ranking in pair]
    assert fit_known_product(*level, 0.1).log_length == 0.0


def test_a_cohort_alone_makes_nobody_a_stranger():
    """Likeness that tells the wrong way round is not believed, and then there is nothing to judge beside the cohort."""
    known, unseen = photos_in_a_crowd(200, -0.3, seed=4), photos_in_a_crowd(200, 0.3, seed=5)
    model = fit_known_product(known, unseen, 0.1)
    assert np.allclose(model.probability(known), 0.9), "what is left is the share that is expected"
