"""Every method of the cart-parts tables: taught with the same photos, asked about the same ones."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recognition.heads.baselines import nearest_neighbours, nearest_prototype
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.fine_head import fit_fine_head
from recognition.heads.metric import MetricKind, worth_reducing
from recognition.heads.published_recipe import fit_published_recipe
from recognition.heads.samples import Rows, Samples
from recognition.heads.scoring import scan_prototypes
from recognition.heads.whitening import fit_whitening

Method = Callable[[Samples, Samples], Rows]
"""Taught and asked samples -> [n] predicted class rows."""

COLOUR = 0.4
RECIPE, NEAREST, FIVE, WHITENED, LINEAR = (
    "published recipe",
    "nearest prototype",
    "5-NN",
    "whitened prototypes",
    "linear on whitened",
)
DISCRIMINANT, COLOURED, REFINED = (
    "discriminant prototypes",
    "the same, with colour",
    "refined prototypes, with colour",
)


def _recipe(taught: Samples, asked: Samples) -> Rows:
    return fit_published_recipe(taught).predict(asked.vectors)


def _linear(taught: Samples, asked: Samples) -> Rows:
    whitening = fit_whitening(taught)
    head = fit_coarse_head(whitening.apply(taught.vectors), taught.targets, taught.groups, len(taught.classes))
    return np.asarray(head.log_probabilities(whitening.apply(asked.vectors)).argmax(axis=1), dtype=np.int64)


def _fine(choice: Choice) -> Method:
    def predict(taught: Samples, asked: Samples) -> Rows:
        metric = choice.metric
        if metric is MetricKind.DISCRIMINANT and not worth_reducing(taught):
            metric = MetricKind.WHITENED
        fine = fit_fine_head(taught, replace(choice, metric=metric))
        rows, _ = scan_prototypes(fine.prototypes)(fine.metric.apply(asked.vectors), 1)
        return rows[:, 0]

    return predict


FLAT: dict[str, Method] = {
    NEAREST: lambda taught, asked: nearest_prototype(taught, asked.vectors),
    FIVE: lambda taught, asked: nearest_neighbours(taught, asked.vectors, k=5),
    RECIPE: _recipe,
    WHITENED: _fine(Choice(MetricKind.WHITENED)),
    LINEAR: _linear,
}
"""The reference and the flat baselines, on one block of columns."""

STEPS: dict[str, Method] = {
    DISCRIMINANT: _fine(Choice(MetricKind.DISCRIMINANT)),
    COLOURED: _fine(Choice(MetricKind.DISCRIMINANT, colour_weight=COLOUR)),
    REFINED: _fine(Choice(MetricKind.DISCRIMINANT, colour_weight=COLOUR, fine=FineMethod.REFINED)),
}
"""What is added step by step, on vectors with a block of colour."""
