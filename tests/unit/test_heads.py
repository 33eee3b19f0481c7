"""The heads: metric, prototypes, superclasses, coarse head, scoring, training."""

from dataclasses import replace

import numpy as np
import pytest

from recognition.errors import NotEnoughDataError
from recognition.heads.choice import Choice
from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.folds import class_folds
from recognition.heads.metric import Metric, MetricKind, MetricPart, fit_metric
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Samples
from recognition.heads.scoring import Heads, find_candidates, find_candidates_of_each, rank
from recognition.heads.superclasses import find_superclasses, superclass_count, superclass_names
from recognition.heads.training import OutOfFold, TrainingPolicy, _final_fits, _final_heads, train_heads
from recognition.heads.two_covariance import fit_two_covariance
from recognition.heads.whitening import Whitening, fit_whitening, normalised
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import calibrate
from recognition.vocabulary import Tier, Verdict
from tests.support.synthetic import clustered_samples


def accuracy(samples: Samples, vectors, targets, metric) -> float:
    prototypes = class_prototypes(metric(samples.vectors), samples.targets, len(samples.classes))
    return float(((metric(vectors) @ prototypes.T).argmax(axis=1) == targets).mean())


def test_noise_shared_by_all_classes_no_longer_hides_the_product():
    samples = clustered_samples(classes=12, photos=20, noise=3.0, seed=1)
    fresh = clustered_samples(classes=12, photos=10, noise=3.0, seed=1, photo_seed=2)
    whitening = fit_whitening(samples)
    plain = accuracy(samples, fresh.vectors, fresh.targets, normalised)
    whitened = accuracy(samples, fresh.vectors, fresh.targets, whitening.apply)
    assert whitened > plain + 0.1


def test_a_constant_dimension_of_the_encoder_is_not_blown_up_to_infinity():
    samples = clustered_samples(classes=4, photos=6, seed=3)
    vectors = samples.vectors.copy()
    vectors[:, 0] = 0.5
    whitened = fit_whitening(Samples(vectors, samples.targets, samples.groups, samples.classes)).apply(vectors)
    assert np.isfinite(whitened).all()


def test_a_catalogue_of_single_photos_falls_back_to_plain_cosine_around_the_mean():
    samples = clustered_samples(classes=5, photos=1, seed=4)
    assert np.array_equal(fit_whitening(samples).matrix, np.eye(samples.vectors.shape[1], dtype=np.float32))


def test_classes_are_rows_of_sorted_skus_whatever_the_order_of_the_photos():
    vectors = np.eye(3, dtype=np.float32)
    one = Samples.from_labels(vectors, ["b", "a", "b"], ["g1", "g2", "g3"])
    other = Samples.from_labels(vectors[::-1], ["b", "a", "b"], ["g3", "g2", "g1"])
    assert one.classes == other.classes == ("a", "b")
    assert one.targets.tolist() == [1, 0, 1]


def test_a_class_without_photos_matches_nothing():
    prototypes = class_prototypes(np.eye(2, dtype=np.float32), np.array([0, 2]), 3)
    assert not prototypes[1].any()


def test_a_handful_of_classes_is_one_superclass_instead_of_a_crash_in_umap():
    assert find_superclasses(np.eye(5, dtype=np.float32), count=2).tolist() == [0] * 5


@pytest.mark.slow
def test_every_class_has_exactly_one_superclass_and_the_same_seed_gives_the_same():
    samples = clustered_samples(classes=30, photos=2, seed=5)
    prototypes = class_prototypes(samples.vectors, samples.targets, 30)
    found = find_superclasses(prototypes, count=6, seed=1)
    assert found.shape == (30,)
    assert sorted(set(found.tolist())) == list(range(6))
    assert found[0] == 0, "superclasses are numbered by first appearance"
    assert np.array_equal(found, find_superclasses(prototypes, count=6, seed=1))


def test_the_number_of_superclasses_grows_with_the_root_and_never_exceeds_half_the_classes():
    assert [superclass_count(classes) for classes in (1, 3, 8, 100, 2500)] == [1, 1, 4, 20, 100]


