"""What people answered, in a real database: how long it took, how well they knew, what waits to be taught."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recognition.audit.consensus import GoldenRecord
from recognition.vocabulary import LabelKind, LabelOrigin, QuestionArm, QuestionKind, RunStatus
from tests.support.warehouses import migrated_warehouse
from warehouse.answers import AnswerRow, add_answers, answer_seconds, golden_results, untaught_answers
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.questions import (
    QuestionRow,
    QuestionStatus,
    WithdrawReason,
    add_questions,
    answered_sheets,
    asked_about,
    asked_in,
    mark_settled,
    stale_questions,
)
from warehouse.runs import RunRow, finish_run, start_run
from warehouse.session import Session
from warehouse.suspicions import SuspicionRow, add_suspicions, suspicions

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
GOLDEN = QuestionRow(
    "g", QuestionKind.WHICH_PRODUCT, QuestionArm.GOLDEN, "run1", "n1", "r1", None, 1.0, "", NOON, ("a",), ()
)
LABEL = LabelEventRow("e", "a", LabelKind.SKU, "tea", LabelOrigin.CATALOGUE, "shop", NOON)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Session]:
    warehouse = migrated_warehouse(tmp_path / "w.duckdb")
    with warehouse.write() as session:
        add_questions(session, [GOLDEN])
        append_label_events(session, [LABEL])
        yield session


def answer(number: int, who: str, sku: str | None, key: str = "g", minute: int = 0, run: str = "pull") -> AnswerRow:
    at = NOON + timedelta(minutes=minute)
    return AnswerRow(number, at, key, who, "sku" if sku else "bad_photo", sku, 4.0, run)


def run(db: Session, run_id: str, flow: str, hour: int, status: RunStatus = RunStatus.COMPLETED) -> None:
    start_run(db, RunRow(run_id, flow, run_id, 1, "host", NOON + timedelta(hours=hour)))
    finish_run(db, run_id, status)


def test_an_answer_that_is_delivered_three_times_is_one_and_an_edited_one_is_another(db: Session) -> None:
    assert add_answers(db, [answer(1, "ada", "tea")] * 3) == 1
    assert add_answers(db, [answer(1, "ada", "jam", minute=5)]) == 1
    assert answer_seconds(db) == {QuestionKind.WHICH_PRODUCT: [4.0, 4.0]}


def test_golden_questions_are_judged_by_the_label_and_the_last_form_of_an_answer(db: Session) -> None:
    said = [
        answer(1, "ada", "jam"),
        answer(1, "ada", "tea", minute=1),
        answer(2, "bob", "jam"),
        answer(3, "bob", None),
    ]
    add_answers(db, said)
    assert golden_results(db) == {"ada": GoldenRecord(right=1), "bob": GoldenRecord(wrong=2)}


def test_what_was_pulled_since_the_last_good_cycle_began_waits_to_be_taught(db: Session) -> None:
    run(db, "pull", "answers", 1)
    add_answers(db, [answer(1, "ada", "tea"), answer(2, "bob", "tea", minute=3)])
    assert untaught_answers(db) == (1, NOON), "one question, however many answered it"
    run(db, "broken", "cycle", 2, RunStatus.FAILED)
    assert untaught_answers(db)[0] == 1, "a cycle that failed taught nothing"
    run(db, "cycle", "cycle", 3)
    add_answers(db, [answer(3, "cyd", "tea", minute=9, run="cycle")])
    assert untaught_answers(db) == (0, None), "a cycle is taught what it pulls itself"
    run(db, "later", "answers", 4)
    add_answers(db, [answer(4, "ada", "tea", minute=20, run="later")])
    assert untaught_answers(db) == (1, NOON + timedelta(minutes=20))


def test_a_night_knows_what_it_asked_and_what_became_of_its_sheets(db: Session) -> None:
    sheet = replace(GOLDEN, kind=QuestionKind.ONE_PRODUCT, arm=QuestionArm.UNSEEN)
    sheets = [replace(sheet, question_key=f"s{place}", images=(f"x{place}", f"y{place}")) for place in range(3)]
    add_questions(db, sheets)
    assert asked_in(db, "n1") == {QuestionKind.WHICH_PRODUCT: 1, QuestionKind.ONE_PRODUCT: 3}
    mark_settled(db, ["s0", "s1"], QuestionStatus.ANSWERED)
    mark_settled(db, ["s2"], QuestionStatus.DISSOLVED)
    assert answered_sheets(db) == (2, 1)
    assert asked_about(db, [QuestionKind.WHICH_PRODUCT]) == {"a"}


def test_a_question_about_a_label_waits_while_the_label_is_in_doubt_and_a_golden_one_always(db: Session) -> None:
    doubt = replace(GOLDEN, question_key="d", kind=QuestionKind.RIGHT_LABEL, arm=QuestionArm.SUSPECT)
    add_questions(db, [doubt])
    assert stale_questions(db, "r2", {"a"}) == []
    (row,) = stale_questions(db, "r2")
    assert (row.question_key, row.reason) == ("d", WithdrawReason.NO_DOUBT_LEFT)


def test_suspicions_are_those_of_one_training_the_strongest_first(db: Session) -> None:
    weak, strong = SuspicionRow("a", "tea", "jam", 0.2), SuspicionRow("b", "tea", "jam", 0.9)
    assert (add_suspicions(db, "t1", [weak, strong]), add_suspicions(db, "t1", [weak])) == (2, 0)
    add_suspicions(db, "t2", [replace(weak, score=0.5)])
    assert suspicions(db, "t1") == [strong, weak]
