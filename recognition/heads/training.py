"""Training on one screen: metric, fine head, superclasses, coarse head, and what of all that earns its place.

Everything is chosen on out-of-fold rankings of the training part: every photo is ranked by heads that never saw its
scene. The choice goes step by step, the simplest first: the metric and the weight of colour, then class means, a linear
head or a refinement, then how products are known that have catalogue photos alone, then the superclasses and how much
they count. What is not better is not taken. The holdout is not touched.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from recognition.errors import NotEnoughDataError
from recognition.heads.at_once import at_once, beside
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.fine_head import FineHead, fit_fine_head, fit_likelihood, with_first_days
from recognition.heads.first_day import FirstDayRule
from recognition.heads.folds import ClassFold, Fold, class_folds, scene_folds
from recognition.heads.linear_head import affordable
from recognition.heads.metric import Metric, MetricKind, fit_metrics, worth_reducing
from recognition.heads.prototypes import class_prototypes
from recognition.heads.rehearsal import Rehearsal, rehearse
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scenes import PHOTOS_PER_SCENE, photo_scenes
from recognition.heads.scoring import (
    Candidates,
    Heads,
    find_candidates,
    find_candidates_of_each,
    rank,
    scan_prototypes,
)
from recognition.heads.superclass_ids import join_nearest, keep_superclasses
from recognition.heads.superclasses import find_superclasses, superclass_count
from recognition.heads.weighing import hits_by_weights
from recognition.heads.whitening import class_means
from recognition.vocabulary import SuperclassMethod, Tier

METHOD = 11
"""Raise it whenever training would make other heads of the same photos: releases are known by what made them."""

KEPT = "kept"
"""The partition of the release before, beside the methods of SuperclassMethod."""


@dataclass(frozen=True)
class TrainingPolicy:
    """What training may choose from.

    Attributes:
        folds: cross-validation folds for choosing.
        most_evidence: photos that are ranked out of fold; further folds would only cost time.
        colour_weights: weights of the colour block to try, where the vectors have one.
        learn: whether a linear head and a refinement may be tried beside class means.
        least_learned_gain: accuracy by which they must beat class means.
        coarse_weights: weights of the coarse head to try; 0 is the flat baseline.
        superclasses: number of superclasses, or None for the rule of `superclass_count`.
        superclass_methods: how they may be found.
        least_churn_gain: accuracy by which other superclasses must beat those of the release before.
        photos_per_scene: how many photos of a class are held out together, see `recognition.heads.scenes`.
        seed: for UMAP, shuffling and folds.
    """

    folds: int = 5
    most_evidence: int = 10_000
    colour_weights: tuple[float, ...] = (0.0, 0.2, 0.3, 0.4)
    learn: bool = True
    least_learned_gain: float = 0.01
    coarse_weights: tuple[float, ...] = (0.0, 0.01, 0.03, 0.1)
    superclasses: int | None = None
    superclass_methods: tuple[SuperclassMethod, ...] = tuple(SuperclassMethod)
    least_churn_gain: float = 0.002
    photos_per_scene: int = PHOTOS_PER_SCENE
    seed: int = 0


@dataclass(frozen=True)
class OutOfFold:
    """Candidates of training photos by heads that never saw their scene, or never saw their class.

    Attributes:
        candidates: of n photos.
        targets: [n] int64 true class rows.
        scenes: [n] int64 scene of each photo: photos of one scene are not independent evidence.
        rows: [n] int64 row of each photo among the samples; None where nobody needs to know.
    """

    candidates: Candidates
    targets: Rows
    scenes: Rows
    rows: Rows | None = None


@dataclass(frozen=True)
class TrainedHeads:
    """The heads, why they are as they are, and the evidence on which thresholds are calibrated.

    Attributes:
        chosen: the combination that validation chose.
        out_of_fold: photos by heads that never saw their scene: what known products look like.
        class_held_out: photos by heads that never saw their class: what unseen products look like.
        class_kept: photos of the other classes by those same heads, which never saw their scene: what known products
            look like where unseen ones look like that.
        tried: out-of-fold top-1 accuracy of every combination.
        rehearsal: of the first days of products.
    """

    heads: Heads
    chosen: Choice
    out_of_fold: OutOfFold
    class_held_out: OutOfFold
    class_kept: OutOfFold
    tried: Mapping[Choice, float]
    rehearsal: Rehearsal


def train_heads(
    samples: Samples,
    tiers: Mapping[str, Tier],
    policy: TrainingPolicy | None = None,
    superclasses_before: Mapping[str, int] | None = None,
) -> TrainedHeads:
    """Heads for every class of `samples`, each of which must have a tier.

    Where no class has two different photos, nothing can be held out and nothing is chosen: plain prototypes, without
    evidence. They are enough to ask people good questions, which is how such a catalogue gets its second photos.

    Args:
        samples: the training part.
        tiers: tier of each SKU.
        policy: what may be tried.
        superclasses_before: SKU -> superclass id of the release before; they are kept unless others are better.

    Raises:
        NotEnoughDataError: fewer than two classes.
    """
    policy = policy or TrainingPolicy()
    if len(samples.classes) < 2:
        raise NotEnoughDataError(
            f"{len(samples.classes)} class(es) with usable labelled photos: a recogniser needs at least two. "
            "Add a source with labelled or catalogue photos, then run the night again."
        )
    scenes = photo_scenes(samples, policy.photos_per_scene)
    folds = scene_folds(samples, scenes, policy.folds, policy.most_evidence, policy.seed)
    tried: dict[Choice, float] = {}
    choice, metric_of_folds, metric = _choose_metric(samples, folds, policy, tried)
    partitions, fitted = beside(
        partial(_partitions, samples, metric, policy, superclasses_before or {}),
        _fine_fits(samples, folds, metric_of_folds, choice, policy),
    )
    choice, fits_of_folds = _choose_fine(samples, folds, fitted, choice, policy, tried)
    of_classes = class_folds(samples, scenes, policy.folds, policy.most_evidence, policy.seed)
    fits = _final_fits(samples, metric, fits_of_folds, of_classes, choice, policy.seed)
    rehearsal = rehearse(samples, of_classes, [fit.fine for fit in fits.of_classes], policy.seed)
    if rehearsal.rule is not None:
        fits = fits.predicting(rehearsal.rule)
        partitions = {name: _with_new(rows, fits.whole) for name, rows in partitions.items()}
    evidence = _rank_out_of_fold(samples, folds, fits.of_folds, partitions, scenes, policy.seed)
    choice = _choose_superclasses(choice, evidence, policy, tried)
    superclass_of, out_of_fold = partitions[choice.superclasses], evidence[choice.superclasses]
    heads, (unseen, kept) = _final_heads(samples, fits, of_classes, superclass_of, scenes, policy.seed)
    heads = replace(
        heads,
        tiers=tuple(tiers[sku] for sku in samples.classes),
        coarse_weight=choice.coarse_weight,
        scale=_best_scale(out_of_fold, choice.coarse_weight),
    )
    return TrainedHeads(heads, choice, out_of_fold, unseen, kept, tried, rehearsal)


@dataclass(frozen=True)
class _Fit:
    """A fine head and what it was taught."""

    taught: Samples
    fine: FineHead

    def predicting(self, rule: FirstDayRule) -> "_Fit":
        return replace(self, fine=with_first_days(self.fine, self.taught, rule))


@dataclass(frozen=True)
class _Fits:
    """What was chosen: taught with everything, without some scenes, and without some classes and scenes."""

    whole: _Fit
    of_folds: Sequence[_Fit]
    of_classes: Sequence[_Fit]

    def predicting(self, rule: FirstDayRule) -> "_Fits":
        """The same, with predicted prototypes of products that have catalogue photos alone."""
        of_folds, of_classes = ([fit.predicting(rule) for fit in fits] for fits in (self.of_folds, self.of_classes))
        return _Fits(self.whole.predicting(rule), of_folds, of_classes)


def _choose_metric(
    samples: Samples, folds: Sequence[Fold], policy: TrainingPolicy, tried: dict[Choice, float]
) -> tuple[Choice, list[Metric], Metric]:
    """The kind of metric and the weight of colour with which plain class means do best; it in each fold, and of all."""
    kinds = [kind for kind in MetricKind if kind is not MetricKind.DISCRIMINANT or worth_reducing(samples)]
    weights = policy.colour_weights if len(samples.layout) > 1 else (0.0,)
    choices = [Choice(kind, colour_weight=weight) for kind in kinds for weight in weights]
    whole, of_folds = beside(
        partial(fit_metrics, samples, kinds), [partial(_try_metrics, samples, fold, choices) for fold in folds]
    )
    if folds:
        tried |= {choice: sum(hits[choice] for _, hits in of_folds) / _asked(folds) for choice in choices}
    best = _best(tried, Choice(MetricKind.PLAIN))
    block_weights = best.block_weights(samples.layout)
    weighed = [metrics[best.metric].weighing(block_weights) for metrics, _ in of_folds]
    return best, weighed, whole[best.metric].weighing(block_weights)


def _try_metrics(
    samples: Samples, fold: Fold, choices: Sequence[Choice]
) -> tuple[dict[MetricKind, Metric], dict[Choice, int]]:
    """The metric of each kind that a fold is taught, and how many of its photos each choice names right."""
    taught, held_out = samples.take(fold.taught), samples.take(fold.held_out)
    metrics = fit_metrics(taught, {choice.metric for choice in choices})
    hits: dict[Choice, int] = {}
    for kind, metric in metrics.items():
        blocks, asked = metric.whiten_blocks(taught.vectors), metric.whiten_blocks(held_out.vectors)
        means = [class_means(block, taught.targets, len(taught.classes)) for block in blocks]
        of_kind = {choice.block_weights(samples.layout): choice for choice in choices if choice.metric is kind}
        found = hits_by_weights(asked, means, held_out.targets, list(of_kind))
        hits |= {of_kind[weights]: count for weights, count in found.items()}
    return metrics, hits


def _fine_fits(
    samples: Samples, folds: Sequence[Fold], metrics: Sequence[Metric], choice: Choice, policy: TrainingPolicy
) -> list[Callable[[], tuple[Choice, _Fit]]]:
    """The fits of class means and of all that is learned, in every fold; what takes longest comes first."""
    taught = [samples.take(fold.taught) for fold in folds]

    def fit(option: Choice, photos: Samples, metric: Metric) -> tuple[Choice, _Fit]:
        return option, _Fit(photos, fit_fine_head(photos, option, policy.seed, metric))

    return [
        partial(fit, replace(choice, fine=fine), photos, metric)
        for fine in reversed(_fine_methods(samples, policy))
        for photos, metric in zip(taught, metrics, strict=True)
    ]


def _fine_methods(samples: Samples, policy: TrainingPolicy) -> list[FineMethod]:
    """Class means, and what is learned where so many photos of so many classes can be learned in reasonable time."""
    learned = policy.learn and affordable(len(samples), len(samples.classes))
    return list(FineMethod) if learned else [FineMethod.MEANS]


def _choose_fine(
    samples: Samples,
    folds: Sequence[Fold],
    fitted: Sequence[tuple[Choice, _Fit]],
    choice: Choice,
    policy: TrainingPolicy,
    tried: dict[Choice, float],
) -> tuple[Choice, list[_Fit]]:
    """The same choice with class means, a linear head or a refinement, and its fits of the folds.

    What is learned must beat class means by more than a breath: so little may be luck, and what was chosen by luck
    costs more than it promised.
    """
    fits: dict[Choice, list[_Fit]] = {}
    for option, fit in fitted:
        fits.setdefault(option, []).append(fit)
    found = {option: _fine_accuracy(samples, folds, of_folds) for option, of_folds in fits.items()}
    tried |= found
    best = _best(found, choice)
    if found and found[best] < found[choice] + policy.least_learned_gain:
        best = choice
    return best, fits.get(best, [])


def _final_fits(
    samples: Samples,
    metric: Metric,
    of_folds: Sequence[_Fit],
    of_classes: Sequence[ClassFold],
    choice: Choice,
    seed: int,
) -> _Fits:
    def fit_fewer(fold: ClassFold) -> _Fit:
        fewer = fold.lesson(samples)
        return _Fit(fewer, fit_fine_head(fewer, choice, seed))

    whole, fewer = beside(
        partial(fit_fine_head, samples, choice, seed, metric), [partial(fit_fewer, fold) for fold in of_classes]
    )
    return _Fits(_Fit(samples, whole), of_folds, fewer)


def _with_new(superclass_of: Rows, whole: _Fit) -> Rows:
    """The same superclasses, with products that no camera has seen where they are predicted to be."""
    return join_nearest(superclass_of, whole.fine.prototypes, whole.taught.on_first_day())


def _final_heads(
    samples: Samples, fits: _Fits, of_classes: Sequence[ClassFold], superclass_of: Rows, scenes: Rows, seed: int
) -> tuple[Heads, tuple[OutOfFold, OutOfFold]]:
    """The heads, and what heads say of classes that they were never taught."""
    whole, ranked = beside(
        partial(_all_heads, fits.whole, superclass_of, seed),
        [
            partial(_rank_held_out_classes, samples, fold, fit, superclass_of, seed)
            for fold, fit in zip(of_classes, fits.of_classes, strict=True)
        ],
    )
    unseen = _joined(samples, scenes, [found for found, _ in ranked], [fold.unseen for fold in of_classes])
    known = _joined(samples, scenes, [found for _, found in ranked], [fold.known for fold in of_classes])
    return whole, (unseen, known)


def _fine_accuracy(samples: Samples, folds: Sequence[Fold], fits: Sequence[_Fit]) -> float:
    hits = 0
    for fold, fit in zip(folds, fits, strict=True):
        held_out = samples.take(fold.held_out)
        hits += _hits(fit.fine.prototypes, fit.fine.metric.apply(held_out.vectors), held_out)
    return hits / _asked(folds)


def _asked(folds: Sequence[Fold]) -> int:
    return sum(len(fold.held_out) for fold in folds)


def _partitions(samples: Samples, metric: Metric, policy: TrainingPolicy, before: Mapping[str, int]) -> dict[str, Rows]:
    """[c] superclass row of each class, for each way to find them, in the metric that was chosen."""
    prototypes = class_prototypes(metric.whiten(samples.vectors), samples.targets, len(samples.classes))
    count = policy.superclasses or superclass_count(len(samples.classes))
    kept = keep_superclasses(before, samples.classes, prototypes)
    found = {} if kept is None else {KEPT: kept}
    return found | {
        method.value: find_superclasses(prototypes, count, policy.seed, method) for method in policy.superclass_methods
    }


def _choose_superclasses(
    choice: Choice, evidence: Mapping[str, OutOfFold], policy: TrainingPolicy, tried: dict[Choice, float]
) -> Choice:
    """The superclasses and their weight; new ones must beat those of the release before by more than a breath."""
    options = {
        replace(choice, superclasses=name, coarse_weight=weight): _accuracy(found, weight)
        for name, found in evidence.items()
        for weight in policy.coarse_weights
        if len(found.targets)
    }
    tried |= options
    best = _best(options, replace(choice, superclasses=next(iter(evidence))))
    stable = {option: share for option, share in options.items() if option.superclasses == KEPT}
    if stable and max(stable.values()) > options[best] - policy.least_churn_gain:
        return _best(stable, best)
    return best


def _best(options: Mapping[Choice, float], untried: Choice) -> Choice:
    """The most accurate choice; a tie goes to the simpler one, and between metrics to the whitened one."""
    return max(options, key=lambda choice: (options[choice], choice.simplicity), default=untried)


def _hits(prototypes: Vectors, vectors: Vectors, asked: Samples) -> int:
    rows, _ = scan_prototypes(prototypes)(vectors, 1)
    return int((rows[:, 0] == asked.targets).sum())


def _all_heads(fit: _Fit, superclass_of: Rows, seed: int) -> Heads:
    return _heads_of_partitions(fit, {"": superclass_of}, seed)[""]


def _heads_of_partitions(fit: _Fit, partitions: Mapping[str, Rows], seed: int) -> dict[str, Heads]:
    """Heads for each partition; only their coarse heads differ."""
    samples, fine = fit.taught, fit.fine
    likelihood, compared = fit_likelihood(samples, fine.metric), fine.metric.apply(samples.vectors)
    heads: dict[str, Heads] = {}
    for name, superclass_of in partitions.items():
        wanted, count = superclass_of[samples.targets], int(superclass_of.max()) + 1
        heads[name] = Heads(
            classes=samples.classes,
            tiers=(Tier.GALLERY,) * len(samples.classes),  # ranking does not look at tiers
            metric=fine.metric,
            prototypes=fine.prototypes,
            superclass_of=superclass_of,
            coarse=fit_coarse_head(compared, wanted, samples.groups, count, seed),
            likelihood=likelihood,
            first_day=fine.first_day,
        )
    return heads


def _rank_out_of_fold(
    samples: Samples,
    folds: Sequence[Fold],
    fits: Sequence[_Fit],
    partitions: Mapping[str, Rows],
    scenes: Rows,
    seed: int,
) -> dict[str, OutOfFold]:
    """Each fold's photos ranked by heads of the other folds, for each partition.

    The superclasses stay those of all photos: a UMAP for each fold would cost minutes, and what leaks is only which
    classes look alike, not which photo belongs to which class.
    """

    def rank_fold(fold: Fold, fit: _Fit) -> dict[str, Candidates]:
        return find_candidates_of_each(_heads_of_partitions(fit, partitions, seed), samples.vectors[fold.held_out])

    found = at_once([partial(rank_fold, fold, fit) for fold, fit in zip(folds, fits, strict=True)])
    rows = [fold.held_out for fold in folds]
    return {name: _joined(samples, scenes, [of_fold[name] for of_fold in found], rows) for name in partitions}


def _rank_held_out_classes(
    samples: Samples, fold: ClassFold, fit: _Fit, superclass_of: Rows, seed: int
) -> tuple[Candidates, Candidates]:
    """Photos of unseen and of known classes, ranked by heads that were taught neither those classes nor those scenes.

    To leave a class out of the ranking alone is not enough: a metric that was learned with it makes it look stranger
    than any new product is (benchmarks.unseen). And both kinds must be ranked by the same heads: how near a photo comes
    to a prototype depends on how many classes and photos taught them.
    """
    heads = _all_heads(fit, superclass_of[fold.classes], seed)
    unseen, known = (find_candidates(heads, samples.vectors[asked]) for asked in (fold.unseen, fold.known))
    return unseen.with_rows_of(fold.classes), known.with_rows_of(fold.classes)


def _joined(samples: Samples, scenes: Rows, found: Sequence[Candidates], rows: Iterable[Rows]) -> OutOfFold:
    ranked = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    return OutOfFold(Candidates.join(found, len(samples.classes)), samples.targets[ranked], scenes[ranked], ranked)


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
