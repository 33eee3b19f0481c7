"""The fine head: a metric, one prototype for each class in it, and how likely a photo is one of them at all."""

from dataclasses import dataclass, replace

import numpy as np

from recognition.heads.choice import Choice, FineMethod
from recognition.heads.first_day import FirstDay, FirstDayRule, clean_means, fit_first_day
from recognition.heads.linear_head import fit_linear_head
from recognition.heads.metric import Metric, fit_metric
from recognition.heads.prototypes import class_prototypes
from recognition.heads.refinement import fit_refinement
from recognition.heads.samples import Samples, Vectors
from recognition.heads.two_covariance import TwoCovariance, fit_two_covariance


@dataclass(frozen=True)
class FineHead:
    """The fitted fine head.

    Attributes:
        metric: from an encoder's vectors to where photos are compared.
        prototypes: [c, k] float32 rows of length 1; shorter where predicted, all zeros for a class without photos.
        first_day: predicts prototypes from catalogue photos; None where nothing can be predicted.
    """

    metric: Metric
    prototypes: Vectors
    first_day: FirstDay | None = None


def fit_fine_head(samples: Samples, choice: Choice, seed: int = 0, metric: Metric | None = None) -> FineHead:
    """The fine head that was chosen; `metric` is that of the choice, where it was fitted to these samples before.

    Nothing is learned of products on their first day: what is learned to tell their clean photos apart draws camera
    photos to all others. Their prototypes are the means of their photos where photos are compared.
    """
    metric = metric or fit_chosen_metric(samples, choice)
    new = samples.on_first_day()
    if not new.any():
        return _fit_all(samples, choice, seed, metric)
    others = np.flatnonzero(~new)
    learned = _fit_all(samples.of_classes(others), choice, seed, metric)
    prototypes, _ = clean_means(samples, learned.metric)
    prototypes[others] = learned.prototypes
    return replace(learned, prototypes=prototypes)


def with_first_days(fine: FineHead, samples: Samples, rule: FirstDayRule) -> FineHead:
    """The same head with predicted prototypes for the products that are on their first day.

    Args:
        fine: fitted to the samples.
        samples: what it was fitted to.
        rule: how to predict.
    """
    means, has_clean = clean_means(samples, fine.metric)
    both, new = has_clean & (samples.camera_counts() > 0), samples.on_first_day()
    if both.sum() < 2:
        return fine
    first_day = fit_first_day(means[both], fine.prototypes[both], rule)
    prototypes = fine.prototypes.copy()
    prototypes[new] = first_day.prototypes(means[new])
    return replace(fine, prototypes=prototypes, first_day=first_day)


def _fit_all(samples: Samples, choice: Choice, seed: int, metric: Metric) -> FineHead:
    whitened, count = metric.whiten(samples.vectors), len(samples.classes)
    if choice.fine is FineMethod.LINEAR:
        return FineHead(metric, fit_linear_head(whitened, samples.targets, samples.groups, count, seed))
    prototypes = class_prototypes(whitened, samples.targets, count)
    if choice.fine is FineMethod.MEANS:
        return FineHead(metric, prototypes)
    refinement, learned = fit_refinement(whitened, samples.targets, prototypes, seed)
    return FineHead(replace(metric, refinement=refinement), learned)


def fit_chosen_metric(samples: Samples, choice: Choice) -> Metric:
    """The metric of a choice, with its weights and without a refinement."""
    return fit_metric(samples, choice.metric).weighing(choice.block_weights(samples.layout))


def fit_likelihood(samples: Samples, metric: Metric) -> TwoCovariance:
    """How likely a photo shows one of the classes at all, judged before any refinement."""
    whitened = metric.whiten(samples.vectors)
    return fit_two_covariance(whitened, samples.targets, len(samples.classes), samples.photos)
