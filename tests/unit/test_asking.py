"""What is asked: groups of unseen photos, the night's questions within their budget, labels that are probably wrong."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from recognition.asking.effort import FEWEST_TIMED, Effort
from recognition.asking.groups import Sheets, alike_cosine, alike_groups, members
from recognition.asking.night import ChosenQuestion, Experience, ReviewPolicy, choose_questions
from recognition.asking.proposals import Doubt, Photo, question_key
from recognition.asking.suspects import find_suspects
from recognition.heads.scoring import Ranking
from recognition.heads.whitening import normalised
from recognition.triage.verdict import Candidate
from recognition.vocabulary import QuestionArm, QuestionKind, Verdict


def test_unseen_photos_of_one_product_become_one_group_and_huge_groups_are_cut_into_sheets():
    random = np.random.default_rng(4)
    first, second = random.normal(size=8), random.normal(size=8)
    vectors = np.stack([first + 0.05 * random.normal(size=8) for _ in range(25)] + [second])
    groups = alike_groups(normalised(vectors), least_cosine=0.8, largest=12)
    assert sorted(len(rows) for rows in members(groups)) == [1, 1, 12, 12]
    assert groups[25] not in groups[:25]


def reviewable(count: int, verdict: Verdict, start: int = 0) -> list[Photo]:
    candidates = (Candidate("sku1", 0.5), Candidate("sku2", 0.3))
    return [Photo(f"{start + place:064d}", verdict, 0.5, candidates) for place in range(count)]


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


def test_photos_of_a_group_that_people_took_apart_are_asked_about_one_by_one():
    photos = [replace(photo, alone=place < 3) for place, photo in enumerate(reviewable(5, Verdict.UNSEEN))]
    vectors = np.ones((5, 4), dtype=np.float32) / 2
    chosen = choose_questions(photos, vectors, 0.5, ReviewPolicy(10, random_share=0.0), np.random.default_rng(0))
    assert sorted(len(question.images) for question in chosen) == [1, 1, 1, 2]
    assert {len(question.images) for question in chosen if question.images[0] < photos[3].sha256} == {1}


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


def arms(questions: list[ChosenQuestion]) -> Counter[QuestionArm]:
    return Counter(question.arm for question in questions)


def doubted(count: int, arm: QuestionArm, start: int) -> list[Photo]:
    doubt = Doubt(arm, ("sku9", "sku1"))
    return [replace(photo, doubt=doubt) for photo in reviewable(count, Verdict.SURE, start)]


def test_the_minutes_of_a_night_bound_it_as_its_questions_do():
    effort = Effort(dict.fromkeys(QuestionKind, 30.0))
    policy = ReviewPolicy(budget=100, minutes=5)
    found = choose_questions(
        reviewable(90, Verdict.UNSURE),
        random_vectors(90),
        0.6,
        policy,
        np.random.default_rng(0),
        Experience(effort=effort),
    )
    assert len(found) == 10
    assert sum(question.seconds for question in found) == 300


def test_what_people_take_replaces_the_guess_once_enough_answers_were_timed():
    guess = Effort()
    slow, few = [20.0] * FEWEST_TIMED, [50.0] * (FEWEST_TIMED - 1)
    timed = Effort.timed({QuestionKind.WHICH_PRODUCT: [*slow, 86_400.0], QuestionKind.ONE_PRODUCT: few})
    assert timed.of(QuestionKind.WHICH_PRODUCT) == 20.0, "a night at home is no answer"
    assert timed.of(QuestionKind.ONE_PRODUCT) == guess.of(QuestionKind.ONE_PRODUCT)


def test_every_reason_to_ask_has_its_share_of_a_night():
    photos = [
        *reviewable(100, Verdict.UNSURE),
        *reviewable(100, Verdict.UNSEEN, 100),
        *doubted(30, QuestionArm.CONFLICT, 300),
        *doubted(30, QuestionArm.SUSPECT, 400),
        *doubted(30, QuestionArm.GOLDEN, 500),
    ]
    found = chosen(photos, random_vectors(290), budget=100, minutes=60)
    assert len(found) == 100
    assert arms(found)[QuestionArm.RANDOM] == 10
    for arm, share in (("unseen", 0.5), ("conflict", 0.05), ("suspect", 0.05), ("golden", 0.05)):
        assert arms(found)[QuestionArm(arm)] / 90 == pytest.approx(share, abs=0.05), arm


def test_the_more_groups_people_took_apart_the_more_alike_must_photos_be_to_stand_on_one_sheet():
    assert alike_cosine(0.6, Sheets(whole=90, mixed=0)) < alike_cosine(0.6, Sheets()) < alike_cosine(0.6, Sheets(0, 90))
    random = np.random.default_rng(0)
    thing = random.normal(size=16)
    vectors = normalised(thing + 0.6 * random.normal(size=(6, 16)))
    photos, policy = reviewable(6, Verdict.UNSEEN), ReviewPolicy(random_share=0.0)

    def questions(sheets: Sheets) -> int:
        return len(choose_questions(photos, vectors, 0.5, policy, np.random.default_rng(0), Experience(sheets=sheets)))

    assert questions(Sheets(whole=90)) < questions(Sheets(mixed=90)) == 6


def test_what_one_arm_cannot_use_the_others_get():
    found = chosen(reviewable(100, Verdict.UNSURE), random_vectors(100), budget=50)
    assert arms(found) == {QuestionArm.UNSURE: 45, QuestionArm.RANDOM: 5}


def test_near_duplicates_are_one_question_in_a_night_even_where_the_control_arm_drew_the_first():
    photos = [replace(photo, group="same") for photo in reviewable(30, Verdict.UNSURE)]
    assert len(chosen(photos, random_vectors(30), budget=20)) == 1


def test_a_class_that_has_nothing_comes_before_one_that_has_much_and_none_takes_the_whole_night():
    poor, rich = (Candidate("poor", 0.5),), (Candidate("rich", 0.5),)
    photos = [
        replace(photo, candidates=poor if place % 2 else rich)
        for place, photo in enumerate(reviewable(40, Verdict.UNSURE))
    ]
    found = choose_questions(
        photos,
        np.eye(40, dtype=np.float32),
        0.6,
        ReviewPolicy(10, random_share=0.0),
        np.random.default_rng(0),
        Experience({"rich": 3}),
    )
    asked = [question.candidates[0].sku for question in found]
    assert asked[0] == "poor"
    assert Counter(asked) == {"poor": 8, "rich": 2}, "as their needs are, four to one"


def test_of_two_equal_doubts_the_one_that_has_waited_longer_is_asked_first():
    photos = reviewable(2, Verdict.UNSURE)
    photos[1] = replace(photos[1], days=7)
    (question,) = chosen(photos, np.eye(2, dtype=np.float32), budget=1, random_share=0.0)
    assert question.images == (photos[1].sha256,)


def test_a_class_that_lacks_few_samples_is_filled_by_one_sheet_even_of_photos_that_are_sure():
    vectors = np.repeat(random_vectors(1), 6, axis=0)
    photos = reviewable(6, Verdict.SURE)
    (question,) = choose_questions(
        photos, vectors, 0.6, ReviewPolicy(random_share=0.0), np.random.default_rng(0), Experience({"sku1": 45})
    )
    assert (question.arm, question.kind, len(question.images)) == (
        QuestionArm.FEW_SAMPLES,
        QuestionKind.ONE_PRODUCT,
        6,
    )


def test_a_question_about_a_label_offers_the_claims_first_and_a_golden_one_looks_like_any_other():
    photos = [*doubted(1, QuestionArm.CONFLICT, 0), *doubted(1, QuestionArm.GOLDEN, 1)]
    found = {question.arm: question for question in chosen(photos, random_vectors(2), budget=9, random_share=0.0)}
    conflict, golden = found[QuestionArm.CONFLICT], found[QuestionArm.GOLDEN]
    assert conflict.kind is QuestionKind.RIGHT_LABEL
    assert [candidate.sku for candidate in conflict.candidates] == ["sku9", "sku1"]
    assert golden.kind is QuestionKind.WHICH_PRODUCT
    assert [candidate.sku for candidate in golden.candidates] == ["sku1", "sku2"], "as the release ranks them"


def test_labels_are_suspected_where_another_class_explains_the_photo_better_and_nowhere_else():
    """Two classes of four photos; the last photo of each has the label of the other, and one is merely hard."""
    rows = np.tile([0, 1], (8, 1))
    first = np.array([0.9, 0.8, 0.55, 0.1, 0.1, 0.2, 0.1, 0.95])
    ranking = Ranking(rows, np.stack([first, 1 - first], axis=1), *np.ones((5, 8)))
    found = find_suspects(ranking, np.array([0, 0, 0, 0, 1, 1, 1, 1]), 2)
    assert found.rows.tolist() == [7, 3]
    assert found.rivals.tolist() == [0, 1]
    assert found.scores == pytest.approx([0.9, 0.8])