def test_a_superclass_is_named_by_the_commonest_words_of_its_titles():
    titles = {"1": "Alto Tea Lemon 500 ml", "2": "Alto Tea Peach 500 ml", "3": "Brio Soda"}
    names = superclass_names(("1", "2", "3"), np.array([0, 0, 1]), titles)
    assert set(names[0].split()) == {"Alto", "Tea"}
    assert names[1] == "Brio Soda"


def test_the_coarse_head_learns_which_superclass_a_photo_belongs_to():
    samples = clustered_samples(classes=4, photos=30, seed=6)
    head = fit_coarse_head(samples.vectors, samples.targets, samples.groups, 4)
    log_probabilities = head.log_probabilities(samples.vectors)
    assert (log_probabilities.argmax(axis=1) == samples.targets).mean() > 0.95
    assert np.allclose(np.exp(log_probabilities).sum(axis=1), 1.0, atol=1e-5)


def test_a_single_superclass_says_nothing_about_any_photo():
    head = fit_coarse_head(np.eye(3, dtype=np.float32), np.zeros(3, dtype=np.int64), np.arange(3), 1)
    assert not head.log_probabilities(np.eye(3, dtype=np.float32)).any()


def test_ranking_without_the_hierarchy_is_the_order_of_plain_cosine():
    random = np.random.default_rng(7)
    prototypes = normalised(random.normal(size=(9, 5)))
    vectors = normalised(random.normal(size=(4, 5)))
    whitening = Whitening(np.zeros(5, dtype=np.float32), np.eye(5, dtype=np.float32))
    heads = Heads(
        classes=tuple("abcdefghi"),
        tiers=(Tier.GALLERY,) * 9,
        metric=Metric((MetricPart(0, 5, whitening),)),
        prototypes=prototypes,
        superclass_of=np.zeros(9, dtype=np.int64),
        coarse=fit_coarse_head(vectors, np.zeros(4, dtype=np.int64), np.arange(4), 1),
        likelihood=fit_two_covariance(prototypes, np.arange(9), 9),
    )
    candidates = find_candidates(heads, vectors, count=9)
    ranking = rank(candidates, coarse_weight=0.0, scale=10.0)
    assert np.array_equal(ranking.rows, np.argsort(-(vectors @ prototypes.T), axis=1))
    assert np.allclose(ranking.probability.sum(axis=1), 1.0, atol=1e-5)
    assert np.allclose(ranking.familiarity, (vectors @ prototypes.T).max(axis=1))


def test_heads_that_differ_in_their_superclasses_find_together_what_each_finds_alone():
    samples = clustered_samples(classes=10, photos=6)
    first = train_heads(samples, dict.fromkeys(samples.classes, Tier.TRAINED)).heads
    halves = np.arange(10) % 2
    compared = first.metric.apply(samples.vectors)
    coarse = fit_coarse_head(compared, halves[samples.targets], samples.groups, 2)
    both = {"first": first, "halves": replace(first, superclass_of=halves, coarse=coarse)}
    for name, found in find_candidates_of_each(both, samples.vectors).items():
        alone = find_candidates(both[name], samples.vectors)
        assert all(np.array_equal(part, getattr(alone, field)) for field, part in vars(found).items())


def held_out_classes(samples: Samples) -> tuple[OutOfFold, OutOfFold]:
    one_superclass, metric = np.zeros(len(samples.classes), dtype=np.int64), fit_metric(samples, MetricKind.WHITENED)
    folds = class_folds(samples, samples.groups, 3, 10_000)
    fits = _final_fits(samples, metric, (), folds, Choice(MetricKind.WHITENED), seed=0)
    _, found = _final_heads(samples, fits, folds, one_superclass, samples.groups, seed=0)
    return found


