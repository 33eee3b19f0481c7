"""The published snapshot: atomic, whole, and read-only for good."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from recognition.vocabulary import Tier, TierReason
from warehouse import Warehouse
from warehouse.audits import ClassAuditRow, append_class_audits
from warehouse.errors import SnapshotError, WarehouseError
from warehouse.snapshot import publish_snapshot, query_snapshot

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PUBLISH_FOREVER = """
import sys
from pathlib import Path
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
    warehouse = Warehouse(tmp_path / "store" / "w.duckdb")
    warehouse.migrate()
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
