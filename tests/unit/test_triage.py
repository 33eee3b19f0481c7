"""What is believed and what is asked: calibration, verdicts, groups of unseen photos, the night's questions."""

import numpy as np
import pytest

from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.scoring import Candidates, Heads, Ranking, rank
from recognition.heads.training import OutOfFold
from recognition.heads.whitening import Whitening, normalised
from recognition.triage.calibration import CalibrationPolicy, auroc, calibrate
from recognition.triage.groups import alike_groups, members
from recognition.triage.review import Reviewable, ReviewPolicy, choose_questions, question_key
from recognition.triage.thresholds import NEVER_SURE, Thresholds
from recognition.triage.verdict import Candidate, judge
from recognition.vocabulary import QuestionArm, QuestionKind, Tier, Verdict

CLASSES = 10


def heads(tiers: tuple[Tier, ...] = (Tier.TRAINED,) * CLASSES) -> Heads:
    identity = np.eye(CLASSES, dtype=np.float32)
    nothing = fit_coarse_head(identity, np.zeros(CLASSES, dtype=np.int64), np.arange(CLASSES), 1)
    classes = tuple(f"sku{row}" for row in range(CLASSES))
    whitening = Whitening(np.zeros(CLASSES, dtype=np.float32), identity)
    return Heads(classes, tiers, whitening, identity, np.zeros(CLASSES, dtype=np.int64), nothing, scale=20.0)


def evidence(photos: int, wrong_share: float, seed: int = 0) -> OutOfFold:
    """Known photos near .8, their runner-up near .4; a wrong photo has true class and winner nearly level."""
    random = np.random.default_rng(seed)
    targets = random.integers(CLASSES, size=photos)
    cosine = random.normal(0.3, 0.05, size=(photos, CLASSES))
    cosine[np.arange(photos), targets] = random.normal(0.8, 0.05, size=photos)
    wrong = random.random(photos) < wrong_share
    other = (targets + 1) % CLASSES
    cosine[wrong, targets[wrong]] = 0.50
    cosine[wrong, other[wrong]] = 0.55
    rows = np.tile(np.arange(CLASSES), (photos, 1))
    candidates = Candidates(rows, cosine.astype(np.float32), np.zeros_like(cosine, dtype=np.float32))
    return OutOfFold(candidates, targets, np.arange(photos))


def test_what_is_called_sure_keeps_its_promise_on_photos_that_calibration_never_saw():
    policy = CalibrationPolicy(sure_precision=0.97)
    thresholds = calibrate(evidence(3000, wrong_share=0.2), heads(), policy)
    fresh = evidence(3000, wrong_share=0.2, seed=1)
    ranking = rank(fresh.candidates, 0.0, 20.0)
    familiar = ranking.familiarity >= thresholds.familiarity
    sure = familiar & (ranking.probability[:, 0] >= thresholds.sure[Tier.TRAINED])
    assert thresholds.expected_coverage > 0.5
    assert thresholds.unseen_auroc > 0.95
    assert (ranking.rows[sure, 0] == fresh.targets[sure]).mean() >= 0.97


def test_with_too_few_photos_to_promise_on_nothing_is_called_sure():
    thresholds = calibrate(evidence(20, wrong_share=0.0), heads(), CalibrationPolicy(sure_precision=0.99))
    assert set(thresholds.sure.values()) == {NEVER_SURE}
    assert thresholds.expected_coverage == 0.0


def test_a_gallery_class_never_gets_away_with_less_confidence_than_all_classes_need():
    tiers = tuple(Tier.GALLERY if row % 2 else Tier.TRAINED for row in range(CLASSES))
    thresholds = calibrate(evidence(4000, wrong_share=0.3), heads(tiers))
    assert thresholds.sure[Tier.GALLERY] >= thresholds.sure[Tier.TRAINED] - 0.05
    alone = calibrate(evidence(4000, wrong_share=0.3), heads())
    assert thresholds.sure[Tier.GALLERY] >= alone.sure[Tier.TRAINED] - 1e-9


def test_the_unseen_threshold_never_gives_up_more_known_photos_than_allowed():
    """Where known and unseen photos look alike, the best separation alone would refuse half of the known ones."""
    random = np.random.default_rng(2)
    cosine = random.normal(0.5, 0.1, size=(2000, CLASSES)).astype(np.float32)
    rows = np.tile(np.arange(CLASSES), (2000, 1))
    targets = cosine.argmax(axis=1)
    out_of_fold = OutOfFold(Candidates(rows, cosine, np.zeros_like(cosine)), targets, np.arange(2000))
    thresholds = calibrate(out_of_fold, heads(), CalibrationPolicy(known_lost=0.1))
    assert (cosine.max(axis=1) < thresholds.familiarity).mean() <= 0.1


