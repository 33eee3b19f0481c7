"""Where the SQL lives: .sql files inside the package, found also when it is installed from a wheel."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from warehouse.errors import MigrationError

_PACKAGE = files("warehouse")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema.

    Attributes:
        number: 1 for the first, without gaps.
        name: The file's name.
        script: Its statements.
        sha256: Of the script, so that a step that was altered after it ran is noticed.
    """

    number: int
    name: str
    script: str
    sha256: str


@cache
def query(name: str) -> str:
    """Return the text of ``queries/<name>.sql``."""
    return (_PACKAGE / "queries" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def migrations() -> tuple[Migration, ...]:
    """Return all migrations in order.

    Raises:
        MigrationError: The numbers in the package have a gap or a repeat.
    """
    scripts = sorted((f for f in (_PACKAGE / "migrations").iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    steps = tuple(_migration(f.name, f.read_text(encoding="utf-8")) for f in scripts)
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise MigrationError(f"migrations must be numbered 001, 002, ... without gaps; found {[s.name for s in steps]}")
    return steps


def _migration(name: str, script: str) -> Migration:
    return Migration(int(name.split("_", 1)[0]), name, script, hashlib.sha256(script.encode()).hexdigest())
