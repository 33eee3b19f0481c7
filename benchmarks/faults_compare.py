"""What a run leaves behind, as content hashes: two stores with the same history have the same ones.

Left out is what names a run, a process or a moment, and how much was asked of the shop (a crawl that is cut short asks
for some pages twice). Everything else counts: every other column of every table, every vector, every file of every
release, every stored picture, every question in Label Studio, and files that somebody forgot.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from recognition.files import sha256_of
from recognition.release.bundle import MANIFEST
from warehouse.snapshot import DATABASE_NAME, query_snapshot

_TABLES = (
    "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() JOIN duckdb_tables() "
    "USING (schema_name, table_name) WHERE schema_name = 'main' GROUP BY ALL ORDER BY table_name"
)
_RECORDS = {"run", "run_stage", "run_version", "schema_migration", "crawl_visit"}
_NAMES_AND_TIMES = {
    "run_id", "first_seen_run", "decision_id", "seq", "audit_seq", "seconds", "first_seen", "last_seen", "sync_value",
}  # fmt: skip
_KILLED_IS_REMEMBERED = "WHERE action <> 'sweep'"

Traces = dict[str, str]


def traces(store: Path, task_keys: Iterable[str]) -> Traces:
    """SHA-256 by table, and of vectors, releases, pictures, questions in Label Studio and leftovers.

    Args:
        store: folder of the store.
        task_keys: the questions that Label Studio holds.
    """
    found = {f"table {name}": digest for name, digest in _tables(store / "snapshot" / DATABASE_NAME)}
    found["vectors"] = _digest(_vectors(store / "vectors"))
    found["releases"] = _digest(_releases(store / "releases"))
    found["pictures"] = _digest(path.relative_to(store).as_posix() for path in _files(store / "images"))
    found["Label Studio"] = _digest(task_keys)
    found["leftovers"] = _digest(leftovers(store))
    return found


def differences(wanted: Traces, found: Traces) -> list[str]:
    """Names of what is not the same."""
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def leftovers(store: Path) -> list[str]:
    """Files half written and never finished, which the next run should have cleared away."""
    parts = (path for path in store.rglob(".*") if path.name.endswith((".tmp", ".part")) or ".tmp." in path.name)
    return sorted(path.relative_to(store).as_posix() for path in parts)


def _tables(snapshot: Path) -> Iterable[tuple[str, str]]:
    for name, columns in query_snapshot(snapshot, _TABLES).rows:
        kept = [f'"{column}"' for column in columns if not _is_volatile(column)]
        if name in _RECORDS or not kept:
            continue
        where = _KILLED_IS_REMEMBERED if name == "decision" else ""
        if name == "sync_cursor":
            kept = ["name"]
        rows = query_snapshot(snapshot, f'SELECT {", ".join(kept)} FROM "{name}" {where}').rows  # noqa: S608 - its own
        yield name, _digest(map(str, rows))


def _is_volatile(column: str) -> bool:
    return column in _NAMES_AND_TIMES or column.endswith("_at")


def _vectors(folder: Path) -> Iterable[str]:
    for shard in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(shard)
        for row in table.to_pylist():
            yield f"{shard.parent.name} {row}"


def _releases(folder: Path) -> Iterable[str]:
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if path.name == MANIFEST:
            manifest = json.loads(path.read_bytes())
            manifest.pop("created_at")
            yield f"{name} {json.dumps(manifest, sort_keys=True)}"
        elif path.parent == folder:  # the pointer, which holds the digest of a manifest with its time
            yield f"{name} {json.loads(path.read_bytes())['release_id']}"
        else:
            yield f"{name} {sha256_of(path)}"


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
