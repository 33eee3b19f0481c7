"""What the loop says of itself: the story of a product, the status, the views of the data team."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from recognition.vocabulary import (
    FetchReason,
    LabelKind,
    LabelOrigin,
    PictureReason,
    QuestionArm,
    QuestionKind,
    ReleaseStatus,
    RunStatus,
    Tier,
    TierReason,
    Verdict,
)
from tests.support.warehouses import migrated_warehouse
from warehouse.audits import ClassAuditRow, append_class_audits
from warehouse.images import ImageRow, MeasuredRow, OriginKind, OriginRow, add_images, add_origins, store_measurements
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.predictions import PredictionRow, add_predictions
from warehouse.products import OfferRow, ProductRow, append_offers, upsert_products
from warehouse.questions import QuestionRow, add_questions, mark_pushed
from warehouse.releases import (
    MetricRow,
    ReleaseRow,
    SuperclassMetricRow,
    SuperclassRow,
    add_release,
    add_superclass_metrics,
    superclass_metrics,
)
from warehouse.runs import (
    CrawlFailureRow,
    CrawlRow,
    RunRow,
    add_stage,
    finish_run,
    record_crawl,
    record_failures,
    start_run,
)
from warehouse.status import NightShare, loop_status, sku_story

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
RELEASE = ReleaseRow(
    "r1", "cycle1", "handcrafted", "f0", ReleaseStatus.PUBLISHED, "the first", "prototypes", None, 3, 2, 1, 400, NOON
)
METRICS = [MetricRow("recall@1", "prototypes", 0.9), MetricRow("recall@1", "flat", 0.8)]
GROUPS = [SuperclassRow("mate", 1, "cans"), SuperclassRow("tea", 0, "boxes")]
RUN = RunRow("run1", "nightly", "n1", 42, "host", NOON)
CRAWL = CrawlRow("c1", "shop", "run1", 10, 0, 20, 1, 3.5, reached=True, finished_at=NOON)
FAILURE = CrawlFailureRow("shop", "https://shop/x", FetchReason.TIMEOUT, "after 30 s", "c1", NOON)
DECISION = DecisionRow(
    "d1", "run1", NOON, SubjectKind.SKU, "tea", "quarantined", "conflicting_labels", '{"conflicts": 9}'
)


@pytest.fixture
def db(tmp_path: Path):
    warehouse = migrated_warehouse(tmp_path / "w.duckdb")
    with warehouse.write() as session:
        yield session


def tell_a_story(db) -> None:
    """Two nights: one photo of tea is fine, one is blurred, one is asked about."""
    for sha, reason in (("a", PictureReason.OK), ("b", PictureReason.BLURRED), ("c", PictureReason.OK), ("d", None)):
        add_images(db, [ImageRow(sha, sha, 1, "JPEG", "run1")])
        add_origins(db, [OriginRow(sha, "inbox", sha, "tea" if sha in "ad" else None, OriginKind.CAMERA, "c1", NOON)])
        store_measurements(db, [MeasuredRow(sha, 9, 9, 1.0, 1.0, 1.0, 1, reason)] if reason else [])
    label = LabelEventRow("e1", "a", LabelKind.SKU, "tea", LabelOrigin.CATALOGUE, "shop", NOON)
    append_label_events(db, [label, replace(label, event_id="e2", sha256="b", origin=LabelOrigin.ANNOTATOR)])
    product = ProductRow("tea", "Tea", None, None, None, None, None, "shop", LabelOrigin.CATALOGUE, "run1", NOON)
    upsert_products(db, [product])
    append_offers(db, [OfferRow("tea", "shop", Decimal("4.5"), "EUR", "InStock", NOON, "c1")])
    audited = ClassAuditRow("tea", 50, 60, 0, 1, Tier.TRAINED, TierReason.ENOUGH_SAMPLES, NOON)
    append_class_audits(db, "run1", [audited, replace(audited, sku="mate", samples=3, tier=Tier.GALLERY)])
    append_class_audits(
        db, "run2", [replace(audited, samples=0, tier=Tier.QUARANTINED, reason=TierReason.NO_USABLE_SAMPLE)]
    )
    belief = PredictionRow("c", "r1", "run1", "n1", "tea", 0.4, 0.7, Verdict.UNSURE, (("tea", 0.4),), NOON)
    add_predictions(db, [belief, replace(belief, sha256="a", verdict=Verdict.SURE)])
    question = QuestionRow(
        "q1",
        QuestionKind.WHICH_PRODUCT,
        QuestionArm.UNSURE,
        "run1",
        "n1",
        "r1",
        None,
        1.0,
        "",
        NOON,
        ("c",),
        (("tea", 0.4),),
    )
    add_questions(
        db, [question, replace(question, question_key="q2", night_id="n2", asked_at=NOON + timedelta(days=1))]
    )
    mark_pushed(db, {"q1": 1})
    start_run(db, RUN)
    finish_run(db, "run1", RunStatus.COMPLETED)
    for stage, seconds in (("crawl", 30.0), ("audit", 5.0)):
        add_stage(db, "run1", stage, 1.0, "began")
        add_stage(db, "run1", stage, seconds, "done")
    record_crawl(db, CRAWL)
    record_crawl(db, replace(CRAWL, crawl_id="c2", reached=False, products=0, finished_at=NOON + timedelta(days=1)))
    record_failures(db, [FAILURE])
    record_decisions(db, [DECISION])
    add_release(db, RELEASE, METRICS, GROUPS)


def test_why_a_product_fell_out_is_told_in_one_story(db):
    tell_a_story(db)
    story = sku_story(db, "tea")
    assert story is not None
    assert story.product.title == "Tea"
    assert story.offer is not None
    assert story.offer.price == Decimal("4.5")
    assert story.audit is not None
    assert (story.audit.tier, story.audit.reason) == (Tier.QUARANTINED, TierReason.NO_USABLE_SAMPLE)
    assert (story.images, story.unmeasured) == ({PictureReason.OK: 1, PictureReason.BLURRED: 1}, 1)
    assert story.labels == {LabelOrigin.CATALOGUE: 1, LabelOrigin.ANNOTATOR: 1}
    assert [decision.action for decision in story.decisions] == ["quarantined"]
    assert (story.predictions, story.open_questions) == (2, 1)
    assert sku_story(db, "coffee") is None


def test_the_loop_says_how_it_stands(db):
    tell_a_story(db)
    status = loop_status(db)
    assert status.tiers == {Tier.TRAINED: 0, Tier.GALLERY: 1, Tier.QUARANTINED: 1}
    assert (status.images, status.unmeasured, status.unlabelled) == (4, 1, 1)
    assert (status.open_questions, status.pending_questions) == (1, 1)
    assert status.release is not None
    assert status.release.release_id == "r1"
    assert status.failures == {FetchReason.TIMEOUT: 1}
    assert status.nights == (NightShare("n2", 0, 0, 0, 0, 1, None), NightShare("n1", 2, 1, 1, 0, 1, 0.5))


def test_an_empty_store_has_a_status_too(db):
    status = loop_status(db)
    assert (status.images, status.release, status.last_runs, status.nights) == (0, None, (), ())


VIEWS = {
    "class_now": [("mate", "gallery"), ("tea", "quarantined")],
    "class_counts_over_time": [("run1", NOON, 1, 1, 0, 2), ("run2", NOON, 0, 1, 1, 2)],
    "why_excluded": [("mate", None, "gallery"), ("tea", "Tea", "quarantined")],
    "distance_to_50": [("mate", None, "gallery", 3, 47), ("tea", "Tea", "quarantined", 0, 50)],
    "image_quality": [
        ("inbox", "camera", "blurred", 1),
        ("inbox", "camera", "ok", 2),
        ("inbox", "camera", "unmeasured", 1),
    ],
    "manual_share_by_night": [("n1", NOON, 2, 1, 1, 0, 1, 0.5), ("n2", NOON + timedelta(days=1), 0, 0, 0, 0, 1, None)],
    "source_health": [("shop", 2, 1, NOON + timedelta(days=1), NOON, 0, 0, 1, 3.5, "timeout: 1")],
    "price_history": [("tea", "Tea", "shop", NOON, Decimal("4.5"), "EUR", "InStock", None, None)],
    "release_history": [(1, "r1", NOON, "published", "the first", "prototypes", "recall@1: 0.9")],
    "run_history": [("run1", "nightly", "n1", "completed")],
}


def sure_of(sha256: str, sku: str, night: str = "n1") -> PredictionRow:
    return PredictionRow(sha256, "r1", "run1", night, sku, 0.9, 0.7, Verdict.SURE, ((sku, 0.9),), NOON)


def said(sha256: str, sku: str | None, event: str, origin: LabelOrigin = LabelOrigin.ANNOTATOR) -> LabelEventRow:
    kind = LabelKind.SKU if sku else LabelKind.NOT_A_PRODUCT
    return LabelEventRow(event, sha256, kind, sku, origin, "ann", NOON)


def test_a_promise_is_measured_on_sure_photos_that_got_a_label_since(db):
    """Five sure photos: right, right by the last word, no product at all, wrong, never looked at; one unsure one."""
    add_release(db, RELEASE, [MetricRow("promised_precision", "this release", 0.97)], GROUPS)
    add_superclass_metrics(db, "r1", [SuperclassMetricRow(0, 10, 9, 5, 4)])
    unsure = replace(sure_of("f", "tea"), verdict=Verdict.UNSURE)
    add_predictions(db, [*(sure_of(sha, "tea") for sha in "abc"), sure_of("d", "mate"), sure_of("e", "tea"), unsure])
    append_label_events(
        db, [said("a", "tea", "1"), said("b", "mate", "2"), said("b", "tea", "3"), said("c", None, "4")]
    )
    append_label_events(db, [said("b", "mate", "5", LabelOrigin.FOLDER), said("d", "tea", "6"), said("f", "mate", "7")])
    ((night, release, promised, sure, checked, correct, realised, low, high),) = view_rows(db, "promise_by_night")
    assert (night, release, promised, sure, checked, correct, realised) == ("n1", "r1", 0.97, 5, 4, 2, 0.5)
    naive = proportion_interval(2, 4)
    assert (low, high) == pytest.approx(naive, abs=1e-4)
    (of_release,) = view_rows(db, "promise_by_release")
    assert of_release[:7] == ("r1", 0.97, 5, 0.8, 5, 4, 0.5)
    by_name = {row[2]: row for row in view_rows(db, "promise_by_superclass")}
    assert by_name["boxes"][3:9] == (0.97, 5, 0.8, 4, 3, pytest.approx(2 / 3))
    assert by_name["cans"][3:9] == (0.97, 0, None, 1, 1, 0.0)
    assert superclass_metrics(db, "r1") == [SuperclassMetricRow(0, 10, 9, 5, 4)]


def test_where_nothing_was_checked_no_promise_is_called_kept_or_broken(db):
    add_predictions(db, [sure_of("a", "tea")])
    (row,) = view_rows(db, "promise_by_night")
    assert row[2:] == (None, 1, 0, 0, None, None, None)


def view_rows(db, view: str) -> list[tuple]:
    return db._connection.table(view).fetchall()


def proportion_interval(hits: int, photos: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    found = binomtest(hits, photos).proportion_ci(0.95, method="wilson")
    return found.low, found.high


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_answers_its_question(db, view):
    tell_a_story(db)
    rows = db._connection.table(view).fetchall()
    rows = sorted((row[0], row[2]) for row in rows) if view == "class_now" else rows
    assert [row[: len(expected)] for row, expected in zip(rows, VIEWS[view], strict=True)] == VIEWS[view]


def test_why_excluded_names_the_bad_photos_and_the_run_that_changed_the_tier(db):
    tell_a_story(db)
    tea = db._connection.table("why_excluded").filter("sku = 'tea'").fetchall()[0]
    assert tea[6:] == (1, "blurred: 1", "trained", NOON, "run2")
