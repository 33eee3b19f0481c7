"""`skuloop labels revert` at the terminal, on a real database."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recognition.vocabulary import LabelKind, LabelOrigin
from skuloop.exit_codes import ExitCode
from tasks.settings import load_settings
from tasks.wiring import Parts, build_parts
from tests.support.in_process import call_skuloop
from tests.support.workspace import small_workspace
from warehouse.labels import LabelEventRow, annotators_statements, append_label_events
from warehouse.snapshot import query_snapshot

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Ada said one thing at nine in the morning, and three things from ten on; Bob said one."""
    config = small_workspace(tmp_path, timezone="Europe/Berlin")
    with build_parts(load_settings(config)).warehouse.write() as db:
        append_label_events(db, [said(place, "ada", place) for place in range(4)])
        append_label_events(db, [said(9, "bob", 2)])
    return config


def said(place: int, actor: str, hours: int) -> LabelEventRow:
    at = NINE + timedelta(hours=hours)
    return LabelEventRow(f"e{place}", f"{place:064}", LabelKind.SKU, "tea", LabelOrigin.ANNOTATOR, actor, at)


def standing(config: Path) -> set[str]:
    with Parts(load_settings(config)).warehouse.read() as db:
        return {row.event_id for row in annotators_statements(db)}


def test_a_dry_run_shows_what_a_revert_then_does(config: Path) -> None:
    words = ("labels", "revert", "-c", str(config), "--annotator", "ada", "--since", "2026-03-02T10:00Z", "--json")

    planned = call_skuloop(*words, "--dry-run")
    assert standing(config) == {"e0", "e1", "e2", "e3", "e9"}
    done, again = call_skuloop(*words), call_skuloop(*words)

    assert (planned.code, done.code, again.code) == (ExitCode.DONE, ExitCode.DONE, ExitCode.DONE)
    assert json.loads(planned.out) == json.loads(done.out)
    assert len(json.loads(done.out)["labels"]) == 3
    assert json.loads(again.out)["labels"] == []
    assert standing(config) == {"e0", "e9"}
    events = "SELECT kind, count(*) FROM label_event GROUP BY kind ORDER BY kind"
    snapshot = Parts(load_settings(config)).paths.snapshot / "skuloop.duckdb"
    assert query_snapshot(snapshot, events).rows == [("sku", 5), ("withdrawn", 3)], "nothing is erased"


def test_a_time_without_a_zone_is_in_the_zone_of_the_settings(config: Path) -> None:
    said = call_skuloop("labels", "revert", "-c", str(config), "--annotator", "ada", "--since", "2026-03-02T11:00")

    assert "3 labels of ada since 2026-03-02T11:00:00+01:00 taken back" in said.err
    assert len(said.out.splitlines()) == 3
    assert standing(config) == {"e0", "e9"}


def test_a_time_that_is_none_is_a_usage_error_and_changes_nothing(config: Path) -> None:
    said = call_skuloop("labels", "revert", "-c", str(config), "--annotator", "ada", "--since", "yesterday")

    assert said.code == ExitCode.USAGE
    assert "yesterday" in said.err
    assert len(standing(config)) == 5
