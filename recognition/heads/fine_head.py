"""The fine head: a metric, one prototype for each class in it, and how likely a photo is one of them at all."""

from dataclasses import dataclass, replace

from recognition.heads.choice import Choice, FineMethod
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
        prototypes: [c, k] float32 rows of length 1; all zeros for a class without photos.
    """

    metric: Metric
    prototypes: Vectors


def fit_fine_head(samples: Samples, choice: Choice, seed: int = 0, metric: Metric | None = None) -> FineHead:
    """The fine head that was chosen; `metric` is that of the choice, where it was fitted to these samples before."""
    metric = metric or fit_chosen_metric(samples, choice)
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
