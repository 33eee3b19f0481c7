"""What is measured of a release, each figure beside a plain recount."""

import numpy as np
import pytest

from recognition.heads.samples import Samples
from recognition.heads.training import TrainingPolicy, train_heads
from recognition.release.card_plots import draw_card_plots
from recognition.release.comparison import PairedComparison, compare
from recognition.release.curves import reliability, risk_coverage
from recognition.release.evaluation import evaluate
from recognition.release.intervals import mean_interval, share_interval
from recognition.release.recogniser import Recogniser
from recognition.release.report import Report, look_alike_classes, report_on
from recognition.release.stages import account_for_stages
from recognition.triage.calibration import CalibrationPolicy, calibrate
from recognition.triage.verdict import Candidate, Recognition
from recognition.vocabulary import Tier, Verdict
from tests.support.synthetic import clustered_samples


def recognition(skus: tuple[str, ...], confidence: float, verdict: Verdict = Verdict.SURE) -> Recognition:
    candidates = tuple(Candidate(sku, confidence) for sku in skus)
    return Recognition(skus[0], confidence, 0.5, verdict, candidates)


def test_accuracies_agree_with_counting_by_hand():
    found = evaluate(
        [
            recognition(("a", "b", "c", "d"), 0.9),
            recognition(("b", "c", "a"), 0.8),
            recognition(("b", "c", "d", "a"), 0.7, Verdict.UNSURE),
            recognition(("b", "a"), 0.6, Verdict.UNSEEN),
        ],
        ["a", "a", "a", "b"],
    )
    assert found is not None
    assert (found.top1, found.top3, found.top5) == (0.5, 0.75, 1.0)
    assert found.macro_top1 == pytest.approx((1 / 3 + 1) / 2)
    assert (found.coverage, found.sure_precision, found.unseen_share) == (0.5, 0.5, 0.25)


def test_the_risk_coverage_curve_is_the_share_of_wrong_answers_above_each_confidence():
    random = np.random.default_rng(0)
    confidence, right = random.integers(0, 12, size=200) / 12, random.random(200) < 0.7
    curve = risk_coverage(confidence, right)
    for coverage, risk, threshold in zip(curve.coverage, curve.risk, np.unique(confidence)[::-1], strict=True):
        answered = confidence >= threshold
        assert coverage == pytest.approx(answered.mean())
        assert risk == pytest.approx((~right[answered]).mean())
    naive = np.mean([(~right[confidence >= of]).mean() for of in confidence])
    assert curve.area == pytest.approx(naive)


def test_reliability_compares_what_was_said_and_what_came_in_equal_bins():
    confidence = np.array([0.9, 0.1, 0.8, 0.2])
    right = np.array([True, False, False, False])
    found = reliability(confidence, right, bins=2)
    assert found.said == pytest.approx([0.15, 0.85])
    assert found.came == pytest.approx([0.0, 0.5])
    assert found.photos.tolist() == [2, 2]
    assert found.error == pytest.approx(0.25)
    random = np.random.default_rng(1)
    honest = random.random(20_000)
    assert reliability(honest, random.random(20_000) < honest).error < 0.015
    assert reliability(np.array([0.4]), np.array([True])).error == pytest.approx(0.6)


def test_an_interval_covers_the_truth_as_often_as_it_says_though_photos_come_in_scenes():
    covered = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        scenes = np.repeat(np.arange(80), 5)
        hits = np.repeat(random.random(80) < 0.8, 5)
        interval = share_interval(hits, scenes, seed=seed, draws=300)
        covered += interval.low <= 0.8 <= interval.high
    assert covered >= 50, "about 57 of 60 are to be expected; single photos drawn would cover about 35"


def test_an_interval_repeats_itself_and_does_not_depend_on_the_order_of_photos():
    random = np.random.default_rng(2)
    hits, scenes, order = random.random(50) < 0.5, random.integers(9, size=50), random.permutation(50)
    assert share_interval(hits, scenes, seed=3) == share_interval(hits[order], scenes[order], seed=3)
    naive = [hits[np.isin(scenes, 4)].mean()]
    assert mean_interval(np.array(naive)).low == pytest.approx(naive[0]), "one class has no spread"


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (3, 3), (0, 5), (5, 0), (20, 41)])
def test_the_luck_of_losing_is_the_tail_of_fair_coins(gained, lost):
    from math import comb

    tosses = gained + lost
    naive = sum(comb(tosses, heads) for heads in range(lost, tosses + 1)) / 2**tosses
    assert PairedComparison(100, gained, lost).luck_of_losing == pytest.approx(naive)


