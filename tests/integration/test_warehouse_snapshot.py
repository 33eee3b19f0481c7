"""The published snapshot: atomic, whole, and read-only for good."""

import os
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from recognition.vocabulary import Tier, TierReason
from tests.support.warehouses import migrated_warehouse
from warehouse import Warehouse
from warehouse.audits import ClassAuditRow, append_class_audits
from warehouse.errors import SnapshotError, WarehouseError
from warehouse.snapshot import publish_snapshot, query_snapshot
from warehouse.stamps import content_stamps

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PUBLISH_FOREVER = """
import sys
from pathlib import Path
from tests.support.warehouses import migrated_warehouse
from warehouse import Warehouse
from warehouse.snapshot import publish_snapshot
while True:
    publish_snapshot(Warehouse(Path(sys.argv[1])), Path(sys.argv[2]))
    print("published", flush=True)
"""


def audit(warehouse: Warehouse, samples: int) -> None:
    row = ClassAuditRow("tea", samples, samples, 0, 0, Tier.GALLERY, TierReason.TOO_FEW_SAMPLES, NOON)
    with warehouse.write() as db:
        append_class_audits(db, f"run{samples}", [row])


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = migrated_warehouse(tmp_path / "store" / "w.duckdb")
    audit(warehouse, 7)
    return warehouse


@pytest.fixture
def published(warehouse: Warehouse, tmp_path: Path) -> Path:
    return publish_snapshot(warehouse, tmp_path / "snapshot").path


def test_the_snapshot_answers_while_the_loop_is_writing(warehouse, published):
    with warehouse.write():
        answer = query_snapshot(published, "SELECT sku, samples, decided_at FROM class_now")
    assert answer.columns == ("sku", "samples", "decided_at")
    assert answer.rows == [("tea", 7, NOON)]


def test_the_comments_of_the_data_team_are_in_the_snapshot_too(published):
    missing = "SELECT table_name FROM duckdb_columns() WHERE comment IS NULL AND schema_name = 'main' AND NOT internal"
    assert query_snapshot(published, missing).rows == []
    assert query_snapshot(published, "DESCRIBE class_now").rows[0][0] == "sku"


def test_every_table_and_view_is_there_for_readers_without_this_duckdb(published):
    names = {name for (name,) in query_snapshot(published, "SHOW TABLES").rows}
    files = {path.stem: path for path in (published.parent / "parquet").iterdir()}
    assert set(files) == names
    assert {"class_now", "image", "prediction", "why_excluded"} <= names
    assert pq.read_table(files["class_now"]).to_pylist()[0]["samples"] == 7


def test_a_reader_of_the_old_snapshot_keeps_it_while_a_new_one_takes_its_place(warehouse, published):
    with duckdb.connect(published, read_only=True) as reader:
        audit(warehouse, 8)
        publish_snapshot(warehouse, published.parent)
        assert reader.execute("SELECT samples FROM class_now").fetchall() == [(7,)]
        assert query_snapshot(published, "SELECT samples FROM class_now").rows == [(8,)]


def test_a_table_that_is_gone_leaves_no_stale_parquet(warehouse, published):
    stale = published.parent / "parquet" / "dropped_long_ago.parquet"
    stale.write_bytes(b"old")
    publish_snapshot(warehouse, published.parent)
    assert not stale.exists()


def inodes(published: Path) -> dict[str, int]:
    return {path.stem: path.stat().st_ino for path in (published.parent / "parquet").iterdir()}


def test_only_what_has_changed_is_written_again_as_parquet(warehouse, published):
    before = inodes(published)
    audit(warehouse, 8)
    report = publish_snapshot(warehouse, published.parent)
    after = inodes(published)
    changed = {name for name in after if after[name] != before[name]}
    assert report.written == len(changed)
    assert {"class_audit", "class_now", "class_counts_over_time", "distance_to_50"} <= changed
    assert not changed & {"image", "label_event", "run", "price_history", "label_conflicts"}
    assert pq.read_table(published.parent / "parquet" / "class_now.parquet").to_pylist()[0]["samples"] == 8
    assert publish_snapshot(warehouse, published.parent).written == 0


def test_whatever_table_changes_the_stamp_of_every_view_that_shows_it_is_another(warehouse):
    with duckdb.connect(warehouse.path) as db:
        db.execute("SET TimeZone = 'UTC'")
        stamps, contents = content_stamps(db), shown(db)
        tables = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        seen = set()
        for table in tables:
            columns = "SELECT data_type FROM duckdb_columns() WHERE table_name = $1 ORDER BY column_index"
            values = ", ".join(_any(kind) for (kind,) in db.execute(columns, [table]).fetchall())
            db.execute(f'INSERT OR REPLACE INTO "{table}" VALUES ({values})')  # noqa: S608 - names of our schema
            before, (stamps, contents) = (stamps, contents), (content_stamps(db), shown(db))
            changed = {name for name in contents if contents[name] != before[1][name]}
            assert not {name for name in changed if stamps[name] == before[0][name]}, f"{table} changed"
            seen |= changed
        assert len(seen) > len(tables) + 10, "views must have shown something"


