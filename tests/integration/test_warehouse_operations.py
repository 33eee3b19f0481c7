"""Releases, runs, crawls and decisions in a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recognition.vocabulary import (
    FetchReason,
    ReleaseStatus,
    RunStatus,
)
from tests.support.warehouses import migrated_warehouse
from warehouse.errors import WarehouseError
from warehouse.judgements import waiting_crawls
from warehouse.ledger import DecisionRow, SubjectKind, decisions_for, record_decisions
from warehouse.releases import (
    MetricRow,
    ReleaseRow,
    SuperclassRow,
    add_release,
    current_release,
    metrics,
    release_history,
    set_release_status,
    superclasses,
)
from warehouse.runs import (
    CrawlFailureRow,
    CrawlRow,
    RunRow,
    finish_run,
    mark_folded,
    record_crawl,
    record_failures,
    running_runs,
    start_run,
)
from warehouse.status import loop_status

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


def test_a_release_stored_again_stays_as_it_was(db):
    assert add_release(db, RELEASE, METRICS, GROUPS)
    assert not add_release(db, replace(RELEASE, reason="again"), METRICS, GROUPS)
    assert release_history(db) == [replace(RELEASE, seq=1)]
    assert metrics(db, "r1") == sorted(METRICS, key=lambda row: row.method)
    assert superclasses(db, "r1") == GROUPS


def test_after_a_roll_back_the_release_before_it_is_current_again(db):
    assert current_release(db) is None
    add_release(db, RELEASE, METRICS, GROUPS)
    add_release(db, replace(RELEASE, release_id="r2", incumbent="r1"), [], [])
    add_release(db, replace(RELEASE, release_id="r3", status=ReleaseStatus.REFUSED), [], [])
    assert getattr(current_release(db), "release_id", None) == "r2"
    set_release_status(db, "r2", ReleaseStatus.ROLLED_BACK, "worse on shelf photos")
    assert current_release(db) == replace(RELEASE, seq=1)


def test_the_status_of_a_release_that_is_not_there_cannot_be_set(db):
    with pytest.raises(WarehouseError, match="no release 'r9'"):
        set_release_status(db, "r9", ReleaseStatus.REFUSED, "")


def test_a_run_ends_once_but_may_contradict_who_took_it_for_dead(db):
    start_run(db, RUN)
    assert running_runs(db) == [RUN]
    finish_run(db, "run1", RunStatus.CRASHED, "its process is gone")
    finish_run(db, "run1", RunStatus.COMPLETED)
    finish_run(db, "run1", RunStatus.CRASHED, "swept late")
    assert running_runs(db) == []
    assert loop_status(db).last_runs[0].status == RunStatus.COMPLETED


def test_a_run_that_is_retried_runs_again_in_its_new_process(db):
    start_run(db, RUN)
    finish_run(db, "run1", RunStatus.FAILED, "disk full")
    start_run(db, replace(RUN, pid=43, started_at=NOON + timedelta(hours=1)))
    assert running_runs(db) == [replace(RUN, pid=43)]


def test_the_end_of_a_run_that_never_began_is_refused(db):
    with pytest.raises(WarehouseError, match="call start_run first"):
        finish_run(db, "run9", RunStatus.COMPLETED)


def test_a_crawl_is_folded_once(db):
    record_crawl(db, CRAWL)
    record_crawl(db, CRAWL)
    assert [crawl.crawl_id for crawl in waiting_crawls(db)] == ["c1"]
    mark_folded(db, "c1")
    mark_folded(db, "c1")
    record_crawl(db, CRAWL)
    assert waiting_crawls(db) == []
    with pytest.raises(WarehouseError, match="call record_crawl first"):
        mark_folded(db, "c9")


def test_an_attempt_counts_once_for_each_crawl_however_often_it_is_folded(db):
    second = replace(FAILURE, crawl_id="c2", at=NOON + timedelta(days=1), detail="after 31 s")
    assert [record_failures(db, rows) for rows in ([FAILURE, FAILURE], [FAILURE], [second], [second], [FAILURE])] == [
        1,
        0,
        1,
        0,
        0,
    ]
    (row,) = db._connection.execute("SELECT attempts, detail, last_seen - first_seen FROM crawl_failure").fetchall()
    assert row == (2, "after 31 s", timedelta(days=1))


def test_a_decision_is_in_the_ledger_once_and_the_newest_is_told_first(db):
    later = replace(DECISION, decision_id="d2", action="gallery", at=NOON - timedelta(days=9))
    assert record_decisions(db, [DECISION, DECISION, later]) == 2
    assert record_decisions(db, [later]) == 0
    assert decisions_for(db, SubjectKind.SKU, "tea") == [replace(later, seq=2), replace(DECISION, seq=1)]
    assert decisions_for(db, SubjectKind.IMAGE, "tea") == []
