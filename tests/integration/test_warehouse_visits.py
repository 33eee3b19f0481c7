"""When what failed is tried again, in a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recognition.vocabulary import FetchReason
from tests.support.warehouses import migrated_warehouse
from warehouse import Warehouse
from warehouse.runs import CrawlFailureRow, CrawlRow, record_crawl
from warehouse.session import Session
from warehouse.visits import MOST_ATTEMPTS, VisitRow, crawl_reports, postponed, record_visit, schedule_retries

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return migrated_warehouse(tmp_path / "w.duckdb")


@pytest.fixture
def db(warehouse: Warehouse) -> Iterator[Session]:
    with warehouse.write() as session:
        yield session


def crawl(db: Session, night: int, *failing: str, complete: bool = True) -> frozenset[str]:
    """One night in which these addresses are down; what was not asked for."""
    crawl_id = f"night-{night}"
    later = postponed(db, "shop", crawl_id)
    at = BEGAN + timedelta(days=night)
    rows = [
        CrawlFailureRow("shop", url, FetchReason.HTTP_5XX, "500", crawl_id, at) for url in failing if url not in later
    ]
    record_crawl(db, CrawlRow(crawl_id, "shop", f"run-{night}", 1, 0, 0, len(rows), 1.0, reached=True, finished_at=at))
    schedule_retries(db, "shop", crawl_id, rows, complete=complete)
    schedule_retries(db, "shop", crawl_id, rows, complete=complete)  # a rerun of the night
    return later


def test_what_fails_is_tried_again_less_and_less_often_and_then_given_up(db: Session) -> None:
    tried = [night for night in range(1, 80) if "u" not in crawl(db, night, "u")]
    assert tried == [1, 2, 4, 8, 16, 32]
    assert len(tried) == MOST_ATTEMPTS


def test_what_comes_after_all_is_forgotten_and_begins_anew_when_it_fails_again(db: Session) -> None:
    crawl(db, 1, "u")
    crawl(db, 2)
    crawl(db, 3, "u")
    assert postponed(db, "shop", "night-4") == frozenset()


def test_a_crawl_that_was_cut_short_settles_nothing(db: Session) -> None:
    crawl(db, 1, "u")
    crawl(db, 2, "u")
    crawl(db, 4, complete=False)
    assert postponed(db, "shop", "night-5") == frozenset()  # due, and still known
    crawl(db, 5, "u")
    assert postponed(db, "shop", "night-6") == {"u"}


def test_one_shop_s_trouble_puts_off_nothing_at_another(db: Session) -> None:
    for night in (1, 2):
        crawl(db, night, "u")
    assert postponed(db, "other", "night-3") == frozenset()


def test_a_visit_is_told_of_once_in_the_report_of_its_run(db: Session) -> None:
    crawl(db, 1)
    row = VisitRow(
        crawl_id="night-1",
        pages=9,
        pages_unchanged=4,
        pages_unasked=2,
        pages_postponed=1,
        images_new=3,
        images_known=5,
        images_failed=1,
        failed_by_reason="timeout: 1",
        requests=20,
        bytes=1000,
        seconds_between=0.25,
        asked_delay=1.0,
        pauses=1,
        paused_seconds=5.0,
        closed=None,
    )
    record_visit(db, row)
    record_visit(db, row)
    (told,) = crawl_reports(db, "run-1")
    assert (told.source, told.pages, told.failed_by_reason, told.asked_delay) == ("shop", 9, "timeout: 1", 1.0)
    assert crawl_reports(db, "run-2") == []
