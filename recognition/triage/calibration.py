"""Thresholds that keep a promise: what is called sure is right as often as was asked for.

Three questions, answered on photos that the heads in question never saw:
- known: does the photo show a taught product at all? The same heads, which saw neither the scenes of the known photos
  nor the classes of the unseen ones, rank both; a held-out class is what a new product is, its look-alikes stay. The
  log-likelihood ratio and the cosine to the nearest prototype tell them apart, judged beside those of the photo's other
  candidates and beside its length, and become a probability.
- unseen: below which probability is it hopeless? The threshold parts the two best, but never at the price of more than
  a set share of the known photos.
- sure: how sure is sure enough? Confidence is P(known) x P(class | known). The least threshold at which the sure
  answers keep the promise even with one more wrong one among them, on a mix of known and unseen photos. Trained classes
  may rest on the evidence of all classes where their own is too thin; gallery classes must pass both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.scoring import Ranking, rank
from recognition.heads.training import TrainedHeads
from recognition.triage.effective_size import effective_sizes, intraclass_correlation
from recognition.triage.promise import Evidence, ThresholdRule, least_safe_threshold
from recognition.triage.separation import auroc, false_positive_rate
from recognition.triage.thresholds import (
    NEVER_SURE,
    OWN_FIGURES,
    KnownProduct,
    Thresholds,
    figures_of,
    odds_before_looking,
)
from recognition.vocabulary import Tier

_LEAST_SPREAD = 1e-4
_USUAL_LENGTHS = (0.01, 0.99)  # quantiles; what lies outside is too rare to learn from


@dataclass(frozen=True)
class CalibrationPolicy:
    """What the verdicts promise.

    Attributes:
        sure_precision: share of sure answers that must be right.
        unseen_share: share of photos expected to show a product that is not in the catalogue.
        known_lost: largest share of known photos that may be called unseen.
    """

    sure_precision: float = 0.97
    unseen_share: float = 0.1
    known_lost: float = 0.1


def calibrate(
    trained: TrainedHeads, policy: CalibrationPolicy | None = None, rule: ThresholdRule = least_safe_threshold
) -> Thresholds:
    """The thresholds of these heads; `rule` finds those of sure answers."""
    policy = policy or CalibrationPolicy()
    if not len(trained.out_of_fold.targets):
        return _without_evidence(policy)
    heads = trained.heads
    known = rank(trained.out_of_fold.candidates, heads.coarse_weight, heads.scale)
    unseen = rank(trained.class_held_out.candidates, heads.coarse_weight, heads.scale)
    beside = rank(trained.class_kept.candidates, heads.coarse_weight, heads.scale)
    model = fit_known_product(beside, unseen, policy.unseen_share)
    least_known = _parting(model.probability(known), model.probability(unseen), policy.known_lost)
    evidence = _evidence(trained, known, unseen, model, least_known, policy)
    sure = _sure_thresholds(evidence, policy.sure_precision, rule)
    of_known = evidence.where(np.arange(len(evidence.wrong)) < len(known.ratio))
    accepted = of_known.familiar & (of_known.confidence >= np.array([sure[tier] for tier in of_known.tiers]))
    return Thresholds(
        known=model,
        least_known=least_known,
        sure=sure,
        familiarity=_parting(known.familiarity, unseen.familiarity, policy.known_lost),
        unseen_auroc=auroc(model.probability(beside), model.probability(unseen)),
        unseen_fpr=false_positive_rate(model.probability(beside), model.probability(unseen)),
        promised_precision=policy.sure_precision,
        expected_coverage=float(accepted.mean()),
        evidence=float(effective_sizes(of_known.weights, of_known.clusters, of_known.correlations)[-1]),
        unseen_share=policy.unseen_share,
    )


def fit_known_product(known: Ranking, unseen: Ranking, unseen_share: float) -> KnownProduct:
    """The probability of being known, from rankings of known and of unseen photos.

    Both kinds count alike in the fit, whatever their number; the share that is expected in the field is added after. A
    figure that would count against what is familiar is left out.
    """
    prior = _prior(unseen_share)
    if not len(known.ratio) or not len(unseen.ratio):
        return KnownProduct.by_prior(prior)
    lengths = np.quantile(np.concatenate([known.log_length, unseen.log_length]), _USUAL_LENGTHS).tolist()
    figures = np.concatenate([figures_of(known, *lengths), figures_of(unseen, *lengths)])  # [n, 5]
    kinds = np.concatenate([np.ones(len(known.ratio)), np.zeros(len(unseen.ratio))])
    middle, spread = figures.mean(axis=0), figures.std(axis=0)
    spread[spread < _LEAST_SPREAD] = np.inf  # what is the same for all photos but for rounding tells nothing
    slopes, offset = _logistic((figures - middle) / spread, kinds)
    slopes = slopes / spread
    fitted: list[float] = [*slopes.tolist(), *lengths, offset - float(slopes @ middle) + prior]
    return KnownProduct(*fitted)


def _prior(unseen_share: float) -> float:
    """Log-odds of being known before the photo is looked at."""
    return float(np.log(odds_before_looking(unseen_share)))


def _logistic(figures: NDArray[np.float64], kinds: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Slopes [k] of standardised figures [n, k], and the offset; both kinds weigh the same.

    The figures of the best candidates count for a photo or not at all; without them there is nothing to judge.
    """
    from sklearn.linear_model import LogisticRegression

    slopes, kept = np.zeros(figures.shape[1]), np.arange(figures.shape[1])
    while own := int((kept < OWN_FIGURES).sum()):
        fitted = LogisticRegression(class_weight="balanced").fit(figures[:, kept], kinds)
        if (fitted.coef_[0, :own] > 0).all():
            slopes[kept] = fitted.coef_[0]
            return slopes, float(fitted.intercept_[0])
        kept = np.delete(kept, int(fitted.coef_[0, :own].argmin()))
    return slopes, 0.0


