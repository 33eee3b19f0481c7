"""What a second run of the same night changes: everything that the loop keeps, observed before and after."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recognition.files import sha256_of
from recognition.release.pointer import POINTER
from tasks.wiring import Parts
from warehouse.snapshot import DATABASE_NAME, query_snapshot

# These two say what ran and how long it took: a second run must add to them.
_RECORDS_OF_RUNS = ("run", "run_stage", "run_version")
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' ORDER BY table_name"
# Sum and xor of the row hashes do not depend on the order of the rows; the sum also sees a row that came twice.
_CONTENT = """
SELECT count(*), coalesce(sum(hash(content)::HUGEINT), 0)::VARCHAR, coalesce(bit_xor(hash(content)), 0)::VARCHAR
FROM "{table}" AS content
"""


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of the loop.

    Attributes:
        tables: rows and order-independent hash of each table of the published snapshot, but the records of runs.
        files: hash over names and bytes of the release pointer, of all releases and of all vectors.
        tasks: tasks in Label Studio.
    """

    tables: Mapping[str, tuple[int, str]]
    files: Mapping[str, str]
    tasks: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What a second run changed: nothing, if `changed` is empty."""

    what: str
    tables: int
    rows: int
    files: tuple[str, ...]
    tasks: int
    changed: tuple[str, ...]


def observe(parts: Parts, tasks: int) -> Observation:
    """The state as the last run published it."""
    snapshot = parts.paths.snapshot / DATABASE_NAME
    names = [str(name) for (name,) in query_snapshot(snapshot, _TABLES).rows]
    return Observation(
        tables={name: _content(snapshot, name) for name in names if name not in _RECORDS_OF_RUNS},
        files={
            "release pointer": _hash_of(parts.paths.releases, POINTER),
            "releases": _hash_of(parts.paths.releases, "*/*"),
            "vectors": _hash_of(parts.paths.vectors, "*/*"),
        },
        tasks=tasks,
    )


def prove(what: str, before: Observation, after: Observation) -> Proof:
    """Compare two observations."""
    tables = before.tables.keys() | after.tables.keys()
    changed = [f"table {name}" for name in sorted(tables) if before.tables.get(name) != after.tables.get(name)]
    changed += [name for name, found in before.files.items() if found != after.files[name]]
    if before.tasks != after.tasks:
        changed.append("Label Studio tasks")
    return Proof(
        what=what,
        tables=len(tables),
        rows=sum(rows for rows, _ in before.tables.values()),
        files=tuple(before.files),
        tasks=before.tasks,
        changed=tuple(changed),
    )


def _content(snapshot: Path, table: str) -> tuple[int, str]:
    ((rows, total, xor),) = query_snapshot(snapshot, _CONTENT.format(table=table)).rows
    return int(rows), f"{total}-{xor}"


def _hash_of(root: Path, pattern: str) -> str:
    lines = [f"{path.relative_to(root)} {sha256_of(path)}" for path in sorted(root.glob(pattern)) if path.is_file()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
