"""The threshold of sure answers: what it promises on average, and the same found by trying every confidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.triage.effective_size import effective_sizes
from recognition.triage.promise import Evidence, least_safe_threshold
from recognition.triage.thresholds import NEVER_SURE
from recognition.vocabulary import Tier

unhurried = settings(deadline=None)
seeds = st.integers(0, 2**32 - 1)
promises = st.sampled_from([0.5, 0.8, 0.9, 0.97])


def evidence_of(confidence: np.ndarray, wrong: np.ndarray, clusters: np.ndarray, correlation: float) -> Evidence:
    count = len(confidence)
    weights = np.array([0.9, 0.1])[clusters % 2]  # all photos of a cluster weigh the same
    return Evidence(
        confidence=confidence,
        wrong=wrong,
        tiers=np.full(count, Tier.TRAINED, dtype=object),
        familiar=np.ones(count, dtype=bool),
        weights=weights,
        clusters=clusters,
        correlations=np.full(count, correlation),
    )


@st.composite
def judged(draw: st.DrawFn) -> Evidence:
    """Photos of a few scenes, surer ones mostly right; equal confidences are common."""
    random, count = np.random.default_rng(draw(seeds)), draw(st.integers(0, 120))
    confidence = random.integers(0, 20, size=count) / 20
    wrong = random.random(count) > confidence**0.3
    return evidence_of(confidence, wrong, random.integers(0, 30, size=count), draw(st.floats(0, 1)))


def keeps_its_promise(evidence: Evidence, threshold: float, promised: float) -> bool:
    """With one more wrong photo: those from the threshold on, put in the order of confidence."""
    ordered = evidence.where(np.argsort(-evidence.confidence, kind="stable"))
    sure = ordered.where(ordered.confidence >= threshold)
    worth = effective_sizes(sure.weights, sure.clusters, sure.correlations)[-1]
    wrong = (sure.weights * sure.wrong).sum() / sure.weights.sum() * worth
    return bool((wrong + 1) / (worth + 1) <= 1 - promised)


@unhurried
@given(evidence=judged(), promised=promises)
def test_the_threshold_is_the_least_confidence_that_keeps_the_promise(evidence: Evidence, promised: float) -> None:
    tried = np.unique(evidence.confidence).tolist()
    safe = [threshold for threshold in tried if keeps_its_promise(evidence, threshold, promised)]
    assert least_safe_threshold(evidence, promised) == min(safe, default=NEVER_SURE)


@unhurried
@given(evidence=judged(), promised=promises)
def test_more_is_never_promised_at_a_lower_threshold(evidence: Evidence, promised: float) -> None:
    assert least_safe_threshold(evidence, promised) <= least_safe_threshold(evidence, (1 + promised) / 2)


@unhurried
@given(evidence=judged(), seed=seeds, promised=promises)
def test_a_mistake_that_was_not_made_after_all_never_makes_fewer_answers_sure(
    evidence: Evidence, seed: int, promised: float
) -> None:
    mended = evidence.wrong & (np.random.default_rng(seed).random(len(evidence.wrong)) < 0.5)
    better = Evidence(**(vars(evidence) | {"wrong": mended}))
    assert least_safe_threshold(better, promised) <= least_safe_threshold(evidence, promised)


@pytest.mark.parametrize("photos", [60, 200, 1000])
def test_the_promise_is_kept_on_average_by_calibrations_on_few_photos_too(photos: int) -> None:
    """Photos are right with the probability 1 - (1 - c)^2, c uniform: from t on (1 - t)^2 / 3 of them are wrong."""
    random, promised, shares = np.random.default_rng(photos), 0.95, []
    for _ in range(400):
        confidence = random.random(photos)
        wrong = random.random(photos) < (1 - confidence) ** 2
        found = least_safe_threshold(evidence_of(confidence, wrong, 2 * np.arange(photos), correlation=0.0), promised)
        shares.append((1 - found) ** 2 / 3 if found < NEVER_SURE else 0.0)
    assert np.mean(shares) <= 0.05
    assert photos < 200 or np.mean(shares) > 0.03, "and nothing is gained by promising less than is kept"
