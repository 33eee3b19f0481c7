"""Training on one screen: metric, prototypes, superclasses, coarse head, and how much the hierarchy counts.

Whatever is chosen (the coarse weight, the temperature, later the thresholds) is chosen on out-of-fold rankings of the
training part: every photo is ranked by heads that never saw its scene. The holdout is not touched here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from recognition.errors import NotEnoughDataError
from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.folds import group_folds, held_out
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples
from recognition.heads.scenes import photo_scenes
from recognition.heads.scoring import Candidates, Heads, find_candidates, rank, scan_prototypes
from recognition.heads.superclasses import find_superclasses, superclass_count
from recognition.heads.whitening import fit_whitening
from recognition.vocabulary import Tier


@dataclass(frozen=True)
class TrainingPolicy:
    """What training may choose from.

    Attributes:
        folds: cross-validation folds for choosing.
        coarse_weights: weights of the coarse head to try; 0, the flat baseline, must be among them.
        superclasses: number of superclasses, or None for the rule of `superclass_count`.
        seed: for UMAP, shuffling and folds.
    """

    folds: int = 5
    coarse_weights: tuple[float, ...] = (0.0, 0.01, 0.03, 0.1)
    superclasses: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class OutOfFold:
    """Candidates of each training photo by heads that never saw it.

    Attributes:
        candidates: of n photos.
        targets: [n] int64 true class rows.
    """

    candidates: Candidates
    targets: Rows


@dataclass(frozen=True)
class TrainedHeads:
    """The heads, and the out-of-fold evidence on which their thresholds are calibrated.

    Attributes:
        accuracy_by_weight: out-of-fold top-1 accuracy of each coarse weight that was tried.
    """

    heads: Heads
    out_of_fold: OutOfFold
    accuracy_by_weight: Mapping[float, float] = field(default_factory=dict)


def train_heads(samples: Samples, tiers: Mapping[str, Tier], policy: TrainingPolicy | None = None) -> TrainedHeads:
    """Heads for every class of `samples`, each of which must have a tier.

    Raises:
        NotEnoughDataError: fewer than two classes, or no class with two distinct photos.
    """
    policy = policy or TrainingPolicy()
    _require_something_to_tell_apart(samples)
    whitening = fit_whitening(samples)
    whitened = whitening.apply(samples.vectors)
    prototypes = class_prototypes(whitened, samples.targets, len(samples.classes))
    count = policy.superclasses or superclass_count(len(samples.classes))
    superclass_of = find_superclasses(prototypes, count, policy.seed)
    coarse = fit_coarse_head(
        whitened, superclass_of[samples.targets], samples.groups, int(superclass_of.max()) + 1, policy.seed
    )
    out_of_fold = _rank_out_of_fold(samples, superclass_of, policy)
    accuracy = {weight: _accuracy(out_of_fold, weight) for weight in sorted(policy.coarse_weights)}
    coarse_weight = max(accuracy, key=lambda weight: (accuracy[weight], -weight))  # a tie goes to the simpler heads
    heads = Heads(
        classes=samples.classes,
        tiers=tuple(tiers[sku] for sku in samples.classes),
        whitening=whitening,
        prototypes=prototypes,
        superclass_of=superclass_of,
        coarse=coarse,
        coarse_weight=coarse_weight,
        scale=_best_scale(out_of_fold, coarse_weight),
    )
    return TrainedHeads(heads, out_of_fold, accuracy)


def _require_something_to_tell_apart(samples: Samples) -> None:
    if len(samples.classes) < 2:
        raise NotEnoughDataError(
            f"{len(samples.classes)} class(es) with usable labelled photos: a recogniser needs at least two. "
            "Add a source with labelled or catalogue photos, then run the night again."
        )
    if samples.counts().max(initial=0) < 2:
        raise NotEnoughDataError(
            "no class has two photos: nothing tells how photos of one product differ. Label a few more photos."
        )


def _rank_out_of_fold(samples: Samples, superclass_of: Rows, policy: TrainingPolicy) -> OutOfFold:
    """Each fold's photos ranked by a metric, prototypes and a coarse head of the other folds.

    The superclasses stay those of all photos: a second UMAP for each fold would cost minutes, and what leaks is only
    which classes look alike, not which photo belongs to which class.
    """
    fold_of = group_folds(samples.targets, photo_scenes(samples), policy.folds, policy.seed)
    parts: list[tuple[Candidates, Rows]] = []
    for fold in range(policy.folds):
        out = held_out(fold_of, fold)
        if not out.any():
            continue
        taught = samples.take(~out)
        whitening = fit_whitening(taught)
        whitened = whitening.apply(taught.vectors)
        prototypes = class_prototypes(whitened, taught.targets, len(taught.classes))
        superclasses = superclass_of[taught.targets]
        coarse = fit_coarse_head(whitened, superclasses, taught.groups, int(superclass_of.max()) + 1, policy.seed)
        unseen_by_heads = whitening.apply(samples.vectors[out])
        candidates = find_candidates(unseen_by_heads, scan_prototypes(prototypes), coarse, superclass_of)
        parts.append((candidates, samples.targets[out]))
    return OutOfFold(
        candidates=Candidates(
            rows=np.concatenate([candidates.rows for candidates, _ in parts]),
            cosine=np.concatenate([candidates.cosine for candidates, _ in parts]),
            coarse=np.concatenate([candidates.coarse for candidates, _ in parts]),
        ),
        targets=np.concatenate([targets for _, targets in parts]),
    )


def _accuracy(out_of_fold: OutOfFold, coarse_weight: float) -> float:
    ranking = rank(out_of_fold.candidates, coarse_weight, scale=1.0)
    return float((ranking.rows[:, 0] == out_of_fold.targets).mean())


def _best_scale(out_of_fold: OutOfFold, coarse_weight: float) -> float:
    """The inverse temperature with the least negative log-likelihood of the true class among the candidates."""
    from scipy.optimize import minimize_scalar

    ranked = rank(out_of_fold.candidates, coarse_weight, scale=1.0)
    among = (ranked.rows == out_of_fold.targets[:, None]).any(
        axis=1
    )  # a class outside the candidates has no likelihood

    def loss(log_scale: float) -> float:
        ranking = rank(out_of_fold.candidates, coarse_weight, float(np.exp(log_scale)))
        true = ranking.rows == out_of_fold.targets[:, None]
        return float(-np.log(np.maximum(ranking.probability[among][true[among]], 1e-12)).mean())

    if not among.any():
        return 1.0
    return float(np.exp(minimize_scalar(loss, bounds=(0.0, 6.0), method="bounded").x))
