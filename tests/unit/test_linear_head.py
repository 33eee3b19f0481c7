"""The linear head: it leaves class means where they are best, moves them where it can, and is served like them."""

import numpy as np

from recognition.heads.baselines import LINEAR, WHITENED_PROTOTYPE, baseline_predictions
from recognition.heads.linear_head import MOST_CELLS, affordable, fit_linear_head
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Samples
from recognition.heads.whitening import normalised
from tests.support.synthetic import clustered_samples


def unequal_lumps(seed: int, photos: int = 200) -> Samples:
    """Two classes whose means a few far photos pull away from where most photos are."""
    random = np.random.default_rng(seed)
    near = np.array([[1.0, 0.25, 0.1], [1.0, -0.25, 0.1]])
    far = np.array([[-0.2, -1.0, 3.0], [-0.2, 1.0, 3.0]])
    targets = np.repeat([0, 1], photos)
    is_far = (np.arange(len(targets)) % 5 == 0)[:, None]
    vectors = np.where(is_far, far[targets], near[targets]) + 0.05 * random.normal(size=(len(targets), 3))
    return Samples.from_labels(normalised(vectors), [f"sku{row}" for row in targets], [str(row) for row in range(400)])


def share(prototypes: np.ndarray, asked: Samples) -> float:
    return float(((asked.vectors @ prototypes.T).argmax(axis=1) == asked.targets).mean())


def test_prototypes_that_few_far_photos_pull_away_are_moved_back() -> None:
    taught, asked = unequal_lumps(1), unequal_lumps(2)
    means = class_prototypes(taught.vectors, taught.targets, 2)
    learned = fit_linear_head(taught.vectors, taught.targets, taught.groups, 2)
    assert share(learned, asked) >= share(means, asked)
    assert np.allclose(np.linalg.norm(learned, axis=1), 1, atol=1e-5)


def test_where_nothing_can_be_checked_the_class_means_stay() -> None:
    samples = clustered_samples(classes=5, photos=1, seed=4)
    means = class_prototypes(samples.vectors, samples.targets, 5)
    assert np.array_equal(fit_linear_head(samples.vectors, samples.targets, samples.groups, 5), means)


def test_the_same_seed_learns_the_same_and_a_class_without_photos_matches_nothing() -> None:
    samples = clustered_samples(classes=6, photos=12, noise=2.0, seed=2)
    first, second = (fit_linear_head(samples.vectors, samples.targets, samples.groups, 7, seed=3) for _ in range(2))
    assert np.array_equal(first, second)
    assert not first[6].any()


def test_the_baseline_stands_beside_the_others_and_is_left_out_where_it_would_take_hours() -> None:
    taught = clustered_samples(classes=8, photos=12, noise=1.5, seed=5)
    asked = clustered_samples(classes=8, photos=4, noise=1.5, seed=5, photo_seed=6)
    found = baseline_predictions(taught, asked.vectors)
    shares = {name: float((rows == asked.targets).mean()) for name, rows in found.items()}
    assert shares[LINEAR] >= shares[WHITENED_PROTOTYPE] - 0.1
    assert affordable(100_000, 2_000)
    assert not affordable(MOST_CELLS, 2)
