"""Training on one screen: metric, prototypes, superclasses, coarse head, and how much the hierarchy counts.

Whatever is chosen (the metric, the coarse weight, the temperature, later the thresholds) is chosen on out-of-fold
rankings of the training part: every photo is ranked by heads that never saw its scene. The holdout is not touched here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from recognition.errors import NotEnoughDataError
from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.folds import group_folds, held_out
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scenes import PHOTOS_PER_SCENE, photo_scenes
from recognition.heads.scoring import Candidates, Heads, find_candidates, rank, scan_prototypes
from recognition.heads.superclasses import find_superclasses, superclass_count
from recognition.heads.two_covariance import fit_two_covariance
from recognition.heads.whitening import Whitening, fit_whitening, plain_cosine
from recognition.vocabulary import Tier

METHOD = 2
"""Raise it whenever training would make other heads of the same photos: releases are known by what made them."""

METRICS: Mapping[str, Callable[[Samples], Whitening]] = {"plain": plain_cosine, "whitened": fit_whitening}


@dataclass(frozen=True)
class TrainingPolicy:
    """What training may choose from.

    Attributes:
        folds: cross-validation folds for choosing.
        coarse_weights: weights of the coarse head to try; 0 is the flat baseline.
        superclasses: number of superclasses, or None for the rule of `superclass_count`.
        photos_per_scene: how many photos of a class are held out together, see `recognition.heads.scenes`.
        seed: for UMAP, shuffling and folds.
    """

    folds: int = 5
    coarse_weights: tuple[float, ...] = (0.0, 0.01, 0.03, 0.1)
    superclasses: int | None = None
    photos_per_scene: int = PHOTOS_PER_SCENE
    seed: int = 0


@dataclass(frozen=True)
class OutOfFold:
    """Candidates of training photos by heads that never saw their scene, or never saw their class.

    Attributes:
        candidates: of n photos.
        targets: [n] int64 true class rows.
        scenes: [n] int64 scene of each photo: photos of one scene are not independent evidence.
    """

    candidates: Candidates
    targets: Rows
    scenes: Rows


@dataclass(frozen=True)
class Choice:
    """One combination that validation may choose; the simplest sorts first."""

    coarse_weight: float
    metric: str

    @property
    def method(self) -> str:
        """The name under which reports show it."""
        level = "flat" if self.coarse_weight == 0 else "superclasses, soft routing"
        return f"{self.metric} prototypes, {level}"


_UNTRIED = Choice(0.0, "plain")


@dataclass(frozen=True)
class TrainedHeads:
    """The heads, why they are as they are, and the out-of-fold evidence on which thresholds are calibrated.

    Attributes:
        chosen: the combination that validation chose.
        out_of_fold: every photo by heads that never saw its scene: what known products look like.
        class_held_out: every photo by heads that never saw its class: what unseen products look like.
        tried: out-of-fold top-1 accuracy of every combination.
    """

    heads: Heads
    chosen: Choice
    out_of_fold: OutOfFold
    class_held_out: OutOfFold
    tried: Mapping[Choice, float]


def train_heads(samples: Samples, tiers: Mapping[str, Tier], policy: TrainingPolicy | None = None) -> TrainedHeads:
    """Heads for every class of `samples`, each of which must have a tier.

    Where no class has two different photos, nothing can be held out and nothing is chosen: plain prototypes, without
    evidence. They are enough to ask people good questions, which is how such a catalogue gets its second photos.

    Raises:
        NotEnoughDataError: fewer than two classes.
    """
    policy = policy or TrainingPolicy()
    if len(samples.classes) < 2:
        raise NotEnoughDataError(
            f"{len(samples.classes)} class(es) with usable labelled photos: a recogniser needs at least two. "
            "Add a source with labelled or catalogue photos, then run the night again."
        )
    superclass_of = _superclasses(samples, policy)
    scenes = photo_scenes(samples, policy.photos_per_scene)
    fold_of = group_folds(samples.targets, scenes, policy.folds, policy.seed)
    evidence = {
        metric: _rank_out_of_fold(samples, fit, superclass_of, fold_of, scenes, policy)
        for metric, fit in METRICS.items()
    }
    tried = {
        Choice(weight, metric): _accuracy(found, weight)
        for metric, found in evidence.items()
        for weight in policy.coarse_weights
        if len(found.targets)
    }
    # A tie goes to the simpler heads, and between metrics to the whitened one.
    chosen = max(tried, key=lambda choice: (tried[choice], -choice.coarse_weight, choice.metric), default=_UNTRIED)
    out_of_fold = evidence[chosen.metric]
    heads = _fit(samples, METRICS[chosen.metric], superclass_of, tiers, policy).with_choice(
        chosen.coarse_weight, _best_scale(out_of_fold, chosen.coarse_weight)
    )
    unseen = _rank_held_out_classes(samples, METRICS[chosen.metric], superclass_of, scenes, policy)
    return TrainedHeads(heads, chosen, out_of_fold, unseen, tried)


def _superclasses(samples: Samples, policy: TrainingPolicy) -> Rows:
    """[c] superclass of each class, found in the whitened space, where look-alikes are neighbours."""
    whitened = fit_whitening(samples).apply(samples.vectors)
    prototypes = class_prototypes(whitened, samples.targets, len(samples.classes))
    return find_superclasses(prototypes, policy.superclasses or superclass_count(len(samples.classes)), policy.seed)


def _fit(
    samples: Samples,
    metric: Callable[[Samples], Whitening],
    superclass_of: Rows,
    tiers: Mapping[str, Tier],
    policy: TrainingPolicy,
) -> Heads:
    whitening = metric(samples)
    whitened = whitening.apply(samples.vectors)
    return Heads(
        classes=samples.classes,
        tiers=tuple(tiers[sku] for sku in samples.classes),
        whitening=whitening,
        prototypes=class_prototypes(whitened, samples.targets, len(samples.classes)),
        superclass_of=superclass_of,
        coarse=fit_coarse_head(
            whitened, superclass_of[samples.targets], samples.groups, int(superclass_of.max()) + 1, policy.seed
        ),
        likelihood=fit_two_covariance(whitened, samples.targets, len(samples.classes)),
    )


def _rank_out_of_fold(
    samples: Samples,
    metric: Callable[[Samples], Whitening],
    superclass_of: Rows,
    fold_of: Rows,
    scenes: Rows,
    policy: TrainingPolicy,
) -> OutOfFold:
    """Each fold's photos ranked by heads of the other folds.

    The superclasses stay those of all photos: a UMAP for each fold would cost minutes, and what leaks is only which
    classes look alike, not which photo belongs to which class.
    """
    tiers = dict.fromkeys(samples.classes, Tier.GALLERY)  # ranking does not look at tiers
    found: list[Candidates] = []
    rows: list[Rows] = [np.zeros(0, dtype=np.int64)]
    for fold in np.unique(fold_of[fold_of >= 0]).tolist():
        out = held_out(fold_of, fold)
        heads = _fit(samples.take(~out), metric, superclass_of, tiers, policy)
        found.append(_rank_with(heads, samples.vectors[out]))
        rows.append(np.flatnonzero(out))
    ranked = np.concatenate(rows)
    return OutOfFold(Candidates.join(found, len(samples.classes)), samples.targets[ranked], scenes[ranked])


def _rank_held_out_classes(
    samples: Samples,
    metric: Callable[[Samples], Whitening],
    superclass_of: Rows,
    scenes: Rows,
    policy: TrainingPolicy,
) -> OutOfFold:
    """Each fold's classes ranked by heads that were never taught them: metric, likelihoods and coarse head included.

    To leave a class out of the ranking alone is not enough: a metric that was learned with it makes it look stranger
    than any new product is (benchmarks.unseen).
    """
    random, class_count = np.random.default_rng(policy.seed), len(samples.classes)
    fold_of_class = random.permutation(np.arange(class_count) % min(policy.folds, class_count))
    found: list[Candidates] = []
    rows: list[Rows] = [np.zeros(0, dtype=np.int64)]
    for fold in np.unique(fold_of_class).tolist():
        taught = np.flatnonzero(fold_of_class != fold)
        out = fold_of_class[samples.targets] == fold
        fewer = samples.of_classes(taught)
        heads = _fit(fewer, metric, superclass_of[taught], dict.fromkeys(fewer.classes, Tier.GALLERY), policy)
        found.append(_rank_with(heads, samples.vectors[out]).with_rows_of(taught))
        rows.append(np.flatnonzero(out))
    ranked = np.concatenate(rows)
    return OutOfFold(Candidates.join(found, class_count), samples.targets[ranked], scenes[ranked])


def _rank_with(heads: Heads, vectors: Vectors) -> Candidates:
    nearest = scan_prototypes(heads.prototypes)
    whitened = heads.whitening.apply(vectors)
    return find_candidates(whitened, nearest, heads.coarse, heads.likelihood, heads.superclass_of)


def _accuracy(out_of_fold: OutOfFold, coarse_weight: float) -> float:
    ranking = rank(out_of_fold.candidates, coarse_weight, scale=1.0)
    return float((ranking.rows[:, 0] == out_of_fold.targets).mean())


def _best_scale(out_of_fold: OutOfFold, coarse_weight: float) -> float:
    """The inverse temperature with the least negative log-likelihood of the true class among the candidates."""
    from scipy.optimize import minimize_scalar

    among = (out_of_fold.candidates.rows == out_of_fold.targets[:, None]).any(axis=1)  # the rest has no likelihood
    if not among.any():
        return 1.0

    def loss(log_scale: float) -> float:
        ranking = rank(out_of_fold.candidates, coarse_weight, float(np.exp(log_scale)))
        true = ranking.rows == out_of_fold.targets[:, None]
        return float(-np.log(np.maximum(ranking.probability[true], 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(0.0, 6.0), method="bounded").x))
