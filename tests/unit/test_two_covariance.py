"""Known or unseen: the likelihood ratio of the two-covariance model, checked against densities written out in full."""

import numpy as np
from scipy.stats import multivariate_normal

from recognition.heads.two_covariance import TwoCovariance, fit_two_covariance
from recognition.triage.separation import auroc

DIMENSION = 4


def drawn(products: int, photos: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, class rows and the spread of the products, drawn from the model itself."""
    random = np.random.default_rng(seed)
    spread = np.array([9.0, 4.0, 1.0, 0.25])
    points = random.normal(size=(products, DIMENSION)) * np.sqrt(spread)
    targets = np.repeat(np.arange(products), photos)
    vectors = points[targets] + 0.5 * random.normal(size=(len(targets), DIMENSION))
    return vectors.astype(np.float32), targets, spread


def naive_log_ratio(photo: np.ndarray, photos: np.ndarray, between: np.ndarray, within: np.ndarray) -> float:
    """log p(photo, photos | one product) - log p(photo | a product) - log p(photos | a product), as joint Gaussians."""

    def joint(rows: np.ndarray) -> float:
        count = len(rows)
        covariance = np.kron(np.ones((count, count)), between) + np.kron(np.eye(count), within)
        return float(multivariate_normal(np.zeros(covariance.shape[0]), covariance).logpdf(rows.ravel()))

    return joint(np.vstack([photo, photos])) - joint(photo[None]) - joint(photos)


def test_the_ratio_is_that_of_the_joint_densities_of_all_photos():
    random = np.random.default_rng(1)
    between = np.array([2.0, 0.5, 0.0])
    photos = [random.normal(size=(count, 3)) for count in (1, 2, 5)]
    counts = np.array([len(of_class) for of_class in photos], dtype=np.float32)
    means = np.stack([of_class.mean(axis=0) for of_class in photos])
    products = means * counts[:, None] * between / (1 + counts[:, None] * between)
    eye = np.eye(3, dtype=np.float32)
    model = TwoCovariance(np.zeros(3, np.float32), eye, between.astype(np.float32), products.astype(np.float32), counts)
    new = random.normal(size=(6, 3)).astype(np.float32)
    rows = np.tile(np.arange(3), (6, 1))
    expected = [[naive_log_ratio(photo, of_class, np.diag(between), eye) for of_class in photos] for photo in new]
    assert np.allclose(model.log_ratios(new, rows), expected, atol=1e-4)


def test_the_fit_finds_the_covariances_that_the_vectors_were_drawn_from():
    vectors, targets, spread = drawn(products=3000, photos=6)
    model = fit_two_covariance(vectors, targets, 3000)
    assert np.allclose(np.sort(model.between)[::-1], spread / 0.25, rtol=0.1), "in units of the scatter of the photos"
    placed = (vectors - model.mean) @ model.matrix
    means = placed.reshape(3000, 6, DIMENSION).mean(axis=1)[targets]
    assert np.allclose(np.cov((placed - means).T) * 6 / 5, np.eye(DIMENSION), atol=0.05)


def test_photos_of_strangers_have_lower_ratios_than_photos_of_taught_products():
    vectors, targets, _ = drawn(products=60, photos=7)
    taught = np.arange(len(targets)) % 7 > 0
    known_products = targets < 40
    model = fit_two_covariance(vectors[taught & known_products], targets[taught & known_products], 40)
    rows = np.tile(np.arange(40), (len(targets), 1))
    best = model.log_ratios(vectors, rows).max(axis=1)
    assert auroc(best[~taught & known_products], best[~known_products]) > 0.7


def test_a_class_without_photos_is_no_likelier_than_any_other_product_and_one_photo_is_less_telling_than_ten():
    vectors, targets, _ = drawn(products=30, photos=10)
    few = (targets > 1) | ((targets == 1) & (np.arange(len(targets)) % 10 == 0))
    model = fit_two_covariance(vectors[few], targets[few], 30)
    assert np.allclose(model.log_ratios(vectors, np.zeros((len(vectors), 1), dtype=np.int64)), 0.0, atol=1e-5)
    all_photos = fit_two_covariance(vectors, targets, 30)
    own = np.ones((10, 1), dtype=np.int64)
    assert model.log_ratios(vectors[10:20], own).mean() < all_photos.log_ratios(vectors[10:20], own).mean()


def test_without_two_photos_of_any_product_or_a_second_product_there_is_still_an_answer():
    vectors, targets, _ = drawn(products=5, photos=1)
    for some in (slice(0, 5), slice(0, 1)):
        model = fit_two_covariance(vectors[some], targets[some], 5)
        assert np.isfinite(model.log_ratios(vectors, np.tile(np.arange(5), (5, 1)))).all()


def test_ratios_of_many_photos_are_those_of_each_alone():
    vectors, targets, _ = drawn(products=20, photos=60)
    model = fit_two_covariance(vectors, targets, 20)
    rows = np.random.default_rng(2).integers(20, size=(len(vectors), 3))
    alone = [model.log_ratios(vectors[row : row + 1], rows[row : row + 1])[0] for row in range(0, len(vectors), 97)]
    assert np.allclose(model.log_ratios(vectors, rows)[::97], alone, atol=1e-3)
