"""Ways to know a product on its first day; each gives top-1 of the new products and of the others.

A product that has clean photos alone competes with others whose prototypes lie where camera photos lie. Views (ADR 10)
move its photos there. Another way is to predict its prototype (`recognition.heads.first_day`); the penalty is chosen in
a rehearsal among the others' teaching photos, a hundred of which play the new ones.
"""

from functools import cache

import numpy as np

from benchmarks.first_day_photos import NEW, Day, rows_of
from benchmarks.parts_vectors import layout
from recognition.encoders.protocol import Vectors
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.fine_head import FineHead, fit_fine_head
from recognition.heads.first_day import FirstDayRule, fit_first_day
from recognition.heads.metric import Metric, MetricKind, worth_reducing
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples
from recognition.heads.scoring import find_candidates, rank, scan_prototypes
from recognition.heads.training import train_heads
from recognition.vocabulary import Tier

Figures = dict[str, float | str]

_COLOUR = 0.3  # what validation chose at 1,000 classes
_PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)


def nearest_clean_photo(day: Day, count: int) -> Figures:
    """Every photo is named by the nearest of all clean photos of all products: no camera photo teaches."""
    width = layout(day.spec)[0].width
    nearest = scan_prototypes(day.clean(count)[:, :width])
    new, others = (nearest(asked[:, :width], 1)[0][:, 0] // count for asked in (day.asked_of_new, day.asked_of_others))
    return day.accuracy(new, others)


def clean_prototypes(day: Day, count: int) -> Figures:
    """The same by the mean of each product's clean photos, in the metric that camera photos of the others taught."""
    head = _head_of_others(day, FineMethod.MEANS)
    return _named(day, head.metric, _clean_means(day, head.metric, count))


def taught(day: Day, count: int, fine: FineMethod, *, views: bool) -> Figures:
    """Clean photos, with their views or without, teach beside the camera photos of the others."""
    head = _fit(day.taught(count, views=views), fine)
    return _named(day, head.metric, head.prototypes)


def predicted(day: Day, count: int, fine: FineMethod) -> Figures:
    """The prototypes of the new are predicted from their clean photos; the others keep those of their camera photos."""
    penalty = _best_penalty(day.rehearsal, count, fine)
    return _predicted(day, count, fine, penalty) | {"penalty": penalty}


def as_trained(day: Day, count: int) -> Figures:
    """As a cycle trains it: clean photos of all products teach, and training chooses how the new ones are known."""
    samples = day.known(count)
    heads = train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY)).heads

    def rows(asked: Vectors) -> Rows:
        return rank(find_candidates(heads, asked), heads.coarse_weight, heads.scale).rows[:, 0]

    return day.accuracy(rows(day.asked_of_new), rows(day.asked_of_others))


@cache
def _head_of_others(day: Day, fine: FineMethod) -> FineHead:
    return _fit(day.camera_alone(), fine)


def _fit(samples: Samples, fine: FineMethod) -> FineHead:
    kind = MetricKind.DISCRIMINANT if worth_reducing(samples) else MetricKind.WHITENED
    colour = _COLOUR if len(samples.layout) > 1 else 0.0
    return fit_fine_head(samples, Choice(kind, colour_weight=colour, fine=fine))


def _best_penalty(day: Day, count: int, fine: FineMethod) -> float:
    """The one with which most photos are right where every class is asked about equally often."""

    def right(penalty: float) -> float:
        found = _predicted(day, count, fine, penalty)
        return NEW * float(found["new"]) + day.others * float(found["others"])

    return max(_PENALTIES, key=right)


def _predicted(day: Day, count: int, fine: FineMethod, penalty: float) -> Figures:
    head = _head_of_others(day, fine)
    clean = _clean_means(day, head.metric, count)
    found = fit_first_day(clean[: day.others], head.prototypes, FirstDayRule(penalty, length=1.0))
    new = found.prototypes(clean[day.others :])
    return _named(day, head.metric, np.concatenate([head.prototypes, new]))


def _clean_means(day: Day, metric: Metric, count: int) -> Vectors:
    """[c, k] prototypes of clean photos alone."""
    return class_prototypes(metric.apply(day.clean(count)), rows_of(len(day.parts), count), len(day.parts))


def _named(day: Day, metric: Metric, prototypes: Vectors) -> Figures:
    nearest = scan_prototypes(prototypes)

    def rows(asked: Vectors) -> Rows:
        return nearest(metric.apply(asked), 1)[0][:, 0]

    return day.accuracy(rows(day.asked_of_new), rows(day.asked_of_others))