def test_evidence_of_unseen_products_comes_from_heads_that_never_heard_of_them():
    samples = clustered_samples(classes=11, photos=6, seed=12)
    unseen, _ = held_out_classes(samples)
    assert np.array_equal(np.bincount(unseen.targets), np.full(11, 6)), "each photo is held out once"
    possible = unseen.candidates.cosine >= -1
    assert not (possible & (unseen.candidates.rows == unseen.targets[:, None])).any()
    assert set(possible.sum(axis=1).tolist()) == {7, 8}, "and ranked among the classes of the other folds"

    altered = samples.vectors.copy()
    of_first = np.flatnonzero(samples.targets == 0)
    altered[of_first[1:]] = normalised(np.random.default_rng(0).normal(size=altered[of_first[1:]].shape))
    again, _ = held_out_classes(Samples(altered, samples.targets, samples.groups, samples.classes))
    first, second = (found.candidates.cosine[np.flatnonzero(found.targets == 0)[0]] for found in (unseen, again))
    assert np.array_equal(first, second), "what else is known of its class changes nothing"


def test_known_photos_stand_beside_the_unseen_ones_and_their_own_scene_taught_nobody():
    samples = clustered_samples(classes=11, photos=6, seed=12)
    unseen, known = held_out_classes(samples)
    named = (known.candidates.rows == known.targets[:, None]) & (known.candidates.cosine >= -1)
    assert named.any(axis=1).all(), "each is ranked by heads that were taught its class"
    folds = class_folds(samples, samples.groups, 3, 10_000)
    assert sum(len(fold.known) for fold in folds) == len(known.targets)
    assert sum(len(fold.unseen) for fold in folds) == len(unseen.targets) == len(samples)
    for fold in folds:
        assert not set(samples.groups[fold.taught]) & set(samples.groups[fold.known])
        assert set(samples.targets[fold.known]) <= set(fold.classes.tolist())
        assert not set(samples.targets[fold.unseen]) & set(samples.targets[fold.taught])


@pytest.mark.slow
def test_training_chooses_the_whitened_metric_where_noise_is_shared_and_repeats_itself_exactly():
    samples = clustered_samples(classes=12, photos=12, noise=3.0, seed=8)
    tiers = dict.fromkeys(samples.classes, Tier.GALLERY)
    first, second = train_heads(samples, tiers), train_heads(samples, tiers)
    assert first.chosen.metric == "whitened"
    assert first.tried == second.tried
    assert np.array_equal(first.heads.prototypes, second.heads.prototypes)
    assert first.heads.scale == second.heads.scale


def test_out_of_fold_evidence_never_comes_from_heads_that_saw_the_scene():
    """Each class is one tight burst and one far outlier scene: held out, the outlier cannot be recognised."""
    random = np.random.default_rng(9)
    vectors, skus, groups = [], [], []
    for row in range(4):
        burst, outlier = random.normal(size=8), random.normal(size=8)
        for photo in range(4):
            vectors.append(burst + 0.01 * random.normal(size=8))
            skus.append(f"sku{row}")
            groups.append(f"{row}-{photo}")
        vectors += [outlier + 0.01 * random.normal(size=8) for _ in range(4)]
        skus += [f"sku{row}"] * 4
        groups += [f"{row}-far-{photo}" for photo in range(4)]
    samples = Samples.from_labels(normalised(np.array(vectors)), skus, groups)
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY), TrainingPolicy(folds=2))
    assert max(trained.tried.values()) < 0.8, "a burst on both sides of a fold would promise nearly 1.0"


def test_a_single_class_is_too_little_and_the_message_says_what_to_do():
    samples = clustered_samples(classes=1, photos=5, seed=10)
    with pytest.raises(NotEnoughDataError, match="Add a source"):
        train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY))


def test_a_catalogue_with_one_photo_of_each_product_can_start_and_is_sure_of_nothing():
    """Without a release nobody is asked, and without answers no class gets its second photo."""
    samples = clustered_samples(classes=12, photos=1, seed=11)
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY))
    thresholds = calibrate(trained)
    recogniser = Recogniser.of_heads(trained.heads, thresholds, "encoder")
    found = recogniser.recognise(samples.vectors, "encoder")
    assert [recognition.sku for recognition in found] == list(samples.classes)
    assert {recognition.verdict for recognition in found} == {Verdict.UNSURE}