def test_only_photos_that_one_of_the_two_gets_right_tell_which_is_better():
    ours, theirs = np.array([True, True, False, False, True]), np.array([True, False, True, False, False])
    assert compare(ours, theirs) == PairedComparison(photos=5, gained=2, lost=1)


def test_the_account_of_the_stages_agrees_with_a_recount_photo_by_photo():
    random = np.random.default_rng(4)
    superclass_of = random.integers(4, size=12)
    ranked = np.stack([random.permutation(12)[:7] for _ in range(300)])
    targets, coarse = random.integers(12, size=300), random.integers(4, size=300)
    counted = dict.fromkeys(("coarse_top1", "fine_top1", "top1", "lost_by_coarse", "lost_by_fine", "lost_by_both"), 0)
    for order, named, true in zip(ranked.tolist(), coarse.tolist(), targets.tolist(), strict=True):
        inside = [row for row in order if superclass_of[row] == superclass_of[true]]
        wins = bool(inside) and inside[0] == true
        counted["coarse_top1"] += named == superclass_of[true]
        counted["fine_top1"] += wins
        if order[0] == true:
            counted["top1"] += 1
        elif superclass_of[order[0]] == superclass_of[true]:
            counted["lost_by_fine"] += 1
        else:
            counted["lost_by_coarse" if wins else "lost_by_both"] += 1
    found = account_for_stages(ranked, coarse, superclass_of, targets)
    assert {name: getattr(found, name) for name in counted} == pytest.approx({k: v / 300 for k, v in counted.items()})
    assert found.top1 + found.lost_by_coarse + found.lost_by_fine + found.lost_by_both == pytest.approx(1.0)


def test_look_alikes_are_the_classes_with_the_nearest_neighbours():
    angles = np.array([0.0, 0.05, 1.0, 2.0, 3.0, 4.0, 5.0, 5.6])
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert np.flatnonzero(look_alike_classes(circle)).tolist() == [0, 1]
    assert not look_alike_classes(circle[:1]).any()


@pytest.fixture(scope="module")
def report() -> Report:
    samples = clustered_samples(classes=7, photos=12, noise=1.2, seed=5)
    fresh = clustered_samples(classes=8, photos=6, noise=1.2, seed=5, photo_seed=6)  # the eighth is not taught
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY), TrainingPolicy(folds=3))
    thresholds = calibrate(trained, CalibrationPolicy(sure_precision=0.8))
    skus = [fresh.classes[row] for row in fresh.targets]
    recogniser = Recogniser.of_heads(trained.heads, thresholds, "f")
    found = report_on(recogniser, fresh.vectors, skus, [f"g{row}" for row in range(len(skus))])
    assert found is not None
    return found


def test_a_report_adds_up(report):
    assert report.overall.photos == 48
    assert [(tier, found.photos) for tier, found in report.by_tier.items()] == [(Tier.GALLERY, 42)]
    assert sum(of.photos for of in report.classes) == 48
    assert sum(round(of.top1 * of.photos) for of in report.classes) == round(report.overall.top1 * 48)
    assert sum(of.photos for of in report.superclasses) == 42, "a class that was not taught has no superclass"
    assert sum(of.sure for of in report.superclasses) <= round(report.overall.coverage * 48)
    assert sum(of.right for of in report.superclasses) == round(report.overall.top1 * 48)
    assert report.intervals["top1"].low <= report.overall.top1 <= report.intervals["top1"].high
    assert report.classes[0].top1 <= report.classes[-1].top1
    untaught = next(of for of in report.classes if of.sku == "sku007")
    assert untaught.top1 == 0.0
    assert all(np.isfinite(value) for value in report.figures().values())


def test_without_photos_there_is_no_report(report):
    samples = clustered_samples(classes=3, photos=4)
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY), TrainingPolicy(folds=2))
    recogniser = Recogniser.of_heads(trained.heads, calibrate(trained), "f")
    assert report_on(recogniser, Samples.take(samples, np.zeros(12, dtype=bool)).vectors, [], []) is None


def test_the_plots_are_pictures_and_are_the_same_each_time(report):
    first, second = draw_card_plots(report, 0.97), draw_card_plots(report, 0.97)
    assert len(first) == 3
    assert first == second
    assert all(data.startswith(b"\x89PNG") for data in first.values())
