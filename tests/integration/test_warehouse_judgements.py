"""Labels, audits, predictions and questions in a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recognition.audit.labels import LabelEvent
from recognition.vocabulary import (
    AnswerReason,
    LabelKind,
    LabelOrigin,
    Part,
    PictureReason,
    QuestionArm,
    QuestionKind,
    Tier,
    TierReason,
    Verdict,
)
from tests.support.warehouses import migrated_warehouse
from warehouse.audits import ClassAuditRow, append_class_audits, class_rows, current_tiers, parts, store_parts
from warehouse.errors import WarehouseError
from warehouse.images import ImageRow, MeasuredRow, OriginKind, OriginRow, add_images, add_origins, store_measurements
from warehouse.labels import (
    LabelEventRow,
    RejectedAnswerRow,
    append_label_events,
    append_rejected_answers,
    label_events,
)
from warehouse.predictions import (
    PredictionRow,
    add_predictions,
    night_verdicts,
    predictions_for_review,
    unpredicted_camera_images,
)
from warehouse.questions import (
    QuestionRow,
    QuestionStatus,
    add_questions,
    get_cursor,
    mark_closed,
    mark_pushed,
    open_questions,
    pending_questions,
    question,
    questions_by_key,
    set_cursor,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SAID = LabelEventRow("e1", "a", LabelKind.SKU, "tea", LabelOrigin.ANNOTATOR, "ann", NOON, "q1", 7)
FOUND = ClassAuditRow("tea", 49, 60, 1, 2, Tier.GALLERY, TierReason.TOO_FEW_SAMPLES, NOON)
BELIEF = PredictionRow("a", "r1", "run1", "n1", "tea", 0.4, 0.7, Verdict.UNSURE, (("tea", 0.4), ("mate", 0.3)), NOON)
ASKED = QuestionRow(
    "q1", QuestionKind.ONE_PRODUCT, QuestionArm.UNSEEN, "run1", "n1", "r1", "sheet.jpg", 0.5, "a cluster nobody knows",
    NOON, images=("b", "a"), candidates=(("tea", 0.4), ("mate", 0.3)),
)  # fmt: skip


@pytest.fixture
def db(tmp_path: Path):
    warehouse = migrated_warehouse(tmp_path / "w.duckdb")
    with warehouse.write() as session:
        yield session


def store_camera_photos(db, *shas: str) -> None:
    add_images(db, [ImageRow(sha, f"{sha}.jpg", 1, "JPEG", "run1") for sha in shas])
    add_origins(db, [OriginRow(sha, "inbox", sha, None, OriginKind.CAMERA, "c1", NOON) for sha in shas])
    store_measurements(db, [MeasuredRow(sha, 9, 9, 1.0, 1.0, 1.0, 1, PictureReason.OK) for sha in shas])


def test_an_answer_pulled_twice_is_one_label(db):
    assert (append_label_events(db, [SAID, SAID]), append_label_events(db, [SAID])) == (1, 0)
    assert label_events(db) == [LabelEvent("a", LabelKind.SKU, "tea", LabelOrigin.ANNOTATOR, "ann", NOON, 1)]


def test_labels_keep_the_order_in_which_they_came_whatever_their_clocks_say(db):
    append_label_events(db, [replace(SAID, event_id=f"e{n}", at=NOON.replace(hour=20 - n)) for n in range(5)])
    append_label_events(db, [SAID, replace(SAID, event_id="e9", at=NOON.replace(hour=1))])
    assert [(event.seq, event.at.hour) for event in label_events(db)] == [
        (1, 20),
        (2, 19),
        (3, 18),
        (4, 17),
        (5, 16),
        (6, 1),
    ]


@pytest.mark.parametrize(("kind", "sku"), [(LabelKind.SKU, None), (LabelKind.BAD_PHOTO, "tea")])
def test_a_label_that_nobody_could_read_back_never_gets_in(kind, sku):
    with pytest.raises(WarehouseError, match="only the kind 'sku' names a SKU"):
        replace(SAID, kind=kind, sku=sku)


def test_a_bad_answer_is_set_aside_once_for_each_reason(db):
    bad = RejectedAnswerRow(7, 3, None, AnswerReason.MALFORMED, "no choices", NOON)
    assert append_rejected_answers(db, [bad, bad, replace(bad, reason=AnswerReason.UNKNOWN_TASK)]) == 2
    assert append_rejected_answers(db, [bad]) == 0


def test_the_split_is_stored_and_a_moved_image_moves(db):
    assert store_parts(db, {"a": Part.HOLDOUT, "b": Part.TRAIN}) == 2
    assert store_parts(db, {"a": Part.HOLDOUT}) == 0
    assert store_parts(db, {"a": Part.TRAIN}) == 1
    assert parts(db) == {"a": Part.TRAIN, "b": Part.TRAIN}


def test_an_audit_leaves_rows_only_where_a_class_changed(db):
    other = replace(FOUND, sku="mate")
    assert append_class_audits(db, "run1", [FOUND, other]) == 2
    assert append_class_audits(db, "run2", [replace(FOUND, decided_at=NOON.replace(day=5)), other]) == 0
    promoted = replace(FOUND, samples=50, tier=Tier.TRAINED, reason=TierReason.ENOUGH_SAMPLES)
    assert append_class_audits(db, "run3", [promoted, other]) == 1
    assert append_class_audits(db, "run3", [promoted, other]) == 0
    assert class_rows(db) == [other, promoted]
    assert current_tiers(db) == {"tea": Tier.TRAINED, "mate": Tier.GALLERY}


def test_a_release_judges_a_photo_once(db):
    assert (add_predictions(db, [BELIEF, BELIEF]), add_predictions(db, [replace(BELIEF, confidence=0.9)])) == (1, 0)
    assert add_predictions(db, [replace(BELIEF, release_id="r2", sku=None, verdict=Verdict.UNSEEN, candidates=())]) == 1
    assert night_verdicts(db, "another") == dict.fromkeys(Verdict, 0)


def test_a_backlog_judged_again_by_a_new_release_does_not_count_for_the_new_night(db):
    add_predictions(db, [BELIEF])
    later = {"release_id": "r2", "night_id": "n2", "predicted_at": BELIEF.predicted_at + timedelta(days=1)}
    new_photo = replace(BELIEF, sha256="b", verdict=Verdict.SURE, **later)
    add_predictions(db, [replace(BELIEF, **later), new_photo])
    assert night_verdicts(db, "n1") == {Verdict.SURE: 0, Verdict.UNSURE: 1, Verdict.UNSEEN: 0}
    assert night_verdicts(db, "n2") == {Verdict.SURE: 1, Verdict.UNSURE: 0, Verdict.UNSEEN: 0}


def test_only_photos_a_release_has_not_judged_are_recognised_again(db):
    store_camera_photos(db, "a", "b")
    add_predictions(db, [BELIEF])
    assert [row.sha256 for row in unpredicted_camera_images(db, "r1")] == ["b"]
    assert [row.sha256 for row in unpredicted_camera_images(db, "r2")] == ["a", "b"]


def test_nobody_is_asked_about_a_photo_that_is_labelled_or_asked_about_already(db):
    store_camera_photos(db, "a", "b", "c", "d")
    beliefs = [replace(BELIEF, sha256=sha) for sha in "abcd"]
    add_predictions(db, beliefs)
    add_questions(db, [ASKED])
    append_label_events(db, [replace(SAID, sha256="c")])
    for status in ("pending", "open", "answered"):
        assert predictions_for_review(db, "r1") == [beliefs[3]], status
        mark_pushed(db, {"q1": 11})
        if status == "open":
            mark_closed(db, ["q1"], QuestionStatus.ANSWERED)


def test_a_photo_whose_question_was_lost_may_be_asked_about_again(db):
    store_camera_photos(db, "a", "b")
    add_predictions(db, [BELIEF])
    add_questions(db, [ASKED])
    mark_closed(db, ["q1"], QuestionStatus.LOST)
    assert predictions_for_review(db, "r1") == [BELIEF]
    again = replace(ASKED, night_id="n2", candidates=(("mate", 0.6),))
    assert (add_questions(db, [again]), add_questions(db, [again])) == (1, 0)
    assert question(db, "q1") == again


def test_a_question_is_pushed_and_answered_once(db):
    assert (add_questions(db, [ASKED, ASKED]), add_questions(db, [ASKED])) == (1, 0)
    assert pending_questions(db) == [ASKED]
    assert (mark_pushed(db, {"q1": 11, "unknown": 12}), mark_pushed(db, {"q1": 99})) == (1, 0)
    pushed = replace(ASKED, status=QuestionStatus.OPEN, task_id=11)
    assert (pending_questions(db), open_questions(db)) == ([], [pushed])
    assert (mark_closed(db, ["q1"], QuestionStatus.ANSWERED), mark_closed(db, ["q1"], QuestionStatus.LOST)) == (1, 0)
    closed = question(db, "q1")
    assert closed is not None
    assert (closed.status, closed.task_id, closed.closed_at is not None) == (QuestionStatus.ANSWERED, 11, True)
    assert add_questions(db, [ASKED]) == 0


def test_the_most_worthwhile_question_comes_first_and_a_bare_one_is_whole(db):
    bare = replace(ASKED, question_key="q2", score=0.9, candidates=(), sheet_path=None, release_id=None)
    add_questions(db, [ASKED, bare])
    assert pending_questions(db) == [bare, ASKED]
    assert questions_by_key(db, ["q2", "none"]) == {"q2": bare}
    assert question(db, "none") is None


@pytest.mark.parametrize("status", [QuestionStatus.PENDING, QuestionStatus.OPEN])
def test_a_question_cannot_be_closed_as_not_closed(db, status):
    with pytest.raises(WarehouseError, match="closed as answered, withdrawn or lost"):
        mark_closed(db, ["q1"], status)


def test_a_synchronisation_goes_on_where_it_stopped(db):
    assert get_cursor(db, "pull") is None
    set_cursor(db, "pull", "2026-05-04T12:00:00Z")
    set_cursor(db, "pull", "2026-05-05T12:00:00Z")
    assert get_cursor(db, "pull") == "2026-05-05T12:00:00Z"
