"""What is believed: calibration, promises, verdicts."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recognition.heads.choice import Choice
from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.metric import Metric, MetricKind, MetricPart
from recognition.heads.rehearsal import Rehearsal
from recognition.heads.scoring import Candidates, Heads, Ranking, rank
from recognition.heads.training import OutOfFold, TrainedHeads
from recognition.heads.two_covariance import fit_two_covariance
from recognition.heads.whitening import Whitening
from recognition.release.curves import reliability
from recognition.triage.calibration import CalibrationPolicy, calibrate, fit_known_product
from recognition.triage.company import known_in_company
from recognition.triage.effective_size import effective_sizes, intraclass_correlation
from recognition.triage.separation import auroc, false_positive_rate
from recognition.triage.thresholds import NEVER_SURE, KnownProduct, Thresholds
from recognition.triage.verdict import Recognition, judge
from recognition.vocabulary import Tier, Verdict

CLASSES = 10


def heads(tiers: tuple[Tier, ...] = (Tier.TRAINED,) * CLASSES) -> Heads:
    identity = np.eye(CLASSES, dtype=np.float32)
    no_superclass = np.zeros(CLASSES, dtype=np.int64)
    return Heads(
        classes=tuple(f"sku{row}" for row in range(CLASSES)),
        tiers=tiers,
        metric=Metric((MetricPart(0, CLASSES, Whitening(np.zeros(CLASSES, dtype=np.float32), identity)),)),
        prototypes=identity,
        superclass_of=no_superclass,
        coarse=fit_coarse_head(identity, no_superclass, np.arange(CLASSES), 1),
        likelihood=fit_two_covariance(identity, np.arange(CLASSES), CLASSES),
        scale=20.0,
    )


def ranked(cosine: np.ndarray, targets: np.ndarray, ratio: np.ndarray, photos_per_scene: int = 1) -> OutOfFold:
    rows = np.tile(np.arange(CLASSES), (len(cosine), 1))
    ratios = np.repeat(ratio[:, None], CLASSES, axis=1)
    nothing = np.zeros_like(cosine, dtype=np.float32)
    lengths = np.zeros(len(cosine), dtype=np.float32)
    candidates = Candidates(rows, cosine.astype(np.float32), nothing, ratios.astype(np.float32), lengths)
    return OutOfFold(candidates, targets, np.arange(len(targets)) // photos_per_scene)


def known_photos(photos: int, wrong_share: float, seed: int = 0, photos_per_scene: int = 1) -> OutOfFold:
    """Photos near .8, their runner-up near .4; in a wrong scene the true class and the winner are nearly level."""
    random = np.random.default_rng(seed)
    targets = np.repeat(random.integers(CLASSES, size=photos // photos_per_scene), photos_per_scene)
    cosine = random.normal(0.3, 0.05, size=(photos, CLASSES))
    cosine[np.arange(photos), targets] = random.normal(0.8, 0.05, size=photos)
    wrong = np.repeat(random.random(photos // photos_per_scene) < wrong_share, photos_per_scene)
    other = (targets + 1) % CLASSES
    cosine[wrong, targets[wrong]] = 0.50
    cosine[wrong, other[wrong]] = 0.55
    return ranked(cosine, targets, random.normal(20, 4, size=photos), photos_per_scene)


def unseen_photos(photos: int, seed: int = 0) -> OutOfFold:
    """Photos whose class is no candidate: the best of the others wins, and likelihood tells."""
    random = np.random.default_rng(seed + 100)
    cosine = random.normal(0.4, 0.1, size=(photos, CLASSES))
    return ranked(cosine, random.integers(CLASSES, size=photos), random.normal(0, 6, size=photos))


def trained(known: OutOfFold, unseen: OutOfFold, of: Heads | None = None) -> TrainedHeads:
    return TrainedHeads(of or heads(), Choice(MetricKind.PLAIN), known, unseen, known, {}, Rehearsal({}))


def evidence(photos: int, wrong_share: float, seed: int = 0, of: Heads | None = None) -> TrainedHeads:
    return trained(known_photos(photos, wrong_share, seed), unseen_photos(photos, seed), of)


def judged_sure(photos: OutOfFold, thresholds: Thresholds) -> np.ndarray:
    found = judge(rank(photos.candidates, 0.0, 20.0), heads().classes, heads().tiers, thresholds)
    return np.array([one.verdict is Verdict.SURE for one in found])


def test_what_is_called_sure_keeps_its_promise_on_photos_that_calibration_never_saw():
    policy = CalibrationPolicy(sure_precision=0.97, unseen_share=0.1)
    thresholds = calibrate(evidence(3000, wrong_share=0.2), policy)
    known, unseen = known_photos(3000, wrong_share=0.2, seed=1), unseen_photos(333, seed=1)
    sure = judged_sure(known, thresholds)
    right = rank(known.candidates, 0.0, 20.0).rows[:, 0] == known.targets
    assert thresholds.expected_coverage > 0.5
    assert thresholds.unseen_auroc > 0.95
    assert (sure & right).sum() / (sure.sum() + judged_sure(unseen, thresholds).sum()) >= 0.97


def test_with_too_few_photos_to_promise_on_nothing_is_called_sure():
    thresholds = calibrate(evidence(20, wrong_share=0.0), CalibrationPolicy(sure_precision=0.99))
    assert set(thresholds.sure.values()) == {NEVER_SURE}
    assert thresholds.expected_coverage == 0.0


def test_where_scenes_are_right_and_wrong_as_one_their_photos_are_less_evidence():
    known = known_photos(800, 0.1, photos_per_scene=8)
    strict = CalibrationPolicy(sure_precision=0.99)
    in_scenes = calibrate(trained(known, unseen_photos(800)), strict)
    alone = calibrate(trained(replace(known, scenes=np.arange(800)), unseen_photos(800)), strict)
    assert (alone.evidence, in_scenes.evidence) == (pytest.approx(800), pytest.approx(100))
    assert in_scenes.expected_coverage == 0.0, "a hundred scenes cannot show that one of a hundred is wrong at most"
    assert alone.expected_coverage > 0.5


def test_a_wrong_label_among_the_surest_photos_does_not_end_every_hope_of_a_sure_answer():
    known = known_photos(2000, 0.05)
    surest = known.candidates.cosine.max(axis=1).argsort()[-2:]
    mislabelled = known.targets.copy()
    mislabelled[surest] = (mislabelled[surest] + 1) % CLASSES
    assert calibrate(trained(replace(known, targets=mislabelled), unseen_photos(2000))).expected_coverage > 0.5


def test_a_gallery_class_never_gets_away_with_less_confidence_than_all_classes_need():
    tiers = tuple(Tier.GALLERY if row % 2 else Tier.TRAINED for row in range(CLASSES))
    thresholds = calibrate(evidence(4000, wrong_share=0.3, of=heads(tiers)))
    assert thresholds.sure[Tier.GALLERY] >= thresholds.sure[Tier.TRAINED] - 0.05
    alone = calibrate(evidence(4000, wrong_share=0.3))
    assert thresholds.sure[Tier.GALLERY] >= alone.sure[Tier.TRAINED] - 1e-9


def test_the_unseen_threshold_never_gives_up_more_known_photos_than_allowed():
    """Where known and unseen photos look alike, the best separation alone would refuse half of the known ones."""
    random = np.random.default_rng(2)
    known, unseen = (
        ranked(
            random.normal(0.5, 0.1, size=(2000, CLASSES)), random.integers(CLASSES, size=2000), random.normal(size=2000)
        )
        for _ in range(2)
    )
    thresholds = calibrate(trained(known, unseen), CalibrationPolicy(known_lost=0.1))
    known_probability = thresholds.known.probability(rank(known.candidates, 0.0, 20.0))
    assert (known_probability < thresholds.least_known).mean() <= 0.1


def test_the_probability_of_being_known_is_what_comes_at_the_share_that_is_expected():
    random = np.random.default_rng(5)

    def judged(known: int, unseen: int) -> Ranking:
        ratio = np.concatenate([random.normal(2, 2, size=known), random.normal(-2, 2, size=unseen)])
        cosine = np.concatenate([random.normal(0.6, 0.1, size=known), random.normal(0.5, 0.1, size=unseen)])
        return ranking_of(ratio, cosine)

    model = fit_known_product(judged(20_000, 0), judged(0, 5_000), unseen_share=0.3)
    is_known = np.arange(10_000) < 7_000
    assert reliability(model.probability(judged(7_000, 3_000)), is_known).error < 0.02


def ranking_of(ratio: np.ndarray, cosine: np.ndarray) -> Ranking:
    one = np.ones((len(ratio), 1), dtype=np.float32)
    nothing = np.zeros(len(ratio), dtype=np.float32)
    return Ranking(np.zeros((len(ratio), 1), dtype=np.int64), one, cosine, ratio, nothing, nothing, nothing)


def test_a_figure_that_tells_the_wrong_way_round_is_not_believed():
    telling = np.linspace(0, 1, 50)
    known, unseen = ranking_of(np.zeros(50), telling + 0.5), ranking_of(np.ones(50), telling)
    model = fit_known_product(known, unseen, 0.1)
    assert model.ratio == 0.0
    assert model.familiarity > 0
    backwards = fit_known_product(ranking_of(np.zeros(50), telling), ranking_of(np.ones(50), telling + 0.5), 0.1)
    assert (backwards.ratio, backwards.familiarity) == (0.0, 0.0)
    assert np.allclose(backwards.probability(known), 0.9), "what is left is the share that is expected"


def test_without_evidence_everything_waits_for_people_and_nothing_is_unseen():
    nothing = ranked(np.zeros((0, CLASSES)), np.zeros(0, dtype=np.int64), np.zeros(0))
    thresholds = calibrate(trained(nothing, nothing))
    found = judge(rank(known_photos(5, 0.0).candidates, 0.0, 20.0), heads().classes, heads().tiers, thresholds)
    assert {one.verdict for one in found} == {Verdict.UNSURE}


def test_effective_sizes_are_those_of_the_variance_written_out_over_pairs():
    random = np.random.default_rng(6)
    clusters = random.integers(5, size=30)
    weights, correlations = np.array([0.9, 0.1, 0.5, 0.5, 0.2])[clusters], np.linspace(0, 1, 5)[clusters]
    found = effective_sizes(weights, clusters, correlations)
    for count in (1, 7, 30):
        w, c, rho = weights[:count], clusters[:count], correlations[:count]
        alike = np.where(c[:, None] == c, rho[:, None], 0.0)
        np.fill_diagonal(alike, 1.0)
        assert found[count - 1] == pytest.approx(w.sum() ** 2 / (w @ alike @ w))


def test_the_correlation_within_clusters_is_found_again():
    random = np.random.default_rng(7)
    clusters = np.repeat(np.arange(4000), 3)
    values = np.sqrt(0.4) * random.normal(size=4000)[clusters] + np.sqrt(0.6) * random.normal(size=12_000)
    assert intraclass_correlation(values, clusters) == pytest.approx(0.4, abs=0.03)
    assert intraclass_correlation(random.normal(size=12_000), clusters) == pytest.approx(0.0, abs=0.03)
    assert intraclass_correlation(np.ones(6), np.repeat([0, 1], 3)) == 1.0, "what cannot be told counts as alike"
    assert intraclass_correlation(np.arange(6.0), np.arange(6)) == 0.0, "nothing shares a cluster"


def test_false_positives_are_counted_where_the_wanted_share_of_the_known_passes():
    known, unseen = np.arange(1.0, 101.0), np.array([0.0, 5.5, 6.0, 50.0])
    assert false_positive_rate(known, unseen) == 0.5, "95 of 100 are at 6 and above, as are two of the four unseen"
    assert false_positive_rate(known, np.zeros(0)) == 1.0


def test_auroc_agrees_with_counting_pairs():
    random = np.random.default_rng(3)
    higher, lower = random.integers(0, 5, 30).astype(float), random.integers(0, 4, 20).astype(float)
    pairs = [(a > b) + 0.5 * (a == b) for a in higher for b in lower]
    assert auroc(higher, lower) == pytest.approx(np.mean(pairs))


THRESHOLDS = Thresholds(
    known=replace(KnownProduct.by_prior(0.0), ratio=1.0),
    least_known=0.5,
    sure={Tier.TRAINED: 0.9, Tier.GALLERY: NEVER_SURE},
    familiarity=0.5,
    unseen_auroc=1.0,
    unseen_fpr=0.0,
    promised_precision=0.97,
    expected_coverage=0.5,
    evidence=500.0,
)


def odds_of(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return probabilities / (1 - probabilities)


def test_a_thing_among_strangers_is_less_probably_known_and_strangers_among_known_things_gain_nothing():
    strangers, known = np.array([0.97, 0.4, 0.2, 0.1]), np.array([0.97, 0.9999, 0.9995, 0.999])
    assert known_in_company(strangers, 0.05)[0] < 0.6
    assert known_in_company(known, 0.05)[0] == pytest.approx(0.97, abs=1e-3)
    assert known_in_company(np.array([0.6, *[1.0] * 9]), 0.05)[0] <= 0.6
    assert known_in_company(strangers[:1], 0.05) == strangers[:1], "nothing is beside it"


@pytest.mark.parametrize("unseen_share", [0.0, 0.05, 0.5, 1.0])
def test_in_company_one_share_of_strangers_is_all_that_changes(unseen_share: float):
    random = np.random.default_rng(3)
    for count in range(2, 9):
        alone = random.beta(2, 0.5, count)
        together = known_in_company(alone, unseen_share)
        assert (together <= alone + 1e-12).all(), "a photo of several things makes nothing surer"
        by_how_much = odds_of(together) / odds_of(alone)
        assert by_how_much == pytest.approx(by_how_much[0], rel=1e-6), "what tells the things apart stays as it was"


def test_the_share_of_strangers_on_a_photo_is_the_one_that_explains_it_best():
    """Maximum a posteriori, found by trying every share: the expected one counts as one more thing that was seen."""
    alone, expected = np.array([0.97, 0.9, 0.3, 0.1, 0.02]), 0.95
    evidence = odds_of(alone) / (expected / (1 - expected))
    shares = np.linspace(1e-4, 1 - 1e-4, 200_000)[:, None]
    explained = np.log(shares * evidence + 1 - shares).sum(axis=1)
    explained += expected * np.log(shares[:, 0]) + (1 - expected) * np.log(1 - shares[:, 0])
    best = float(shares[explained.argmax(), 0])
    odds = evidence * best / (1 - best)
    assert known_in_company(alone, 1 - expected) == pytest.approx(odds / (1 + odds), abs=2e-3)


def test_things_on_one_photo_are_judged_in_company_and_others_are_not():
    nothing = np.zeros(4, dtype=np.float32)
    ratios = np.array([3.0, -2.0, -3.0, 3.0])
    probabilities = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (4, 1))
    rows = np.tile(np.array([[0, 1]]), (4, 1))
    ranking = Ranking(rows, probabilities, np.full(4, 0.7), ratios, nothing, nothing, nothing)
    found = judge(ranking, ("sku0", "sku1"), (Tier.TRAINED,) * 2, THRESHOLDS, [slice(0, 3)])
    assert [each.verdict for each in found] == [Verdict.UNSURE, Verdict.UNSEEN, Verdict.UNSEEN, Verdict.SURE]


def judged(probability: float, ratio: float, tier: Tier = Tier.TRAINED) -> Recognition:
    probabilities = np.array([[probability, 1 - probability]], dtype=np.float32)
    nothing = np.zeros(1, dtype=np.float32)
    ranking = Ranking(np.array([[0, 1]]), probabilities, np.array([0.7]), np.array([ratio]), nothing, nothing, nothing)
    (found,) = judge(ranking, ("sku0", "sku1"), (tier, tier), THRESHOLDS)
    return found


@pytest.mark.parametrize(
    ("probability", "ratio", "verdict", "sku"),
    [
        (0.95, 8.0, Verdict.SURE, "sku0"),
        (0.60, 8.0, Verdict.UNSURE, "sku0"),
        (0.99, 2.0, Verdict.UNSURE, "sku0"),  # clearly the best, but is it known at all?
        (0.99, -1.0, Verdict.UNSEEN, None),  # the best of strangers is still a stranger
    ],
)
def test_being_known_and_being_the_best_decide_together(probability, ratio, verdict, sku):
    found = judged(probability, ratio)
    assert (found.verdict, found.sku) == (verdict, sku)
    assert [candidate.sku for candidate in found.candidates] == ["sku0", "sku1"], "an unseen photo keeps its candidates"


def test_scores_leave_room_for_the_product_to_be_unknown():
    found = judged(0.6, 2.0)
    known = 1 / (1 + np.exp(-2.0))
    assert [candidate.score for candidate in found.candidates] == pytest.approx([0.6 * known, 0.4 * known])
    assert found.confidence == found.candidates[0].score


def test_an_answer_that_may_not_be_called_sure_never_claims_more_than_sure_ones_promise():
    found = judged(1.0, 20.0, Tier.GALLERY)
    assert (found.verdict, found.confidence, found.candidates[0].score) == (Verdict.UNSURE, 0.97, 0.97)
    assert judged(1.0, 20.0).confidence > 0.99, "what is sure may"
