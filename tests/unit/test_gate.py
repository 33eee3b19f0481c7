"""The gate: nothing worse is published, and the reason is said."""

from dataclasses import replace

import pytest

from recognition.index.recall import Recall
from recognition.release.comparison import PairedComparison
from recognition.release.evaluation import evaluate
from recognition.release.gate import GateEvidence, judge_candidate
from recognition.triage.verdict import Candidate, Recognition
from recognition.vocabulary import GateReason, Verdict

FINE = GateEvidence(
    photos=400,
    candidate_top1=0.90,
    baseline_top1=0.88,
    shared_candidate_top1=0.91,
    incumbent_top1=0.91,
    candidate_classes=100,
    incumbent_classes=95,
    kept_classes=95,
    sure_photos=300,
    sure_precision=0.975,
    promised_precision=0.97,
)


def test_a_candidate_that_is_not_worse_is_published():
    verdict = judge_candidate(FINE)
    assert (verdict.publish, verdict.reason) == (True, GateReason.NOT_WORSE)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shared_candidate_top1": 0.89}, GateReason.WORSE_THAN_INCUMBENT),
        ({"baseline_top1": 0.92}, GateReason.WORSE_THAN_BASELINE),
        ({"kept_classes": 80}, GateReason.CLASSES_LOST),
        ({"sure_precision": 0.90}, GateReason.PROMISE_BROKEN),
    ],
)
def test_each_way_of_being_worse_is_refused_with_its_own_reason_and_both_figures(change, reason):
    verdict = judge_candidate(replace(FINE, **change))
    assert (verdict.publish, verdict.reason) == (False, reason)
    figure = next(iter(change.values()))
    assert (f"{figure:.3f}" if isinstance(figure, float) else str(95 - figure)) in verdict.explanation


def test_a_small_loss_that_cannot_be_luck_is_refused_and_one_that_can_is_not():
    """On a large holdout less than the allowed share is lost, but of 100 photos that differ 80 go to the incumbent."""
    slightly = replace(FINE, photos=9000, incumbent_top1=0.91, shared_candidate_top1=0.9033)
    assert judge_candidate(slightly).publish
    assert not judge_candidate(replace(slightly, paired=PairedComparison(9000, gained=20, lost=80))).publish
    assert judge_candidate(replace(slightly, paired=PairedComparison(9000, gained=45, lost=55))).publish
    assert judge_candidate(replace(slightly, paired=PairedComparison(9000, gained=80, lost=20))).publish


def test_the_first_release_needs_no_incumbent():
    first = replace(FINE, shared_candidate_top1=None, incumbent_top1=None, incumbent_classes=None, kept_classes=None)
    verdict = judge_candidate(first)
    assert (verdict.publish, verdict.reason) == (True, GateReason.FIRST_RELEASE)


def test_where_the_incumbent_cannot_be_opened_it_is_not_said_that_there_is_none():
    none = {"shared_candidate_top1": None, "incumbent_top1": None, "incumbent_classes": None, "kept_classes": None}
    verdict = judge_candidate(replace(FINE, **none, damaged_incumbent=True))
    assert (verdict.publish, verdict.reason) == (True, GateReason.REPLACES_DAMAGED)
    assert "cannot be opened" in verdict.explanation


def test_new_classes_alone_do_not_make_a_candidate_look_worse():
    """More classes are harder as a whole: the comparison with the incumbent looks at the classes that both know."""
    assert judge_candidate(replace(FINE, candidate_top1=0.88, shared_candidate_top1=0.91)).publish


def test_a_promise_is_not_judged_on_a_handful_of_photos():
    assert judge_candidate(replace(FINE, sure_photos=10, sure_precision=0.7)).publish


def recognition(sku: str, verdict: Verdict, others: tuple[str, ...] = ()) -> Recognition:
    candidates = tuple(Candidate(name, 0.5) for name in (sku, *others))
    return Recognition(None if verdict is Verdict.UNSEEN else sku, 0.5, 0.5, verdict, candidates)


def test_an_evaluation_counts_every_photo_whatever_its_verdict():
    found = evaluate(
        [
            recognition("a", Verdict.SURE),
            recognition("b", Verdict.SURE, ("a",)),
            recognition("a", Verdict.UNSURE),
            recognition("a", Verdict.UNSEEN),
        ],
        ["a", "a", "a", "a"],
    )
    assert found is not None
    assert (found.top1, found.top5) == (0.75, 1.0)
    assert (found.coverage, found.sure_precision, found.manual_share, found.unseen_share) == (0.5, 0.5, 0.5, 0.25)


def test_without_photos_there_is_no_figure_rather_than_a_zero():
    assert evaluate([], []) is None
    unsure = evaluate([recognition("a", Verdict.UNSURE)], ["a"])
    assert unsure is not None
    assert unsure.sure_precision is None
    assert "sure_precision" not in unsure.figures()


@pytest.mark.parametrize(("photos", "lost", "published"), [(100, 2, True), (100, 3, False), (10, 1, False)])
def test_two_unlucky_photos_of_a_hundred_are_noise_but_one_of_ten_is_not_waved_through(photos, lost, published):
    small = replace(FINE, photos=photos, incumbent_top1=0.9, shared_candidate_top1=0.9 - lost / photos, sure_photos=0)
    assert judge_candidate(small).publish is published


@pytest.mark.parametrize(("at_1", "at_10"), [(0.998, 1.0), (1.0, 0.9985)])
def test_an_index_that_misses_what_a_scan_finds_is_refused_with_its_recall(at_1, at_10):
    verdict = judge_candidate(replace(FINE, index_recall=Recall(at_1, at_10, queries=2000)))
    assert (verdict.publish, verdict.reason) == (False, GateReason.INDEX_MISSES)
    assert f"recall@1 {at_1:.4f}, recall@10 {at_10:.4f}" in verdict.explanation
    assert judge_candidate(replace(FINE, index_recall=Recall(0.9995, 0.9991, queries=2000))).publish
