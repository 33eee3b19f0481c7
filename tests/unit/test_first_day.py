"""Prototypes predicted for products that have clean photos alone."""

import numpy as np
import pytest

from recognition.errors import NotEnoughDataError
from recognition.heads.first_day import FirstDayRule, fit_first_day
from recognition.heads.samples import Vectors
from recognition.heads.whitening import normalised

WIDTH, PRODUCTS, NEW = 8, 60, 20


@pytest.fixture
def pairs() -> tuple[Vectors, Vectors]:
    """Means of clean photos, and prototypes: a camera turns what is seen of a product and moves all of it."""
    random = np.random.default_rng(1)
    clean = normalised(random.normal(size=(PRODUCTS, WIDTH)))
    turn = np.linalg.qr(random.normal(size=(WIDTH, WIDTH)))[0]
    moved = clean @ turn + 3 * random.normal(size=WIDTH) + 0.02 * random.normal(size=clean.shape)
    return clean, normalised(moved)


def test_a_new_product_is_looked_for_where_a_camera_would_see_it(pairs: tuple[Vectors, Vectors]):
    clean, prototypes = pairs
    known, new = slice(0, -NEW), slice(-NEW, None)
    found = fit_first_day(clean[known], prototypes[known], FirstDayRule(0.01, 1.0)).prototypes(clean[new])
    catalogue = np.concatenate([prototypes[known], found])
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    named = (prototypes[new] @ catalogue.T).argmax(axis=1)  # camera photos of the new ones
    assert (named == np.arange(PRODUCTS - NEW, PRODUCTS)).mean() > 0.9
    as_they_are = np.concatenate([prototypes[known], clean[new]])
    assert ((prototypes[new] @ as_they_are.T).argmax(axis=1) >= PRODUCTS - NEW).mean() < 0.1  # why it is needed


def test_it_is_the_ridge_regression_that_a_naive_solution_finds_row_by_row(pairs: tuple[Vectors, Vectors]):
    clean, prototypes = pairs
    penalty = 0.5
    x, y = clean - clean.mean(axis=0), prototypes - prototypes.mean(axis=0)
    # The same as least squares with the penalty's square root as so many more rows that are to give nothing.
    more = np.concatenate([x, np.sqrt(penalty) * np.eye(WIDTH)])
    naive = np.linalg.lstsq(more, np.concatenate([y, np.zeros((WIDTH, WIDTH))]), rcond=None)[0]
    assert np.allclose(fit_first_day(clean, prototypes, FirstDayRule(penalty, 1.0)).weights, naive, atol=1e-5)


def test_an_endless_penalty_predicts_the_mean_prototype_and_order_does_not_matter(pairs: tuple[Vectors, Vectors]):
    clean, prototypes = pairs
    same = fit_first_day(clean, prototypes, FirstDayRule(1e9, 1.0)).prototypes(clean[:3])
    assert np.allclose(same, normalised(prototypes.mean(axis=0, keepdims=True)), atol=1e-4)
    order = np.random.default_rng(2).permutation(PRODUCTS)
    rule = FirstDayRule(1.0, 1.0)
    there, back = fit_first_day(clean, prototypes, rule), fit_first_day(clean[order], prototypes[order], rule)
    assert np.allclose(there.weights, back.weights, atol=1e-5)


def test_one_product_that_has_both_teaches_nothing():
    one = np.eye(3, dtype=np.float32)[:1]
    with pytest.raises(NotEnoughDataError, match="two are needed"):
        fit_first_day(one, one, FirstDayRule(1.0, 1.0))
