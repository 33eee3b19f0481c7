"""The published copy: readers query it while the loop writes, and can do nothing but read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.connection import Warehouse


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """What was published: the database file, its size, how many tables and views went to Parquet, how long it took."""

    path: Path
    bytes: int
    tables: int
    seconds: float


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to one query; rows are tuples in the order of `columns`."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def publish_snapshot(warehouse: Warehouse, snapshot_root: Path) -> SnapshotReport:
    """Publish ``skuloop.duckdb`` and ``parquet/<table or view>.parquet`` under `snapshot_root`, each atomically."""
    raise NotImplementedError


def query_snapshot(path: Path, query: str) -> QueryResult:
    """Run one query on a published snapshot; it can neither write nor read any other file.

    Raises:
        SnapshotError: There is no snapshot at `path`, it is damaged, or the query was refused.
    """
    raise NotImplementedError