def test_auroc_agrees_with_counting_pairs():
    random = np.random.default_rng(3)
    higher, lower = random.integers(0, 5, 30).astype(float), random.integers(0, 4, 20).astype(float)
    pairs = [(a > b) + 0.5 * (a == b) for a in higher for b in lower]
    assert auroc(higher, lower) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize(
    ("probability", "familiarity", "verdict", "sku"),
    [
        (0.95, 0.8, Verdict.SURE, "sku0"),
        (0.60, 0.8, Verdict.UNSURE, "sku0"),
        (0.99, 0.3, Verdict.UNSEEN, None),  # the best of strangers is still a stranger
    ],
)
def test_confidence_and_familiarity_decide_together(probability, familiarity, verdict, sku):
    thresholds = Thresholds(0.5, {Tier.TRAINED: 0.9, Tier.GALLERY: 0.9}, 1.0, 0.97, 0.5)
    ranking = Ranking(
        np.array([[0, 1]]),
        np.array([[probability, 1 - probability]], dtype=np.float32),
        np.array([familiarity], dtype=np.float32),
    )
    (found,) = judge(ranking, ("sku0", "sku1"), (Tier.TRAINED, Tier.TRAINED), thresholds)
    assert (found.verdict, found.sku) == (verdict, sku)
    assert [candidate.sku for candidate in found.candidates] == ["sku0", "sku1"], "an unseen photo keeps its candidates"


def test_unseen_photos_of_one_product_become_one_group_and_huge_groups_are_cut_into_sheets():
    random = np.random.default_rng(4)
    first, second = random.normal(size=8), random.normal(size=8)
    vectors = np.stack([first + 0.05 * random.normal(size=8) for _ in range(25)] + [second])
    groups = alike_groups(normalised(vectors), least_cosine=0.8, largest=12)
    assert sorted(len(rows) for rows in members(groups)) == [1, 1, 12, 12]
    assert groups[25] not in groups[:25]


def reviewable(count: int, verdict: Verdict, start: int = 0) -> list[Reviewable]:
    candidates = (Candidate("sku1", 0.5), Candidate("sku2", 0.3))
    return [Reviewable(f"{start + place:064d}", verdict, 0.5, candidates) for place in range(count)]


def random_vectors(count: int, seed: int = 0):
    return normalised(np.random.default_rng(seed).normal(size=(count, 16)))


def chosen(photos, vectors, **policy):
    return choose_questions(photos, vectors, 0.6, ReviewPolicy(**policy), np.random.default_rng(5))


def test_a_night_never_asks_more_than_its_budget_nor_about_one_photo_twice():
    photos = reviewable(80, Verdict.UNSURE) + reviewable(40, Verdict.UNSEEN, 100) + reviewable(30, Verdict.SURE, 200)
    questions = chosen(photos, random_vectors(150), budget=30)
    asked = [sha for question in questions for sha in question.images]
    assert len(questions) == 30
    assert len(asked) == len(set(asked))
    assert sum(question.arm is QuestionArm.RANDOM for question in questions) == 3


def test_near_identical_photos_are_not_asked_about_in_one_night_while_others_wait():
    vectors = random_vectors(10)
    vectors = np.concatenate([np.repeat(vectors[:1], 10, axis=0), vectors[1:]])  # ten copies, nine others
    questions = chosen(reviewable(19, Verdict.UNSURE), vectors.astype(np.float32), budget=10, random_share=0.0)
    copies = {f"{place:064d}" for place in range(10)}
    assert sum(question.images[0] in copies for question in questions) == 1


def test_one_question_asks_about_all_unseen_photos_of_a_product_with_their_pooled_candidates():
    vectors = np.repeat(random_vectors(1), 6, axis=0)
    (question,) = chosen(reviewable(6, Verdict.UNSEEN), vectors, budget=5, random_share=0.0)
    assert question.kind is QuestionKind.ONE_PRODUCT
    assert len(question.images) == 6
    assert [candidate.sku for candidate in question.candidates] == ["sku1", "sku2"]


def test_sure_photos_are_asked_about_by_the_random_arm_alone():
    questions = chosen(reviewable(50, Verdict.SURE), random_vectors(50), budget=20)
    assert {question.arm for question in questions} == {QuestionArm.RANDOM}
    assert len(questions) == 2


def test_no_photo_or_no_budget_asks_nothing():
    assert chosen([], random_vectors(0), budget=10) == []
    assert chosen(reviewable(3, Verdict.UNSURE), random_vectors(3), budget=0) == []


def test_the_same_photos_have_the_same_question_key_in_any_order():
    kind = QuestionKind.ONE_PRODUCT
    assert question_key(kind, ["a", "b"]) == question_key(kind, ["b", "a"])
    assert question_key(kind, ["a"]) != question_key(QuestionKind.WHICH_PRODUCT, ["a"])