def shown(db: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    names = [name for (name,) in db.execute("SELECT table_name FROM information_schema.tables").fetchall()]
    return {name: db.execute(f'SELECT count(*), sum(hash(t)) FROM "{name}" AS t').fetchall() for name in names}  # noqa: S608


def _any(kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return "TIMESTAMPTZ '2031-03-01'"
    return "[]" if kind.endswith("[]") else "true" if kind == "BOOLEAN" else "7" if kind != "VARCHAR" else "'7'"


def test_no_view_depends_on_anything_but_tables(published):
    """A view that looks at the clock would stay as it was published the first time: nothing it is made of changes."""
    inconstant = query_snapshot(
        published,
        "SELECT function_name FROM duckdb_functions() WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')",
    )
    views = query_snapshot(published, "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").rows
    called = {name: {word.lower() for word in re.findall(r"(\w+)\s*\(", text)} for name, text in views}
    unsteady = {name for (name,) in inconstant.rows}
    assert "now" in unsteady
    assert {name: found for name, words in called.items() if (found := words & unsteady)} == {}
    assert [
        name for name, text in views if re.search(r"current_(date|time|timestamp)|local(time|timestamp)", text)
    ] == []


def test_the_warehouse_is_held_until_its_copy_is_whole(warehouse, tmp_path):
    """Closing any file of that path would let DuckDB's lock go: somebody could write between two halves of a copy."""
    pipe = tmp_path / "copy"
    os.mkfifo(pipe)
    copying = threading.Thread(target=warehouse.copy_to, args=(pipe,))
    copying.start()
    with pipe.open("rb") as stream:
        first = stream.read(1000)  # the other end is in the middle of it, and waits
        opened = f"import duckdb; duckdb.connect({str(warehouse.path)!r})"
        other = subprocess.run([sys.executable, "-c", opened], check=False, capture_output=True)  # noqa: S603 - our own
        rest = stream.read()
    copying.join()
    assert b"Conflicting lock" in other.stderr
    assert first + rest == warehouse.path.read_bytes()


def test_a_publisher_killed_at_any_moment_leaves_a_whole_snapshot_and_the_next_one_tidies_up(warehouse, tmp_path):
    root = tmp_path / "snapshot"
    command = [sys.executable, "-c", PUBLISH_FOREVER, warehouse.path, root]
    for published in range(1, 4):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:  # noqa: S603 - our own script
            assert publisher.stdout is not None
            for _ in range(published):
                publisher.stdout.readline()
            os.kill(publisher.pid, signal.SIGKILL)
        assert query_snapshot(root / "skuloop.duckdb", "SELECT samples FROM class_now").rows == [(7,)]
    publish_snapshot(warehouse, root)
    assert [path.name for path in root.rglob(".*")] == []
    assert sorted(path.name for path in root.iterdir()) == ["parquet", "skuloop.duckdb"]


REFUSED = {
    "changes a row": "UPDATE product SET title = 'x'",
    "makes a table": "CREATE TABLE mine (a INT)",
    "drops a view": "DROP VIEW class_now",
    "writes a file": "COPY (SELECT 1) TO '{folder}/out.csv'",
    "writes a log that the next reader would replay": "COPY (SELECT 1) TO '{folder}/skuloop.duckdb.wal'",
    "reads a file": "SELECT * FROM read_text('{folder}/secret.txt')",
    "lists files": "SELECT * FROM glob('{folder}/*')",
    "reads the parquet by name": "SELECT * FROM '{folder}/parquet/image.parquet'",
    "opens another database": "ATTACH '{folder}/other.duckdb'",
    "opens the snapshot for writing": "USE memory; DETACH snapshot; ATTACH '{folder}/skuloop.duckdb'",
    "loads an extension": "INSTALL httpfs",
    "undoes the lock": "SET enable_external_access = true",
    "changes the threads": "SET threads = 64",
    "exports everything": "EXPORT DATABASE '{folder}/export'",
    "reads a variable of this program": "SELECT * FROM NOON",
}


@pytest.mark.parametrize("story", REFUSED)
def test_an_analyst_whose_query_reaches_out_of_the_snapshot_is_refused(published, story):
    folder = published.parent
    (folder / "secret.txt").write_text("secret")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(SnapshotError):
        query_snapshot(published, REFUSED[story].format(folder=folder))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_misspelt_column_is_told_in_duckdbs_own_words(published):
    with pytest.raises(SnapshotError, match="samplez"):
        query_snapshot(published, "SELECT samplez FROM class_now")


def test_a_missing_or_damaged_snapshot_is_said_to_be_so(tmp_path, published):
    with pytest.raises(SnapshotError, match="there is no snapshot"):
        query_snapshot(tmp_path / "none.duckdb", "SELECT 1")
    published.write_bytes(published.read_bytes()[:5000])
    with pytest.raises(SnapshotError):
        query_snapshot(published, "SELECT * FROM class_now")


def test_a_failed_publication_leaves_the_old_snapshot(warehouse, published):
    (published.parent / "parquet" / "image.parquet").unlink()
    (published.parent / "parquet" / "image.parquet").mkdir()
    audit(warehouse, 8)
    with pytest.raises(SnapshotError, match="could not be published"):
        publish_snapshot(warehouse, published.parent)
    assert query_snapshot(published, "SELECT samples FROM class_now").rows == [(7,)]


def test_nothing_is_published_of_a_store_that_never_ran(tmp_path):
    with pytest.raises(WarehouseError, match="no warehouse"):
        publish_snapshot(Warehouse(tmp_path / "no.duckdb"), tmp_path / "snapshot")
