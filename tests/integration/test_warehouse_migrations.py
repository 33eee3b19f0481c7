"""Migrations on real database files."""

from pathlib import Path

import duckdb
import pytest

from warehouse import Warehouse, migrate, sql
from warehouse.errors import MigrationError
from warehouse.sql import Migration

GOOD = "CREATE TABLE extra (a BIGINT);"
HALF_BAD = "CREATE TABLE extra (a BIGINT); INSERT INTO nowhere VALUES (1);"


def schema_of(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(path, read_only=True) as connection:
        tables = connection.execute("SELECT table_name, sql, comment FROM duckdb_tables() ORDER BY ALL").fetchall()
        views = connection.execute(
            "SELECT view_name, sql, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
    return [*tables, *views, *columns]


def with_extra_step(monkeypatch: pytest.MonkeyPatch, script: str, sha256: str = "f") -> None:
    steps = sql.migrations()
    extra = Migration(len(steps) + 1, f"{len(steps) + 1:03}_extra.sql", script, sha256)
    monkeypatch.setattr(migrate.sql, "migrations", lambda: (*steps, extra))


@pytest.mark.parametrize("stop", range(len(sql.migrations()) + 1))
def test_a_store_that_stopped_at_any_step_ends_with_the_same_schema_as_a_new_one(tmp_path, stop):
    new, stopped = Warehouse(tmp_path / "new.duckdb"), Warehouse(tmp_path / "stopped.duckdb")
    new.migrate()
    assert len(stopped.migrate(up_to=stop)) == stop
    stopped.migrate()
    assert schema_of(new.path) == schema_of(stopped.path)


def test_migrating_again_does_nothing(tmp_path):
    warehouse = Warehouse(tmp_path / "w.duckdb")
    assert warehouse.migrate() == tuple(step.name for step in sql.migrations())
    assert warehouse.migrate() == ()


def test_nothing_of_the_schema_is_left_in_the_write_ahead_log(tmp_path):
    warehouse = Warehouse(tmp_path / "w.duckdb")
    warehouse.migrate()
    assert [path.name for path in tmp_path.iterdir()] == ["w.duckdb"]


def test_a_step_that_fails_half_way_leaves_neither_tables_nor_a_record_and_can_be_repaired(tmp_path, monkeypatch):
    warehouse = Warehouse(tmp_path / "w.duckdb")
    warehouse.migrate()
    before = schema_of(warehouse.path)
    with monkeypatch.context() as patch:
        with_extra_step(patch, HALF_BAD)
        with pytest.raises(MigrationError, match=r"_extra\.sql failed and was rolled back"):
            warehouse.migrate()
    assert schema_of(warehouse.path) == before
    with_extra_step(monkeypatch, GOOD)
    assert len(warehouse.migrate()) == 1


def test_a_step_that_was_altered_after_it_ran_is_refused(tmp_path, monkeypatch):
    warehouse = Warehouse(tmp_path / "w.duckdb")
    with monkeypatch.context() as patch:
        with_extra_step(patch, GOOD, sha256="as it ran")
        warehouse.migrate()
    with_extra_step(monkeypatch, GOOD, sha256="as it is now")
    with pytest.raises(MigrationError, match=r"_extra\.sql was altered after it ran"):
        warehouse.migrate()


def test_a_database_of_a_newer_version_is_refused_and_not_guessed_at(tmp_path, monkeypatch):
    warehouse = Warehouse(tmp_path / "w.duckdb")
    with monkeypatch.context() as patch:
        with_extra_step(patch, GOOD)
        warehouse.migrate()
    with pytest.raises(MigrationError, match="update skuloop"):
        warehouse.migrate()


def test_every_table_view_and_column_says_what_it_is(tmp_path):
    warehouse = Warehouse(tmp_path / "w.duckdb")
    warehouse.migrate()
    assert [entry[:2] for entry in schema_of(warehouse.path) if not entry[-1]] == []
