"""What the data team asks about mistakes, people, drift and origins: each view on a story to be checked by hand."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recognition.vocabulary import (
    FetchReason,
    LabelKind,
    LabelOrigin,
    PictureReason,
    QuestionArm,
    QuestionKind,
    ReleaseStatus,
    Verdict,
)
from tasks.labels import settle_disputes
from tests.support.warehouses import migrated_warehouse
from warehouse.answers import AnswerRow, add_answers
from warehouse.images import ImageRow, MeasuredRow, add_images, store_measurements
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.predictions import PredictionRow, add_predictions, forget_old_predictions
from warehouse.questions import QuestionRow, add_questions
from warehouse.releases import ConfusionRow, ReleaseRow, SuperclassRow, add_confusions, add_release
from warehouse.runs import (
    CrawlFailureRow,
    CrawlRow,
    RunRow,
    add_stage,
    record_crawl,
    record_failures,
    record_versions,
    start_run,
)
from warehouse.status import loop_status

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RELEASE = ReleaseRow("r1", "c1", "handcrafted", "f0", ReleaseStatus.PUBLISHED, "", "prototypes", None, 3, 0, 0, 9, NOON)
GROUPS = [SuperclassRow("tea", 0, "boxes"), SuperclassRow("mate", 0, "boxes"), SuperclassRow("cola", 1, "cans")]
QUESTION = QuestionRow(
    "q1", QuestionKind.WHICH_PRODUCT, QuestionArm.UNSURE, "run1", "n1", "r1", None, 1.0, "", NOON, ("a",), ()
)


@pytest.fixture
def db(tmp_path: Path):
    warehouse = migrated_warehouse(tmp_path / "w.duckdb")
    with warehouse.write() as session:
        yield session


def view(db, name: str, columns: str = "*") -> list[tuple[Any, ...]]:
    return db._connection.sql(f"SELECT {columns} FROM {name}").fetchall()  # noqa: S608 - our own words


def said(event: str, sha256: str, sku: str | None, actor: str, origin: LabelOrigin, days: int = 0) -> LabelEventRow:
    kind = LabelKind.SKU if sku else LabelKind.NOT_A_PRODUCT
    return LabelEventRow(event, sha256, kind, sku, origin, actor, NOON + days * DAY)


def judged(sha256: str, sku: str, night: str = "n1", day: int = 0, verdict: Verdict = Verdict.SURE) -> PredictionRow:
    return PredictionRow(sha256, "r1", "run1", night, sku, 0.9, 0.8, verdict, ((sku, 0.9),), NOON + day * DAY)


# --- failures


def crawl(crawl_id: str, day: int, *, reached: bool = True) -> CrawlRow:
    return CrawlRow(crawl_id, "shop", "run1", 1, 0, 1, 0, 1.0, reached=reached, finished_at=NOON + day * DAY)


def failed(crawl_id: str, url: str, day: int) -> CrawlFailureRow:
    return CrawlFailureRow("shop", url, FetchReason.TIMEOUT, "30 s", crawl_id, NOON + day * DAY)


def test_a_failure_that_a_later_night_fetched_well_is_not_open_any_more(db):
    record_crawl(db, crawl("c1", 0))
    record_failures(db, [failed("c1", "x", 0), failed("c1", "y", 0)])
    assert loop_status(db).failures == {FetchReason.TIMEOUT: 2}
    record_crawl(db, crawl("c2", 1))
    record_failures(db, [failed("c2", "y", 1)])
    assert view(db, "open_failures", "url, attempts") == [("y", 2)]
    assert loop_status(db).failures == {FetchReason.TIMEOUT: 1}
    assert view(db, "source_health", "failing") == [("timeout: 1",)]


def test_a_shop_that_does_not_answer_leaves_its_old_failures_open(db):
    record_crawl(db, crawl("c1", 0))
    record_failures(db, [failed("c1", "x", 0)])
    record_crawl(db, crawl("c2", 1, reached=False))
    record_failures(db, [failed("c2", "shop", 1)])
    assert view(db, "open_failures", "url") == [("shop",), ("x",)]


# --- labels and people


def test_conflicts_are_those_of_the_audit_people_outrank_sources_and_correct_themselves(db):
    shop, person = LabelOrigin.CATALOGUE, LabelOrigin.ANNOTATOR
    append_label_events(
        db,
        [
            said("1", "two shops", "tea", "shop-a", shop),
            said("2", "two shops", "mate", "shop-b", shop),
            said("3", "a person spoke", "tea", "shop-a", shop),
            said("4", "a person spoke", "mate", "ann", person),
            said("5", "corrected", "tea", "ann", person),
            said("6", "corrected", "mate", "ann", person, days=1),
            said("7", "two people", "tea", "ann", person),
            said("8", "two people", None, "ben", person),
        ],
    )
    found = {row[0]: row[1:] for row in view(db, "label_conflicts", "sha256, between_people, statements")}
    assert found == {
        "two shops": (False, ["shop-a: tea", "shop-b: mate"]),
        "two people": (True, ["ann: tea", "ben: not_a_product"]),
    }


def test_a_disagreement_that_the_audit_settled_is_no_conflict_until_it_is_open_again(db):
    person = LabelOrigin.ANNOTATOR
    for photo in ("outvoted", "no product after all", "open"):
        names = ("ann", "ben", "cleo", "dan", "eve", "fay") if photo != "open" else ("ann",)
        agreed = "tea" if photo != "no product after all" else None
        append_label_events(db, [said(f"{photo} {name}", photo, agreed, name, person) for name in names])
        append_label_events(db, [said(f"{photo} gus", photo, "mate", "gus", person)])

    def audited() -> set[str]:
        settle_disputes(db)
        return {photo for (photo,) in view(db, "label_conflicts", "sha256")}

    assert audited() == {"open"}
    assert sorted(view(db, "label_settled", "*")) == [
        ("no product after all", "not_a_product", None),
        ("outvoted", "sku", "tea"),
    ]
    append_label_events(db, [said("again", "outvoted", "tea", "gus", person, days=1)])  # he agrees now
    doubters = ("ann", "ben", "cleo")  # half of them think better of it
    changed = [said(f"new {name}", "no product after all", "tea", name, person, days=1) for name in doubters]
    append_label_events(db, changed)
    assert audited() == {"open", "no product after all"}
    assert view(db, "label_settled", "*") == []


def test_an_answer_to_a_golden_question_is_held_against_what_its_photo_is_known_to_show(db):
    golden = replace(QUESTION, question_key="gold", arm=QuestionArm.GOLDEN)
    add_questions(db, [QUESTION, golden])
    append_label_events(db, [said("1", "a", "tea", "shop", LabelOrigin.CATALOGUE)])
    first = AnswerRow(1, NOON, "q1", "ann", "sku", "tea", 4.0, "run1")
    add_answers(
        db,
        [
            first,
            replace(first, annotation_id=2, question_key="gold", seconds=8.0),
            replace(first, annotation_id=3, annotator="ben", sku="mate"),
            replace(first, annotation_id=4, question_key="gold", annotator="ben", sku="mate", seconds=None),
        ],
    )
    columns = "annotator, answers, questions, median_seconds, answers_per_hour, golden, golden_right"
    assert sorted(view(db, "annotator_throughput", columns)) == [
        ("ann", 2, 2, 6.0, 600.0, 1, 1),
        ("ben", 2, 2, 4.0, 900.0, 1, 0),
    ]
    assert view(db, "annotator_agreement") == [("ann", "ben", 2, 0, 0.0)]


# --- mistakes


def tell_of_mistakes(db) -> None:
    add_release(db, RELEASE, [], GROUPS)
    add_confusions(db, "r1", [ConfusionRow("tea", "cola", 3)])
    add_predictions(db, [judged("a", "mate"), judged("b", "tea"), judged("c", "mate", verdict=Verdict.UNSURE)])
    add_images(db, [ImageRow(sha, sha, 1, "JPEG", "run1") for sha in "abc"])
    append_label_events(db, [said(sha, sha, "tea", "ann", LabelOrigin.ANNOTATOR) for sha in "abc"])


def test_mistakes_of_holdout_and_nights_are_told_with_their_superclasses(db):
    tell_of_mistakes(db)
    columns = "seen_on, sku, taken_for, photos, sure, superclass, taken_for_superclass"
    assert view(db, "confusion", columns) == [
        ("holdout", "tea", "cola", 3, None, "boxes", "cans"),
        ("nights", "tea", "mate", 2, 1, "boxes", "boxes"),
    ]
    assert view(db, "superclass_confusion", "seen_on, within, photos, pairs") == [
        ("holdout", False, 3, 1),
        ("nights", True, 2, 1),
    ]
    columns = "source, sku, photos, superclass, mistaken_for, mistakes"
    assert view(db, "lineage", columns) == [("people", "tea", 3, "boxes", "cola", 5)]


def test_each_check_of_the_gate_is_a_row(db):
    add_release(db, RELEASE, [], GROUPS)
    good = {"reason": "worse", "passed": True, "found": "0.9 to 0.8"}
    bad = {"reason": "index", "passed": False, "found": "recall 0.2"}
    checks = json.dumps({"checks": [good, bad]})
    record_decisions(db, [DecisionRow("d", "run1", NOON, SubjectKind.RELEASE, "r1", "refuse", "index", checks)])
    assert view(db, "gate_checks", "release_id, about, passed, found") == [
        ("r1", "worse", True, "0.9 to 0.8"),
        ("r1", "index", False, "recall 0.2"),
    ]


def test_of_old_releases_only_first_judgements_are_kept_and_nights_are_measured_as_before(db):
    for number in range(1, 5):
        add_release(db, replace(RELEASE, release_id=f"r{number}"), [], [])
        beliefs = [judged("old", "tea", f"n{number}", number), judged(f"new-{number}", "tea", f"n{number}", number)]
        add_predictions(db, [replace(belief, release_id=f"r{number}") for belief in beliefs])
    before = view(db, "manual_share_by_night")
    assert forget_old_predictions(db, "r2", 1) == 1
    kept = view(db, "prediction WHERE sha256 = 'old' ORDER BY release_id", "release_id")
    assert kept == [("r1",), ("r2",), ("r4",)], "the first, the current one, the last one"
    assert view(db, "manual_share_by_night") == before
    assert forget_old_predictions(db, "r2", 1) == 0


# --- drift


def photos(db, night: str, day: int, brightness: list[float]) -> None:
    names = [f"{night}-{place}" for place in range(len(brightness))]
    add_images(db, [ImageRow(name, name, 1, "JPEG", "run1") for name in names])
    store_measurements(
        db,
        [
            MeasuredRow(name, 9, 9, 1.0, value, 1.0, 1, PictureReason.OK)
            for name, value in zip(names, brightness, strict=True)
        ],
    )
    add_predictions(db, [judged(name, "tea", night, day) for name in names])


def test_a_night_of_darker_photos_has_drifted_from_a_reference_that_later_nights_do_not_move(db):
    usual = [float(value) for value in range(100, 200)]
    for night in range(5):
        photos(db, f"n{night}", night, usual)
    photos(db, "n5", 5, usual)
    photos(db, "n6", 6, [value - 50 for value in usual])
    rows = {
        row[0]: row[1:]
        for row in view(
            db, "drift_by_night WHERE figure = 'brightness'", "night_id, is_reference, median, reference_median, psi"
        )
    }
    assert [row[0] for row in rows.values()] == [True] * 5 + [False] * 2
    assert rows["n5"][1:3] == (149.5, 149.5)
    assert rows["n5"][3] == pytest.approx(0, abs=1e-6)
    assert rows["n6"][1:3] == (99.5, 149.5)
    # By hand: 60 of 100 photos in the lowest bin, 10 in each of the next four, none in the upper five.
    before = [(50 + 0.5) / 505] * 10
    now = [(60 + 0.5) / 105, *[(10 + 0.5) / 105] * 4, *[0.5 / 105] * 5]
    by_hand = sum((p - q) * math.log(p / q) for p, q in zip(now, before, strict=True))
    assert rows["n6"][3] == pytest.approx(by_hand, rel=1e-6)


# --- runs


def test_a_decision_stands_beside_the_versions_and_thresholds_of_its_run_and_kept_photos_are_decisions_too(db):
    start_run(db, RunRow("run1", "nightly", "n1", 1, "host", NOON))
    record_versions(db, "run1", {"skuloop": "0.1", "quality.min_side": "48"})
    record_decisions(db, [DecisionRow("d", "run1", NOON, SubjectKind.IMAGE, "a", "drop", "blurred")])
    add_images(db, [ImageRow("b", "b", 1, "JPEG", "run1")])
    store_measurements(db, [MeasuredRow("b", 9, 9, 1.0, 1.0, 1.0, 1, PictureReason.OK)])
    found = view(db, "decision_ledger ORDER BY subject", "subject, action, reason, versions['quality.min_side']")
    assert found == [("a", "drop", "blurred", "48"), ("b", "keep", "ok", "48")]


def test_the_share_of_a_stage_is_of_its_own_run(db):
    for run in ("run1", "run2"):
        start_run(db, RunRow(run, "nightly", run, 1, "host", NOON))
        add_stage(db, run, "crawl", 30.0, "")
        add_stage(db, run, "audit", 10.0, "")
    assert view(db, "stage_history WHERE run_id = 'run2'", "stage, share") == [("audit", 0.25), ("crawl", 0.75)]