def _evidence(
    trained: TrainedHeads,
    known: Ranking,
    unseen: Ranking,
    model: KnownProduct,
    least_known: float,
    policy: CalibrationPolicy,
) -> Evidence:
    of_known, of_unseen = model.probability(known), model.probability(unseen)
    wrong = known.rows[:, 0] != trained.out_of_fold.targets
    confidence = of_known * known.probability[:, 0], of_unseen * unseen.probability[:, 0]
    scenes, classes = trained.out_of_fold.scenes, trained.class_held_out.targets
    correlation = (
        intraclass_correlation(wrong.astype(np.float64), scenes),
        intraclass_correlation(confidence[1], classes),
    )
    counts = len(wrong), len(classes)
    shares = 1 - policy.unseen_share, policy.unseen_share * counts[0] / max(counts[1], 1)
    return Evidence(
        confidence=np.concatenate(confidence),
        wrong=np.concatenate([wrong, np.ones(counts[1], dtype=bool)]),
        tiers=np.array(trained.heads.tiers, dtype=object)[np.concatenate([known.rows[:, 0], unseen.rows[:, 0]])],
        familiar=np.concatenate([of_known, of_unseen]) >= least_known,
        weights=np.repeat(shares, counts),
        clusters=np.concatenate([scenes, scenes.max() + 1 + classes]),
        correlations=np.repeat(correlation, counts),
    )


def _sure_thresholds(evidence: Evidence, promised: float, rule: ThresholdRule) -> dict[Tier, float]:
    of_all = rule(evidence.where(evidence.familiar), promised)
    own = {
        tier: rule(evidence.where(evidence.familiar & (evidence.tiers == tier)), promised)
        for tier in (Tier.TRAINED, Tier.GALLERY)
    }
    return {
        Tier.TRAINED: own[Tier.TRAINED] if own[Tier.TRAINED] < NEVER_SURE else of_all,
        Tier.GALLERY: max(own[Tier.GALLERY], of_all),
    }


def _parting(known: NDArray[np.floating], unseen: NDArray[np.floating], known_lost: float) -> float:
    """The value with the best balanced accuracy between known and unseen photos that loses few enough known ones."""
    steps = np.unique(np.concatenate([known, unseen]))
    kept = 1 - np.searchsorted(np.sort(known), steps, side="left") / len(known)
    refused = np.searchsorted(np.sort(unseen), steps, side="left") / max(len(unseen), 1)
    return min(float(steps[int(np.argmax(kept + refused))]), float(np.quantile(known, known_lost)))


def _without_evidence(policy: CalibrationPolicy) -> Thresholds:
    """Nothing could be held out: nothing is unseen, nothing is sure, and people are asked about every photo."""
    return Thresholds(
        known=KnownProduct.by_prior(_prior(policy.unseen_share)),
        least_known=0.0,
        sure=dict.fromkeys((Tier.TRAINED, Tier.GALLERY), NEVER_SURE),
        familiarity=-1.0,
        unseen_auroc=0.5,
        unseen_fpr=1.0,
        promised_precision=policy.sure_precision,
        expected_coverage=0.0,
        evidence=0.0,
        unseen_share=policy.unseen_share,
    )
