"""The simulated annotator of the demo, on a real Label Studio."""

import logging

import numpy as np
import pytest

from labelling.payloads import AnswerKind, Candidate, Question
from labelling.sync import pull, push
from recognition.vocabulary import QuestionKind
from skuloop.demo.annotator import AnnotatorReport, answer_open_questions, true_answer
from tests.conftest import LabelStudioUnderTest

pytestmark = pytest.mark.slow

CANDIDATES = (Candidate("TEA", "Tea", 0.6), Candidate("COFFEE", "Coffee", 0.3))
KNOWN = {"TEA", "COFFEE", "COCOA"}
TRUTH = {"a": "TEA", "b": "COCOA", "c": "SECRET-7", "d": None, "g1": "COFFEE", "g2": "TEA", "g3": "COFFEE"}
NAMES = {"SECRET-7": "Blue Soap"}


def question(key: str, *images: str, candidates: tuple[Candidate, ...] = CANDIDATES) -> Question:
    return Question(
        key=key,
        kind=QuestionKind.ONE_PRODUCT if len(images) > 1 else QuestionKind.WHICH_PRODUCT,
        images=images,
        sheet="ab/photo.jpg",
        references="ab/photo.jpg",
        candidates=candidates,
        prompt="Which product is this?",
        release_id="r1",
    )


QUESTIONS = [
    question("tea", "a"),
    question("cocoa", "b"),
    question("secret", "c"),
    question("nothing", "d"),
    question("blurred", "z"),
    question("group", "g1", "g2", "g3"),
]


def test_every_open_question_is_answered_as_the_truth_says_and_only_once(
    label_studio: LabelStudioUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    client, project = label_studio.client(), label_studio.project()
    push(client, project, QUESTIONS)
    told: list[tuple[int, int]] = []

    with caplog.at_level(logging.DEBUG, logger="skuloop"):
        report = answer_open_questions(
            client, project, TRUTH, NAMES, np.random.default_rng(0), on_progress=lambda *step: told.append(step)
        )
    again = answer_open_questions(client, project, TRUTH, NAMES, np.random.default_rng(0))

    assert report == AnnotatorReport(answered=6, new_products=1, not_products=1, bad_photos=1)
    assert again == AnnotatorReport()
    assert told == [(done, 6) for done in range(1, 7)]
    assert caplog.messages
    assert all("SIMULATED" in message for message in caplog.messages)
    found = pull(client, project, None, KNOWN)
    assert not found.rejected
    assert {answer.question_key: (answer.kind, answer.sku, answer.product_name) for answer in found.answers} == {
        "tea": (AnswerKind.SKU, "TEA", None),
        "cocoa": (AnswerKind.SKU, "COCOA", None),
        "secret": (AnswerKind.NEW_PRODUCT, None, "Blue Soap"),
        "nothing": (AnswerKind.NOT_A_PRODUCT, None, None),
        "blurred": (AnswerKind.BAD_PHOTO, None, None),
        "group": (AnswerKind.SKU, "COFFEE", None),
    }


def test_whoever_looks_at_an_annotation_sees_that_it_is_simulated(label_studio: LabelStudioUnderTest) -> None:
    client, project = label_studio.client(), label_studio.project()
    task_id = push(client, project, [question("tea", "a")])["tea"]
    answer_open_questions(client, project, TRUTH, NAMES, np.random.default_rng(0))

    (annotation,) = label_studio.request("GET", f"/api/tasks/{task_id}/annotations/").json()

    assert all("SIMULATED annotator" in part["meta"]["text"] for part in annotation["result"])


def test_mistakes_are_made_at_the_given_rate_the_same_ones_each_time_and_are_counted(
    label_studio: LabelStudioUnderTest,
) -> None:
    client = label_studio.client()
    said = []
    for _ in range(2):
        project = label_studio.project()
        push(client, project, [question(f"q{number:02}", "a") for number in range(30)])
        report = answer_open_questions(client, project, TRUTH, NAMES, np.random.default_rng(5), error_rate=0.3)
        found = pull(client, project, None, KNOWN)
        said.append({answer.question_key: answer.sku for answer in found.answers})
        assert report.mistakes == sum(sku != "TEA" for sku in said[-1].values())
        assert 0 < report.mistakes < 30
    assert said[0] == said[1]


def test_a_task_that_somebody_else_imported_is_left_alone(label_studio: LabelStudioUnderTest) -> None:
    client, project = label_studio.client(), label_studio.project()
    foreign = {"data": {"prompt": "?", "sheet": "x.jpg", "references": "x.jpg", "choices": [], "photos": []}}
    label_studio.request("POST", f"/api/projects/{project}/import", json=[foreign]).raise_for_status()

    report = answer_open_questions(client, project, TRUTH, NAMES, np.random.default_rng(0))

    assert report == AnnotatorReport(foreign=1)


def test_a_product_that_was_named_before_is_recognised_among_the_candidates() -> None:
    named = question("secret", "c", candidates=(Candidate("new-blue-soap", "Blue Soap", 0.9),))
    answer = true_answer(named, TRUTH, NAMES)
    assert (answer.kind, answer.sku) == (AnswerKind.SKU, "new-blue-soap")
