"""Answers that are deleted, taken apart, named or no longer needed: what a night and a cycle make of them.

On a real Label Studio, with a real database; no photo is recognised.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from labelling.client import LabelStudioClient
from labelling.payloads import AnswerKind, Candidate, Question, answer_result
from labelling.sync import missed, push
from recognition.vocabulary import LabelKind, LabelOrigin, PictureReason, QuestionArm, QuestionKind, Verdict
from tasks import tidying
from tasks.answers import AnswersReport, pull_answers
from tasks.label_studio import connect
from tasks.loop import Loop, open_loop
from tasks.revert import revert_labels, what_would_be_reverted
from tasks.settings import load_settings
from tasks.tidying import tidy
from tests.conftest import LabelStudioUnderTest
from warehouse.images import ImageRow, MeasuredRow, OriginKind, OriginRow, add_images, add_origins, store_measurements
from warehouse.labels import LabelEventRow, annotators_statements, append_label_events
from warehouse.ledger import DecisionRow, SubjectKind, decisions_for
from warehouse.predictions import PredictionRow, add_predictions, predictions_for_review
from warehouse.products import ProductRow, titles, upsert_products
from warehouse.questions import QuestionRow, QuestionStatus, add_questions, mark_pushed, photos_to_ask_alone, question

pytestmark = pytest.mark.slow

RELEASE = "r-1"
NOW = datetime.now(UTC)
PHOTOS = [f"{place:064d}" for place in range(8)]
TEA = ProductRow("T-1", "Sea Salt", "Tidewell", None, None, None, None, "shop", LabelOrigin.CATALOGUE, "run", NOW)


@dataclass
class Story:
    """A loop whose questions are in Label Studio."""

    loop: Loop
    site: LabelStudioUnderTest
    client: LabelStudioClient
    project: int

    def ask(self, key: str, *photos: str, arm: QuestionArm = QuestionArm.UNSEEN) -> None:
        kind = QuestionKind.ONE_PRODUCT if len(photos) > 1 else QuestionKind.WHICH_PRODUCT
        row = QuestionRow(key, kind, arm, "run", "n1", RELEASE, None, 0.5, "why", NOW, photos, (("T-1", 0.4),))
        with self.loop.parts.warehouse.write() as db:
            add_questions(db, [row])
        pushed = push(self.client, self.project, [self._shown(row)])
        with self.loop.parts.warehouse.write() as db:
            mark_pushed(db, pushed)

    def answer(self, key: str, kind: AnswerKind, sku: str | None = None, name: str | None = None) -> int:
        """Answer and return the id of the annotation."""
        asked, task = self._shown(self.question(key)), self.question(key).task_id
        assert task is not None
        assert self.client.submit_annotation(task, answer_result(asked, kind, sku, name), str(uuid4()), 1.0)
        annotations = self.site.request("GET", f"/api/tasks/{task}/annotations/").json()
        return max(int(annotation["id"]) for annotation in annotations)

    def pull(self) -> AnswersReport:
        return pull_answers.fn(self.loop)

    def question(self, key: str) -> QuestionRow:
        with self.loop.parts.warehouse.read() as db:
            found = question(db, key)
        assert found is not None
        return found

    def labels(self) -> dict[str, str | None]:
        """What people say of each photo that nobody took back."""
        with self.loop.parts.warehouse.read() as db:
            return {row.sha256: row.sku or row.kind for row in annotators_statements(db)}

    def askable(self) -> set[str]:
        with self.loop.parts.warehouse.read() as db:
            return {row.sha256 for row in predictions_for_review(db, RELEASE)}

    def why(self, kind: SubjectKind, subject: str) -> list[DecisionRow]:
        with self.loop.parts.warehouse.read() as db:
            return decisions_for(db, kind, subject)

    def tasks(self) -> set[str]:
        return set(self.client.task_ids_by_key(self.project))

    def judge(self, verdict: Verdict, *photos: str) -> None:
        """Let a later release judge photos."""
        rows = [
            PredictionRow(sha, "r-2", "run", "n2", "T-1", 0.9, 0.9, verdict, (("T-1", 0.9),), NOW) for sha in photos
        ]
        with self.loop.parts.warehouse.write() as db:
            add_predictions(db, rows)

    def _shown(self, row: QuestionRow) -> Question:
        candidates = tuple(Candidate(sku, sku, score) for sku, score in row.candidates)
        picture = "ab/photo.jpg"
        return Question(row.question_key, row.kind, row.images, picture, picture, candidates, "Which?", RELEASE)


@pytest.fixture
def story(label_studio: LabelStudioUnderTest, tmp_path: Path) -> Iterator[Story]:
    store = label_studio.data_dir.parent / "served" / uuid4().hex
    (store / "images").mkdir(parents=True)
    config = tmp_path / "skuloop.toml"
    config.write_text(
        f'store = "{store}"\n[encoder]\nname = "handcrafted"\n[label_studio]\nproject = "test {store.name}"\n'
        f'url = "{label_studio.url}"\ntoken = "{label_studio.token.get_secret_value()}"\n',
        encoding="utf-8",
    )
    with open_loop(load_settings(config), "cycle", "c1") as loop:
        beliefs = [PredictionRow(sha, RELEASE, "run", "n1", None, 0.1, 0.1, Verdict.UNSEEN, (), NOW) for sha in PHOTOS]
        with loop.parts.warehouse.write() as db:
            add_images(db, [ImageRow(sha, f"{sha}.jpg", 1, "JPEG", "run") for sha in PHOTOS])
            add_origins(db, [OriginRow(sha, "inbox", sha, None, OriginKind.CAMERA, "c", NOW) for sha in PHOTOS])
            store_measurements(db, [MeasuredRow(sha, 9, 9, 1.0, 1.0, 1.0, 1, PictureReason.OK) for sha in PHOTOS])
            add_predictions(db, beliefs)
            upsert_products(
                db, [TEA, replace(TEA, sku="B-1", brand="Cacao Norte"), replace(TEA, sku="M", title="Mate")]
            )
        client, project = connect(loop.parts)
        yield Story(loop, label_studio, client, project)


def test_a_group_of_several_products_is_dissolved_and_its_photos_can_be_asked_about_again(story: Story) -> None:
    story.ask("group", *PHOTOS[:3])
    assert not set(PHOTOS[:3]) & story.askable()
    story.answer("group", AnswerKind.SPLIT)

    first, second = story.pull(), story.pull()

    assert (first.answers, first.labels, second.labels) == (1, 0, 0)
    assert story.question("group").status is QuestionStatus.DISSOLVED
    assert set(PHOTOS[:3]) <= story.askable()
    (row,) = story.why(SubjectKind.QUESTION, "group")
    assert (row.action, row.reason) == ("dissolve", "not_one_product")
    assert story.site.info.username in row.detail


def test_a_group_that_was_named_first_and_taken_apart_later_has_no_label_left(story: Story) -> None:
    story.ask("group", *PHOTOS[:2])
    annotation = story.answer("group", AnswerKind.SKU, "T-1")
    story.pull()
    assert story.labels() == dict.fromkeys(PHOTOS[:2], "T-1")

    edited = {"result": answer_result(story._shown(story.question("group")), AnswerKind.SPLIT)}
    story.site.request("PATCH", f"/api/annotations/{annotation}/", json=edited).raise_for_status()
    story.pull()

    assert story.labels() == {}
    assert story.question("group").status is QuestionStatus.DISSOLVED


def test_a_deleted_answer_takes_its_labels_back_and_the_question_waits_again(story: Story) -> None:
    story.ask("one", PHOTOS[0])
    story.ask("two", PHOTOS[1])
    annotation = story.answer("one", AnswerKind.SKU, "T-1")
    story.answer("two", AnswerKind.BAD_PHOTO)
    story.pull()
    assert story.labels() == {PHOTOS[0]: "T-1", PHOTOS[1]: LabelKind.BAD_PHOTO}

    story.site.request("DELETE", f"/api/annotations/{annotation}/").raise_for_status()
    report, again = story.pull(), story.pull()

    assert (report.taken_back, again.taken_back, report.problem) == (1, 0, None)
    assert story.labels() == {PHOTOS[1]: LabelKind.BAD_PHOTO}
    assert story.question("one").status is QuestionStatus.OPEN
    assert [row.reason for row in story.why(SubjectKind.IMAGE, PHOTOS[0])] == ["annotation_deleted"]

    story.answer("one", AnswerKind.SKU, "M")
    story.pull()
    assert story.labels()[PHOTOS[0]] == "M"
    assert story.question("one").status is QuestionStatus.ANSWERED


def test_a_deleted_task_takes_its_labels_back_and_its_photo_can_be_asked_about_again(story: Story) -> None:
    story.ask("one", PHOTOS[0])
    story.answer("one", AnswerKind.SKU, "T-1")
    story.pull()
    story.client.delete_tasks(story.project, [story.question("one").task_id or 0])

    assert tidy(story.loop, RELEASE).taken_back == 1

    assert story.labels() == {}
    assert story.question("one").status is QuestionStatus.LOST
    assert PHOTOS[0] in story.askable()


def test_a_project_that_is_lost_as_a_whole_takes_no_label_back(story: Story) -> None:
    story.ask("one", PHOTOS[0])
    story.answer("one", AnswerKind.SKU, "T-1")
    story.pull()
    story.site.request("DELETE", f"/api/projects/{story.project}/").raise_for_status()

    assert story.pull().taken_back == 0
    assert story.labels() == {PHOTOS[0]: "T-1"}


def test_answers_that_vanish_in_numbers_are_a_problem_and_no_label_is_lost(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_FEW", 1)
    for place in range(3):
        story.ask(f"q{place}", PHOTOS[place])
        story.answer(f"q{place}", AnswerKind.SKU, "T-1")
    story.pull()
    story.client.delete_tasks(story.project, [story.question(f"q{place}").task_id or 0 for place in (0, 1)])

    report = story.pull()

    assert report.taken_back == 0
    assert report.problem is not None
    assert "2 of 3 answers are no longer in Label Studio" in report.problem
    assert len(story.labels()) == 3


def test_questions_that_the_new_release_answers_are_withdrawn_unless_somebody_is_at_them(story: Story) -> None:
    for place, key in enumerate(["free", "answered", "drafted", "skipped"]):
        story.ask(key, PHOTOS[place])
    story.ask("lot", PHOTOS[4], arm=QuestionArm.RANDOM)
    story.ask("unsure", PHOTOS[5])
    story.judge(Verdict.SURE, *PHOTOS[:5])
    story.judge(Verdict.UNSURE, PHOTOS[5])
    story.answer("answered", AnswerKind.SKU, "M")
    draft = {"result": answer_result(story._shown(story.question("drafted")), AnswerKind.BAD_PHOTO), "lead_time": 1}
    task = story.question("drafted").task_id
    story.site.request("POST", f"/api/tasks/{task}/drafts", json=draft).raise_for_status()
    skip, task = {"result": [], "was_cancelled": True}, story.question("skipped").task_id
    story.site.request("POST", f"/api/tasks/{task}/annotations/", json=skip).raise_for_status()

    report, again = tidy(story.loop, "r-2"), tidy(story.loop, "r-2")

    assert (report.withdrawn, report.removed, report.problem) == (2, 2, None)
    assert (again.withdrawn, again.removed) == (0, 0)
    assert story.tasks() == {"answered", "drafted", "lot", "unsure"}
    assert story.question("free").status is QuestionStatus.WITHDRAWN
    assert [row.reason for row in story.why(SubjectKind.QUESTION, "free")] == ["sure_now"]
    story.pull()
    assert story.labels() == {PHOTOS[1]: "M"}


def test_a_question_whose_photo_got_a_label_elsewhere_is_withdrawn(story: Story) -> None:
    story.ask("group", *PHOTOS[:2])
    shop = LabelEventRow("feed-1", PHOTOS[1], LabelKind.SKU, "T-1", LabelOrigin.CATALOGUE, "shop", NOW)
    with story.loop.parts.warehouse.write() as db:
        append_label_events(db, [shop])

    assert tidy(story.loop, RELEASE).withdrawn == 1

    assert story.tasks() == set()
    assert [row.reason for row in story.why(SubjectKind.QUESTION, "group")] == ["labelled_elsewhere"]
    assert PHOTOS[0] in story.askable()
    assert PHOTOS[1] not in story.askable()


def test_what_one_annotator_said_is_taken_back_and_asked_again_with_a_fresh_task(story: Story) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    story.ask("one", PHOTOS[0])
    annotation = story.answer("one", AnswerKind.SKU, "T-1")
    story.pull()
    who = story.site.info.username
    assert what_would_be_reverted(story.loop.parts, "somebody else", began).labels == ()
    assert what_would_be_reverted(story.loop.parts, who, datetime.now(UTC) + timedelta(minutes=5)).labels == ()
    planned = what_would_be_reverted(story.loop.parts, who, began)
    assert story.labels() == {PHOTOS[0]: "T-1"}

    done = revert_labels(story.loop, who, began)

    assert done == planned
    assert [(label.sha256, label.sku) for label in done.labels] == [(PHOTOS[0], "T-1")]
    assert done.questions == 1
    story.pull()  # meets the annotation once more
    assert story.labels() == {}
    assert story.question("one").status is QuestionStatus.WITHDRAWN
    assert PHOTOS[0] not in story.askable(), "its old task still holds the answer"
    assert tidy(story.loop, RELEASE).removed == 1
    assert PHOTOS[0] in story.askable()

    story.ask("one", PHOTOS[0])
    assert story.answer("one", AnswerKind.SKU, "M") != annotation
    story.pull()
    assert story.labels() == {PHOTOS[0]: "M"}


def test_a_typed_name_is_taken_for_the_product_of_that_brand_and_never_for_one_of_two(story: Story) -> None:
    for place, name in enumerate(["tidewell  SEA salt", "Sea Salt", "Blue Soap"]):
        story.ask(f"q{place}", PHOTOS[place])
        story.answer(f"q{place}", AnswerKind.NEW_PRODUCT, name=name)

    report = story.pull()
    story.pull()

    assert (report.labels, report.new_products, report.rejected) == (2, 1, 1)
    assert story.labels() == {PHOTOS[0]: "T-1", PHOTOS[2]: "new-blue-soap"}
    assert [row.reason for row in story.why(SubjectKind.SKU, "T-1")] == ["same_brand_and_title"]
    assert [row.action for row in story.why(SubjectKind.SKU, "new-blue-soap")] == ["create"]
    assert story.question("q1").status is QuestionStatus.LOST
    with story.loop.parts.warehouse.read() as db:
        assert "new-sea-salt" not in titles(db)


def test_photos_that_do_not_belong_get_no_label_and_are_asked_about_alone(story: Story) -> None:
    story.ask("group", *PHOTOS[:3])
    shown, task = story._shown(story.question("group")), story.question("group").task_id or 0
    said = answer_result(shown, AnswerKind.SKU, "T-1", strays=[PHOTOS[2]])
    assert story.client.submit_annotation(task, said, str(uuid4()), 1.0)

    story.pull()
    story.pull()

    assert story.labels() == dict.fromkeys(PHOTOS[:2], "T-1")
    assert story.askable() & set(PHOTOS[:3]) == {PHOTOS[2]}
    with story.loop.parts.warehouse.read() as db:
        assert photos_to_ask_alone(db) == {PHOTOS[2]}

    (annotation,) = story.site.request("GET", f"/api/tasks/{task}/annotations/").json()
    edited = {"result": answer_result(shown, AnswerKind.SKU, "T-1")}  # it belongs after all
    story.site.request("PATCH", f"/api/annotations/{annotation['id']}/", json=edited).raise_for_status()
    story.pull()
    assert story.labels() == dict.fromkeys(PHOTOS[:3], "T-1")
    assert not story.askable() & set(PHOTOS[:3])


def test_an_answer_that_a_killed_server_left_on_an_untouched_task_is_found_by_its_id(story: Story) -> None:
    story.ask("one", PHOTOS[0])
    story.ask("two", PHOTOS[1])
    story.answer("two", AnswerKind.BAD_PHOTO)
    story.pull()
    story.answer("one", AnswerKind.SKU, "T-1")
    story.ask("skipped", PHOTOS[2])
    skip = {"result": [], "was_cancelled": True}
    skipped = story.question("skipped").task_id
    story.site.request("POST", f"/api/tasks/{skipped}/annotations/", json=skip).raise_for_status()
    # Killed after it stored the annotation, before it noted the time and the count on its task.
    with closing(sqlite3.connect(story.site.data_dir / "label_studio.sqlite3")) as database, database:
        task = (story.question("one").task_id,)
        untouched = "updated_at = '2026-01-01 00:00:00.123456', total_annotations = 0, is_labeled = 0"
        database.execute(f"UPDATE task SET {untouched} WHERE id = ?", task)  # noqa: S608 - our own words
    unread = missed(story.client, story.project, story.client.task_states(story.project), set(), {"T-1"})

    first, second = story.pull(), story.pull()

    assert (first.labels, second.labels) == (1, 0)
    assert story.labels()[PHOTOS[0]] == "T-1"
    assert unread.seen_tasks == 2, "the two that were answered; nothing is read of one that was only skipped"


def test_open_questions_of_a_project_that_is_lost_as_a_whole_wait_to_be_pushed_into_the_next_one(story: Story) -> None:
    story.ask("answered", PHOTOS[0])
    story.ask("open", PHOTOS[1])
    story.answer("answered", AnswerKind.SKU, "T-1")
    story.pull()
    story.site.request("DELETE", f"/api/projects/{story.project}/").raise_for_status()

    report = story.pull()

    assert (report.lost, report.taken_back) == (0, 0)
    assert story.labels() == {PHOTOS[0]: "T-1"}
    assert story.question("open").status is QuestionStatus.PENDING
    client, project = connect(story.loop.parts)
    pushed = push(client, project, [story._shown(story.question("open"))])
    with story.loop.parts.warehouse.write() as db:
        assert mark_pushed(db, pushed) == 1
    assert story.question("open").status is QuestionStatus.OPEN


def test_a_new_product_is_known_by_its_barcode_and_told_apart_by_its_brand(story: Story) -> None:
    with story.loop.parts.warehouse.write() as db:
        upsert_products(db, [replace(TEA, sku="G-1", title="Rye crackers", gtin="4006381333931")])
    for place, (brand, gtin) in enumerate([(None, "04006381333931"), ("Cacao Norte", None), ("Solva", None)]):
        story.ask(f"q{place}", PHOTOS[place])
        shown, task = story._shown(story.question(f"q{place}")), story.question(f"q{place}").task_id or 0
        said = answer_result(shown, AnswerKind.NEW_PRODUCT, product_name="Sea Salt")
        for field, text in (("product_brand", brand), ("product_gtin", gtin)):
            if text is not None:
                said.append({**said[1], "from_name": field, "value": {"text": [text]}})
        assert story.client.submit_annotation(task, said, str(uuid4()), 1.0)

    story.pull()

    assert [story.labels()[sha256] for sha256 in PHOTOS[:3]] == ["G-1", "B-1", "new-solva-sea-salt"]
