"""Questions and answers against a real Label Studio: what is lost, doubled, edited, deleted or nonsense."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from labelling import client as client_module
from labelling import sync
from labelling.errors import LabelStudioDownError
from labelling.payloads import AnswerKind, Candidate, Question, answer_result
from labelling.sync import lost_keys, pull, push
from recognition.vocabulary import AnswerReason, QuestionKind
from tests.conftest import LabelStudioUnderTest

pytestmark = pytest.mark.slow

KNOWN = {"OAT-1", "SOAP-2", "TEA-3"}


def question(key: str) -> Question:
    return Question(
        key=key,
        kind=QuestionKind.WHICH_PRODUCT,
        images=("a" * 64,),
        sheet="ab/photo.jpg",
        references="ab/photo.jpg",
        candidates=(
            Candidate("OAT-1", 'Oat <b onclick="x">milk</b> & "co" 牛奶', 0.75),
            Candidate("SOAP-2", "Soap", 0.5),
        ),
        prompt="Which product is this?",
        release_id="r-7",
    )


def questions(count: int) -> list[Question]:
    return [question(f"q-{number}") for number in range(count)]


def answer(site: LabelStudioUnderTest, task_id: int, result: Sequence[dict[str, Any]]) -> None:
    assert site.client().submit_annotation(task_id, result, str(uuid4()), 1.5)


def all_tasks(site: LabelStudioUnderTest, project: int) -> int:
    return sum(1 for _ in site.client().tasks_updated_since(project, None))


class Interrupted(httpx.HTTPTransport):
    """The real network, but for what happens around an import."""

    def __init__(self, *, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None) -> None:
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))
        self._before, self._after = before, after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/import"):
            return super().handle_request(request)
        self._before()
        response = super().handle_request(request)
        response.read()
        response.close()
        self._after()
        return response


def cut() -> None:
    raise httpx.ReadError("the line is cut")


def test_pushing_twice_asks_nobody_twice(label_studio: LabelStudioUnderTest) -> None:
    project = label_studio.project()

    first = push(label_studio.client(), project, questions(3))
    second = push(label_studio.client(), project, [*questions(5), *questions(5)])

    assert first.items() <= second.items()
    assert set(second) == {"q-0", "q-1", "q-2", "q-3", "q-4"}
    assert all_tasks(label_studio, project) == 5


def test_an_import_whose_answer_is_lost_asks_nobody_twice(
    label_studio: LabelStudioUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = label_studio.project()
    monkeypatch.setattr(sync, "_BATCH", 2)

    pushed = push(label_studio.client(Interrupted(after=cut)), project, questions(5))

    assert set(pushed) == {f"q-{number}" for number in range(5)}
    assert all_tasks(label_studio, project) == 5


def test_an_import_that_breaks_off_halfway_is_told_and_completed_by_the_next_push(
    label_studio: LabelStudioUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = label_studio.project()
    monkeypatch.setattr(sync, "_BATCH", 2)
    lives = iter([None, None])

    def die_later() -> None:
        if next(lives, cut) is cut:
            cut()

    with pytest.raises(LabelStudioDownError):
        push(label_studio.client(Interrupted(before=die_later)), project, questions(6))
    assert all_tasks(label_studio, project) == 4

    assert len(push(label_studio.client(), project, questions(6))) == 6
    assert all_tasks(label_studio, project) == 6


def test_answers_are_pulled_as_they_were_meant(label_studio: LabelStudioUnderTest) -> None:
    project = label_studio.project()
    asked = questions(6)
    tasks = push(label_studio.client(), project, asked)
    said: list[tuple[AnswerKind, str | None, str | None]] = [
        (AnswerKind.SKU, "SOAP-2", None),
        (AnswerKind.SKU, "TEA-3", None),
        (AnswerKind.NEW_PRODUCT, None, "Rye crackers"),
        (AnswerKind.NOT_A_PRODUCT, None, None),
        (AnswerKind.BAD_PHOTO, None, None),
    ]
    for one, (kind, sku, name) in zip(asked, said, strict=False):
        answer(label_studio, tasks[one.key], answer_result(one, kind, sku, name))

    found = pull(label_studio.client(), project, None, KNOWN)

    assert [(reply.kind, reply.sku, reply.product_name) for reply in found.answers] == said
    assert [reply.question_key for reply in found.answers] == [f"q-{number}" for number in range(5)]
    assert {reply.annotator for reply in found.answers} == {label_studio.info.username}
    assert found.rejected == ()
    assert [task.data["question_key"] for task in label_studio.client().open_tasks(project)] == ["q-5"]


def test_a_pull_brings_what_is_new_and_repeating_it_changes_nothing(
    label_studio: LabelStudioUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, client = label_studio.project(), label_studio.client()
    asked = questions(2)
    tasks = push(client, project, asked)
    answer(label_studio, tasks["q-0"], answer_result(asked[0], AnswerKind.SKU, "OAT-1"))
    first = pull(client, project, None, KNOWN)
    assert pull(client, project, first.cursor, KNOWN) == first  # within the overlap everything comes again

    monkeypatch.setattr(sync, "_OVERLAP", timedelta(0))
    answer(label_studio, tasks["q-1"], answer_result(asked[1], AnswerKind.BAD_PHOTO))
    second = pull(client, project, first.cursor, KNOWN)
    third = pull(client, project, second.cursor, KNOWN)

    assert [reply.question_key for reply in second.answers if reply not in first.answers] == ["q-1"]
    assert third.cursor == second.cursor
    assert third.seen_tasks == 1  # the one that the cursor stands on


def test_an_unreadable_cursor_costs_a_full_pull_and_no_answer(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(1))
    answer(label_studio, tasks["q-0"], answer_result(question("q-0"), AnswerKind.SKU, "OAT-1"))

    assert len(pull(client, project, "last tuesday", KNOWN).answers) == 1


def test_a_project_without_tasks_leaves_the_cursor_alone(label_studio: LabelStudioUnderTest) -> None:
    project = label_studio.project()

    assert pull(label_studio.client(), project, None, KNOWN).cursor is None


def test_an_edited_answer_is_a_newer_answer_of_the_same_annotation(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(1))
    answer(label_studio, tasks["q-0"], answer_result(question("q-0"), AnswerKind.SKU, "OAT-1"))
    before = pull(client, project, None, KNOWN)

    edited = {"result": answer_result(question("q-0"), AnswerKind.SKU, "SOAP-2")}
    path = f"/api/annotations/{before.answers[0].annotation_id}/"
    label_studio.request("PATCH", path, json=edited).raise_for_status()
    after = pull(client, project, before.cursor, KNOWN)

    assert [reply.sku for reply in after.answers] == ["SOAP-2"]
    assert after.answers[0].annotation_id == before.answers[0].annotation_id
    assert after.answers[0].at > before.answers[0].at
    assert after.cursor is not None
    assert before.cursor is not None
    assert after.cursor > before.cursor


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (
            [{"from_name": "answer", "to_name": "sheet", "type": "choices", "value": {"choices": ["sku:NO-SUCH"]}}],
            AnswerReason.UNKNOWN_CLASS,
        ),
        (
            [{"from_name": "nobody", "to_name": "sheet", "type": "choices", "value": {"choices": ["sku:OAT-1"]}}],
            AnswerReason.MALFORMED,
        ),
        ([{"lorem": "ipsum"}], AnswerReason.MALFORMED),
        ([], AnswerReason.MALFORMED),
    ],
)
def test_nonsense_that_label_studio_accepts_becomes_a_rejected_answer(
    label_studio: LabelStudioUnderTest, result: list[dict[str, Any]], reason: AnswerReason
) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(1))
    answer(label_studio, tasks["q-0"], result)

    found = pull(client, project, None, KNOWN)

    assert found.answers == ()
    assert [(row.reason, row.question_key, row.task_id) for row in found.rejected] == [(reason, "q-0", tasks["q-0"])]


def test_an_answer_to_a_task_that_a_person_imported_is_set_aside(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    fields = {"sheet": "https://shop.example/x.jpg", "references": "", "prompt": "?", "choices": [], "photos": []}
    client.import_tasks(project, [{"data": fields}])
    (task,) = client.open_tasks(project)
    answer(label_studio, task.task_id, answer_result(question("q-0"), AnswerKind.SKU, "OAT-1"))

    found = pull(client, project, None, KNOWN)

    assert [row.reason for row in found.rejected] == [AnswerReason.UNKNOWN_TASK]


def test_a_skipped_question_is_not_open_and_not_answered(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(1))
    skip = {"result": [], "was_cancelled": True}
    label_studio.request("POST", f"/api/tasks/{tasks['q-0']}/annotations/", json=skip).raise_for_status()

    found = pull(client, project, None, KNOWN)

    assert (found.answers, found.rejected, found.seen_tasks) == ((), (), 1)
    assert list(client.open_tasks(project)) == []


def test_an_answer_that_is_delivered_twice_counts_once(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    task_id = push(client, project, questions(1))["q-0"]
    result, unique_id = answer_result(question("q-0"), AnswerKind.SKU, "OAT-1"), str(uuid4())

    assert client.submit_annotation(task_id, result, unique_id, 1.0)
    assert not client.submit_annotation(task_id, result, unique_id, 1.0)

    assert len(pull(client, project, None, KNOWN).answers) == 1


def test_a_task_that_is_deleted_in_label_studio_is_found_lost(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(3))
    client.delete_tasks(project, [tasks["q-1"], 10**9])
    client.delete_tasks(project, [])

    assert lost_keys(client.task_states(project), ["q-0", "q-1", "q-2"]) == {"q-1"}


def test_a_project_that_is_deleted_in_label_studio_is_rebuilt_from_our_questions(
    label_studio: LabelStudioUnderTest,
) -> None:
    title = f"test {uuid4()}"
    project, client = label_studio.project(title), label_studio.client()
    before = push(client, project, questions(3))
    label_studio.request("DELETE", f"/api/projects/{project}/").raise_for_status()

    rebuilt = label_studio.project(title)
    assert rebuilt != project
    assert lost_keys(client.task_states(rebuilt), before) == set(before)
    after = push(client, rebuilt, questions(3))

    assert set(after) == set(before)
    assert all_tasks(label_studio, rebuilt) == 3


def test_tasks_of_many_pages_are_each_met_once(
    label_studio: LabelStudioUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(23))
    monkeypatch.setattr(client_module, "_PAGE", 4)

    assert client.task_ids_by_key(project) == tasks
    assert sorted(task.task_id for task in client.tasks_updated_since(project, None)) == sorted(tasks.values())
    assert [task.task_id for task in client.open_tasks(project)] == sorted(tasks.values())


def test_an_answer_that_is_given_while_we_pull_is_not_passed_over(
    label_studio: LabelStudioUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(12))
    monkeypatch.setattr(client_module, "_PAGE", 4)

    met = []
    for task in client.tasks_updated_since(project, None):
        if not met:  # the very first page is read: its tasks move to the end
            for key in ("q-0", "q-1", "q-2"):
                answer(label_studio, tasks[key], answer_result(question(key), AnswerKind.SKU, "OAT-1"))
        met.append(task)

    assert {task.task_id for task in met} == set(tasks.values())
    answered = {task.data["question_key"] for task in met if task.annotations}
    assert answered == {"q-0", "q-1", "q-2"}


def test_tasks_that_share_one_moment_do_not_stop_the_walk(
    label_studio: LabelStudioUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, questions(12))
    with closing(sqlite3.connect(label_studio.data_dir / "label_studio.sqlite3")) as database, database:
        moment = "UPDATE task SET updated_at = '2026-01-01 00:00:00.123456' WHERE project_id = ?"
        database.execute(moment, (project,))
    monkeypatch.setattr(client_module, "_PAGE", 4)

    assert {task.task_id for task in client.tasks_updated_since(project, None)} == set(tasks.values())
