"""The published copy: readers query it while the loop writes, and can do nothing but read."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from recognition.files import replaced, replaced_together
from warehouse import sql
from warehouse.connection import Warehouse
from warehouse.errors import SnapshotError
from warehouse.stamps import content_stamps

DATABASE_NAME = "skuloop.duckdb"
_BATCH = 100_000  # rows
_STAMP = b"skuloop_content"  # in the footer of a Parquet file, see queries/snapshot/write_parquet.sql


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """What was published: the database file, its size, how many tables and views it wrote as Parquet, the time taken.

    Tables and views that had not changed were not written again.
    """

    path: Path
    bytes: int
    written: int
    seconds: float


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to one query; rows are tuples in the order of `columns`.

    `cut` says that there were more rows than were asked for.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    cut: bool = False


def publish_snapshot(warehouse: Warehouse, snapshot_root: Path, *, anew: bool = False) -> SnapshotReport:
    """Publish ``skuloop.duckdb`` and ``parquet/<table or view>.parquet`` under `snapshot_root`, each file atomically.

    Whoever reads the old copy meanwhile keeps it until he closes it. The warehouse is held only while it is copied; the
    Parquet files, for readers that cannot open files of this DuckDB, are made from the copy. A file whose table or view
    is as it was stays as it is.

    Args:
        warehouse: What to publish.
        snapshot_root: Where.
        anew: Write every file, also those that seem to be as they should.

    Raises:
        WarehouseLockedError: Somebody kept the warehouse for too long.
        SnapshotError: The copy could not be written; the published one is as it was.
    """
    started = time.monotonic()
    target = snapshot_root / DATABASE_NAME
    try:
        with replaced(target) as copy:
            warehouse.copy_to(copy)
            written = _publish_parquet(copy, snapshot_root / "parquet", anew=anew)
    except (duckdb.Error, OSError) as error:
        raise SnapshotError(f"the snapshot in {snapshot_root} could not be published: {error}") from error
    return SnapshotReport(target, target.stat().st_size, len(written), time.monotonic() - started)


def query_snapshot(
    path: Path, query: str, *, most_rows: int | None = None, most_seconds: float | None = None
) -> QueryResult:
    """Run one query on a published snapshot; it can neither write nor read any other file.

    Args:
        path: The snapshot.
        query: One statement of SQL.
        most_rows: How many rows are wanted; all of them if None.
        most_seconds: After so long the query is stopped; never if None.

    Raises:
        SnapshotError: There is no snapshot at `path`, it is damaged, DuckDB refused the query, or it took too long.
    """
    if not path.exists():
        raise SnapshotError(f"there is no snapshot at {path}: the nightly run publishes one at its end")
    try:
        with duckdb.connect() as connection:
            # Its own instance: by path, DuckDB would hand out one that still has the replaced file open.
            connection.execute(sql.query("snapshot/attach_snapshot"), {"path": str(path)})
            connection.execute(sql.query("snapshot/lock_down"))
            with _stopped_after(connection, most_seconds):
                cursor = connection.execute(query)
                columns = tuple(column[0] for column in cursor.description or ())
                rows = cursor.fetchall() if most_rows is None else cursor.fetchmany(most_rows + 1)
            return QueryResult(columns, rows[:most_rows], cut=most_rows is not None and len(rows) > most_rows)
    except duckdb.InterruptException as error:
        raise SnapshotError(f"the query was stopped after {most_seconds:.0f} seconds") from error
    except duckdb.Error as error:
        raise SnapshotError(str(error)) from error


@contextmanager
def _stopped_after(connection: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def check_snapshot(snapshot_root: Path) -> None:
    """Read every row of every table and of its Parquet copy; return where there is no snapshot yet.

    Raises:
        SnapshotError: Something is damaged or missing, or a Parquet file has not the rows of its table.
    """
    path = snapshot_root / DATABASE_NAME
    if not path.exists():
        return
    try:
        with duckdb.connect(path, read_only=True) as connection:
            for (name,) in connection.execute(sql.query("snapshot/relations")).fetchall():
                rows = sum(batch.num_rows for batch in connection.table(name).to_arrow_reader(_BATCH))
                parquet = pq.ParquetFile(snapshot_root / "parquet" / f"{name}.parquet")
                copied = sum(batch.num_rows for batch in parquet.iter_batches(_BATCH))
                if rows != copied:
                    raise SnapshotError(f"{name} has {rows} rows in {path}, but {copied} in its Parquet file.")
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise SnapshotError(f"the snapshot in {snapshot_root} is damaged: {error}.") from error


def _publish_parquet(database: Path, folder: Path, *, anew: bool) -> list[str]:
    """Write every table and view that is not what its file says, and remove the files of those that are no more."""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        stamps = content_stamps(connection)
        files = {name: folder / f"{name}.parquet" for name in stamps}
        due = [name for name, stamp in stamps.items() if anew or _stamp_of(files[name]) != stamp]
        with replaced_together([files[name] for name in due]) as temporaries:
            for name, path in zip(due, temporaries, strict=True):
                named = {"name": name, "path": str(path), "stamp": stamps[name]}
                connection.execute(sql.query("snapshot/write_parquet"), named)
    for stale in set(folder.glob("*.parquet")) - set(files.values()):
        stale.unlink()
    return due


def _stamp_of(path: Path) -> str | None:
    """What the file was made of; None where there is no whole file that says so."""
    try:
        told = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException):
        return None
    return bytes(told.get(_STAMP, b"")).decode() or None
