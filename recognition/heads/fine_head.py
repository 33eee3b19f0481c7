"""The fine head: a metric, one prototype for each class in it, and how likely a photo is one of them at all."""

from dataclasses import dataclass, replace

from recognition.heads.choice import Choice
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
        likelihood: of the whitened photos, before any refinement.
    """

    metric: Metric
    prototypes: Vectors
    likelihood: TwoCovariance


def fit_fine_head(samples: Samples, choice: Choice, seed: int = 0) -> FineHead:
    """The fine head that was chosen."""
    metric = fit_metric(samples, choice.metric).weighing(choice.block_weights(samples.layout))
    whitened = metric.whiten(samples.vectors)
    prototypes = class_prototypes(whitened, samples.targets, len(samples.classes))
    likelihood = fit_two_covariance(whitened, samples.targets, len(samples.classes), samples.photos)
    if not choice.refined:
        return FineHead(metric, prototypes, likelihood)
    refinement, learned = fit_refinement(whitened, samples.targets, prototypes, seed)
    return FineHead(replace(metric, refinement=refinement), learned, likelihood)
