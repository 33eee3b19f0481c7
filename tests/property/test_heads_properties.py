"""What holds for the heads and the night's questions whatever the catalogue looks like."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.asking.night import ReviewPolicy, choose_questions
from recognition.asking.proposals import Photo
from recognition.heads.folds import NEVER_HELD_OUT, class_folds, group_folds, scene_folds
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Samples
from recognition.heads.scenes import photo_scenes
from recognition.heads.superclasses import find_superclasses, superclass_count
from recognition.heads.whitening import normalised
from recognition.triage.verdict import Candidate
from recognition.vocabulary import Verdict

DIMENSION = 6
unhurried = settings(deadline=None)  # the first example imports scikit-learn, and the machine may be busy


@st.composite
def catalogues(draw: st.DrawFn, classes: int = 6) -> Samples:
    """A few classes, each with a few near-duplicate groups of one to three photos, in any order of rows."""
    sizes = draw(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=8), min_size=1, max_size=classes))
    rows = [
        (f"sku{sku}", f"group{sku}-{group}")
        for sku, groups in enumerate(sizes)
        for group, photos in enumerate(groups)
        for _ in range(photos)
    ]
    rows = draw(st.permutations(rows))
    vectors = normalised(np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(size=(len(rows), DIMENSION)))
    return Samples.from_labels(vectors, [sku for sku, _ in rows], [group for _, group in rows])


@st.composite
def catalogues_with_views(draw: st.DrawFn) -> Samples:
    """The same, where some photos have views in their group."""
    photos = draw(catalogues())
    views = np.array(draw(st.lists(st.integers(0, 2), min_size=len(photos), max_size=len(photos))))
    rows = np.concatenate([np.arange(len(photos)), np.repeat(np.arange(len(photos)), views)])
    order = np.array(draw(st.permutations(range(len(rows)))), dtype=np.int64)
    made = (np.arange(len(rows)) >= len(photos))[order]
    return replace(photos.take(rows[order]), views=made)


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[Photo], np.ndarray]:
    """Unlabelled photos with any verdict; some show the same thing."""
    seen = draw(st.lists(st.tuples(st.sampled_from(Verdict), st.floats(0, 1), st.integers(0, 9)), max_size=40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    things = random.normal(size=(10, DIMENSION))
    vectors = np.array([things[thing] + 0.1 * random.normal(size=DIMENSION) for *_, thing in seen])
    photos = [
        Photo(f"{place:064x}", verdict, confidence, (Candidate(f"sku{thing}", confidence),))
        for place, (verdict, confidence, thing) in enumerate(seen)
    ]
    return photos, normalised(vectors.reshape(-1, DIMENSION))


@unhurried
@given(samples=catalogues_with_views(), folds=st.integers(2, 5), seed=st.integers(0, 99))
def test_a_view_is_never_asked_about_and_never_teaches_a_fold_that_holds_its_photo_out(
    samples: Samples, folds: int, seed: int
) -> None:
    scenes = photo_scenes(samples)
    for fold in scene_folds(samples, scenes, folds, 10**6, seed):
        assert samples.photos[fold.held_out].all()
        asked = {(samples.targets[row], samples.groups[row]) for row in fold.held_out.tolist()}
        taught = {(samples.targets[row], samples.groups[row]) for row in fold.taught.tolist()}
        assert not asked & taught
    for fold in class_folds(samples, scenes, folds, 10**6, seed):
        assert samples.photos[fold.unseen].all()
        assert samples.photos[fold.known].all()
        assert not set(samples.targets[fold.taught].tolist()) & set(samples.targets[fold.unseen].tolist())
        assert not set(scenes[fold.taught].tolist()) & set(scenes[fold.known].tolist())


@unhurried
@given(samples=catalogues_with_views())
def test_views_bind_no_photos_together_and_part_none(samples: Samples) -> None:
    scenes, alone = photo_scenes(samples), photo_scenes(samples.take(samples.photos))
    assert np.array_equal(scenes[samples.photos], alone)


@unhurried
@given(samples=catalogues(), data=st.data())
def test_prototypes_do_not_depend_on_the_order_in_which_photos_are_read(samples: Samples, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(len(samples)))), dtype=np.int64)
    other = samples.take(order)
    count = len(samples.classes)
    assert np.allclose(
        class_prototypes(samples.vectors, samples.targets, count),
        class_prototypes(other.vectors, other.targets, count),
        atol=1e-6,
    )


@unhurried
@given(samples=catalogues(), folds=st.integers(2, 6), seed=st.integers(0, 9))
def test_near_duplicates_are_never_on_both_sides_of_a_fold(samples: Samples, folds: int, seed: int) -> None:
    fold_of = group_folds(samples.targets, samples.groups, folds, seed)
    assert set(fold_of.tolist()) <= {NEVER_HELD_OUT, *range(folds)}
    for group in np.unique(samples.groups):
        assert len(set(fold_of[samples.groups == group].tolist())) == 1


@unhurried
@given(samples=catalogues(), folds=st.integers(2, 6), seed=st.integers(0, 9))
def test_no_fold_ever_holds_out_the_whole_of_a_class(samples: Samples, folds: int, seed: int) -> None:
    fold_of = group_folds(samples.targets, samples.groups, folds, seed)
    for target in range(len(samples.classes)):
        of_class = samples.targets == target
        single = len(np.unique(samples.groups[of_class])) == 1
        assert (fold_of[of_class] == NEVER_HELD_OUT).all() == single
        assert single or len(np.unique(fold_of[of_class])) >= 2


@unhurried
@given(samples=catalogues(), together=st.integers(1, 6))
def test_a_scene_never_divides_near_duplicates_and_never_swallows_a_class_that_can_be_split(
    samples: Samples, together: int
) -> None:
    scenes = photo_scenes(samples, together)
    for group in np.unique(samples.groups):
        assert len(set(scenes[samples.groups == group].tolist())) == 1
    for target in range(len(samples.classes)):
        of_class = samples.targets == target
        found, groups = np.unique(scenes[of_class]), np.unique(samples.groups[of_class])
        assert len(found) >= min(2, len(groups))
        assert not set(found.tolist()) & set(scenes[~of_class].tolist()), "a scene shows one product"


@pytest.mark.slow
@settings(max_examples=12, deadline=None)  # each example is a UMAP
@given(classes=st.integers(1, 14), copies=st.integers(0, 4), seed=st.integers(0, 99))
def test_every_class_has_exactly_one_superclass_even_where_products_look_the_same(
    classes: int, copies: int, seed: int
) -> None:
    prototypes = normalised(np.random.default_rng(seed).normal(size=(classes, DIMENSION)))
    prototypes[1 : 1 + copies] = prototypes[0]
    count = superclass_count(classes)
    found = find_superclasses(prototypes, count, seed=0)
    assert found.shape == (classes,)
    numbers = sorted(set(found.tolist()))
    assert numbers == list(range(len(numbers)))
    assert len(numbers) <= count


@unhurried
@given(
    night=nights(),
    budget=st.integers(0, 30),
    random_share=st.floats(0, 1),
    unseen_share=st.floats(0, 1),
    seed=st.integers(0, 9),
)
def test_a_night_stays_within_its_budget_and_asks_about_a_photo_once_whatever_the_shares(
    night: tuple[list[Photo], np.ndarray], budget: int, random_share: float, unseen_share: float, seed: int
) -> None:
    photos, whitened = night
    policy = ReviewPolicy(budget, random_share=random_share, unseen_share=unseen_share)
    questions = choose_questions(photos, whitened, 0.6, policy, np.random.default_rng(seed))
    asked = [sha256 for question in questions for sha256 in question.images]
    assert len(questions) <= budget
    assert len(asked) == len(set(asked))
    assert set(asked) <= {photo.sha256 for photo in photos}
    assert len({question.key for question in questions}) == len(questions)


@unhurried
@given(night=nights(), seed=st.integers(0, 9))
def test_a_budget_that_is_large_enough_leaves_no_doubt_unasked(
    night: tuple[list[Photo], np.ndarray], seed: int
) -> None:
    photos, whitened = night
    questions = choose_questions(photos, whitened, 0.6, ReviewPolicy(100), np.random.default_rng(seed))
    asked = {sha256 for question in questions for sha256 in question.images}
    assert {photo.sha256 for photo in photos if photo.verdict is not Verdict.SURE} <= asked
