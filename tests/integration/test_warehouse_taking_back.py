"""Statements that are taken back, and questions that are moved on, in a real database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recognition.audit.labels import LabelEvent, resolve_labels
from recognition.vocabulary import LabelKind, LabelOrigin, PictureReason, QuestionArm, QuestionKind, Verdict
from tests.support.warehouses import migrated_warehouse
from warehouse.images import (
    ImageRow,
    MeasuredRow,
    OriginKind,
    OriginRow,
    add_images,
    add_origins,
    store_duplicate_groups,
    store_measurements,
)
from warehouse.labels import (
    LabelEventRow,
    annotators_statements,
    append_label_events,
    label_events,
    spent_annotations,
    withdraw_statements,
)
from warehouse.predictions import PredictionRow, add_predictions, predictions_for_review, unpredicted_camera_images
from warehouse.questions import (
    QuestionRow,
    QuestionStatus,
    StaleQuestion,
    WithdrawReason,
    add_questions,
    forget_tasks,
    mark_closed,
    mark_pushed,
    mark_settled,
    photos_to_ask_alone,
    question,
    reopen,
    stale_questions,
    take_back,
    withdrawn_tasks,
)
from warehouse.session import Session
from warehouse.snapshot import publish_snapshot, query_snapshot
from warehouse.status import loop_status

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
TEA = LabelEventRow("e1", "a", LabelKind.SKU, "tea", LabelOrigin.ANNOTATOR, "ann", NOON, "q1", 7)
MATE = replace(TEA, event_id="e2", sku="mate", at=LATER)
ASKED = QuestionRow(
    "q1", QuestionKind.ONE_PRODUCT, QuestionArm.UNSEEN, "run1", "n1", "r1", None, 0.5, "a cluster", NOON, ("a", "b"), ()
)  # fmt: skip
BELIEF = PredictionRow("a", "r2", "run1", "n1", "tea", 0.9, 0.7, Verdict.SURE, (("tea", 0.9),), NOON)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Session]:
    warehouse = migrated_warehouse(tmp_path / "w.duckdb")
    with warehouse.write() as session:
        add_images(session, [ImageRow(sha, f"{sha}.jpg", 1, "JPEG", "run1") for sha in "abc"])
        add_origins(session, [OriginRow(sha, "inbox", sha, None, OriginKind.CAMERA, "c1", NOON) for sha in "abc"])
        store_measurements(session, [MeasuredRow(sha, 9, 9, 1.0, 1.0, 1.0, 1, PictureReason.OK) for sha in "abc"])
        yield session


def stale(db: Session) -> list[tuple[str, WithdrawReason]]:
    return [(row.question_key, row.reason) for row in stale_questions(db, "r2")]


def test_what_was_said_before_counts_again_and_nothing_is_erased(db: Session) -> None:
    append_label_events(db, [TEA, MATE])
    assert resolve_labels(label_events(db))["a"].sku == "mate"

    assert withdraw_statements(db, [MATE], "somebody", LATER) == 1
    assert withdraw_statements(db, [MATE], "somebody", LATER + timedelta(days=1)) == 0, "twice is once"

    assert label_events(db) == [LabelEvent("a", LabelKind.SKU, "tea", LabelOrigin.ANNOTATOR, "ann", NOON, 1)]
    assert annotators_statements(db) == [TEA]
    assert append_label_events(db, [MATE]) == 0, "a pull that meets it again does not bring it back"
    assert spent_annotations(db) == set(), "its annotation said something else before"


def test_a_photo_whose_only_label_was_taken_back_is_an_unlabelled_photo(db: Session) -> None:
    append_label_events(db, [TEA])
    add_predictions(db, [BELIEF])
    assert {image.sha256 for image in unpredicted_camera_images(db, "r3")} == {"b", "c"}
    assert predictions_for_review(db, "r2") == []

    withdraw_statements(db, [TEA], "somebody", LATER)

    assert {image.sha256 for image in unpredicted_camera_images(db, "r3")} == {"a", "b", "c"}
    assert [row.sha256 for row in predictions_for_review(db, "r2")] == ["a"]
    assert loop_status(db).unlabelled == 3
    assert spent_annotations(db) == {("q1", 7)}


def test_the_newest_answer_decides_whether_a_group_is_one_product(db: Session) -> None:
    add_questions(db, [ASKED])
    assert mark_settled(db, ["q1"], QuestionStatus.DISSOLVED) == 1
    assert mark_settled(db, ["q1"], QuestionStatus.DISSOLVED) == 0
    assert photos_to_ask_alone(db) == {"a", "b"}
    assert add_questions(db, [ASKED]) == 0, "the same group is never asked about again"

    mark_settled(db, ["q1"], QuestionStatus.ANSWERED)
    assert photos_to_ask_alone(db) == set()


def test_a_question_that_was_withdrawn_stays_so_whatever_old_answer_is_met_again(db: Session) -> None:
    add_questions(db, [ASKED])
    mark_closed(db, ["q1"], QuestionStatus.WITHDRAWN)
    assert mark_settled(db, ["q1"], QuestionStatus.ANSWERED) == 0


def test_an_answered_question_can_wait_again_or_be_given_up(db: Session) -> None:
    add_questions(db, [ASKED, replace(ASKED, question_key="q2")])
    mark_pushed(db, {"q1": 11, "q2": 12})
    assert reopen(db, ["q1"]) == 0
    mark_settled(db, ["q1", "q2"], QuestionStatus.ANSWERED)

    assert (reopen(db, ["q1"]), take_back(db, ["q2"], QuestionStatus.LOST)) == (1, 1)

    first, second = question(db, "q1"), question(db, "q2")
    assert first is not None
    assert second is not None
    assert (first.status, first.closed_at, second.status) == (QuestionStatus.OPEN, None, QuestionStatus.LOST)


def test_photos_of_a_withdrawn_question_wait_until_its_task_is_gone(db: Session) -> None:
    add_questions(db, [ASKED])
    add_predictions(db, [BELIEF])
    mark_pushed(db, {"q1": 11})
    mark_closed(db, ["q1"], QuestionStatus.WITHDRAWN)
    assert withdrawn_tasks(db) == {"q1": 11}
    assert predictions_for_review(db, "r2") == []

    forget_tasks(db, ["q1"])

    assert withdrawn_tasks(db) == {}
    assert [row.sha256 for row in predictions_for_review(db, "r2")] == ["a"]


def test_a_question_is_stale_once_the_release_is_sure_of_all_its_photos(db: Session) -> None:
    add_questions(db, [ASKED])
    add_predictions(db, [BELIEF, replace(BELIEF, sha256="b", release_id="r1")])
    assert stale(db) == []

    add_predictions(db, [replace(BELIEF, sha256="b")])
    assert stale(db) == [("q1", WithdrawReason.SURE_NOW)]

    mark_pushed(db, {"q1": 11})
    assert stale_questions(db, "r2") == [StaleQuestion("q1", 11, WithdrawReason.SURE_NOW)]
    mark_closed(db, ["q1"], QuestionStatus.ANSWERED)
    assert stale(db) == []


def test_the_random_arm_keeps_its_sure_photos_or_it_would_measure_nothing(db: Session) -> None:
    add_questions(db, [replace(ASKED, arm=QuestionArm.RANDOM, images=("a",))])
    add_predictions(db, [BELIEF])
    assert stale(db) == []

    append_label_events(db, [replace(TEA, question_key="another")])
    assert stale(db) == [("q1", WithdrawReason.LABELLED_ELSEWHERE)]


def test_a_question_is_stale_once_a_photo_of_it_has_a_label_from_elsewhere(db: Session) -> None:
    add_questions(db, [ASKED])
    append_label_events(db, [TEA])
    assert stale(db) == [], "the question's own answer is no reason"

    shop = LabelEventRow("e9", "b", LabelKind.SKU, "tea", LabelOrigin.CATALOGUE, "shop", NOON)
    append_label_events(db, [shop])
    assert stale(db) == [("q1", WithdrawReason.LABELLED_ELSEWHERE)]

    withdraw_statements(db, [shop], "somebody", LATER)
    assert stale(db) == []


def test_the_views_of_the_data_team_leave_out_what_was_taken_back(tmp_path: Path) -> None:
    warehouse, folder = migrated_warehouse(tmp_path / "views.duckdb"), tmp_path / "snapshot"
    with warehouse.write() as db:
        append_label_events(db, [TEA, replace(MATE, sha256="b")])
        store_duplicate_groups(db, {"a": "a", "b": "a"})
        withdraw_statements(db, [TEA], "somebody", LATER)
    publish_snapshot(warehouse, folder)

    asked = [
        query_snapshot(folder / "skuloop.duckdb", query).rows
        for query in ("SELECT event_id FROM label_standing", "SELECT skus FROM duplicate_groups")
    ]

    assert asked == [[("e2",)], [(["mate"],)]]
