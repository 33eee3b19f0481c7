"""Scatter around the class means: its shrunk covariance is scikit-learn's, and the map makes it the identity."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from recognition.heads import scatter
from recognition.heads.scatter import shrunk_covariance, straightening, within_class_residuals
from recognition.heads.whitening import class_means


def test_the_covariance_is_shrunk_as_by_the_library_that_multiplies_three_times_as_much():
    random = np.random.default_rng(0)
    stretched = random.normal(size=(60, 24)) * np.linspace(0.01, 3, 24)
    for residuals in (stretched, stretched[:5], random.normal(size=(4000, 3)), np.zeros((9, 4)), np.ones((9, 4))):
        expected, _ = ledoit_wolf(residuals, assume_centered=True)
        assert np.allclose(shrunk_covariance(residuals), expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(1, 12), st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_it_is_so_for_any_number_of_photos_and_columns_at_any_scale(photos, columns, scale, seed):
    random = np.random.default_rng(seed)
    residuals = scale * random.normal(size=(photos, columns)) * random.uniform(0, 2, size=columns)
    expected, _ = ledoit_wolf(residuals, assume_centered=True)
    assert np.allclose(shrunk_covariance(residuals), expected, rtol=1e-7, atol=1e-12 * scale**2)


def test_under_the_map_photos_scatter_alike_in_every_direction():
    random = np.random.default_rng(1)
    residuals = random.normal(size=(200_000, 3)) @ np.array([[3.0, 0, 0], [1, 0.2, 0], [0, 0.5, 1]])
    assert np.allclose(np.cov((residuals @ straightening(residuals)).T), np.eye(3), atol=0.02)


def test_of_very_many_photos_an_even_share_is_taken(monkeypatch):
    random = np.random.default_rng(2)
    targets = np.repeat(np.arange(30), 4)
    vectors = random.normal(size=(120, 5)).astype(np.float32)
    means = class_means(vectors, targets, 30)
    every = within_class_residuals(vectors, targets, means)
    monkeypatch.setattr(scatter, "_MOST_RESIDUALS", 50)
    some = within_class_residuals(vectors, targets, means)
    assert (len(every), len(some)) == (120, 50)
    rows = [int(np.flatnonzero((every == row).all(axis=1))[0]) for row in some]
    assert np.diff(rows).max() <= 3, "no class is left out"
