"""The reference of the warehouse, written from the comments in the schema itself: what is there, and what it means."""

import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from recognition.files import write_durably
from warehouse.connection import Warehouse

_HEAD = """\
# The warehouse: every view, table, column and macro

Written by `make docs` from the `COMMENT ON` of `warehouse/migrations/`: change it there. The same comments are in the
database: `SELECT comment FROM duckdb_columns()`. [The data team's guide](../guide/data-team.md) says how to open it.

Times are UTC. The views answer questions; the tables are what they are made of."""
_SECTIONS = {"view": "Views", "table": "Tables"}


@dataclass(frozen=True, slots=True)
class _Relation:
    name: str
    kind: str
    comment: str


@dataclass(frozen=True, slots=True)
class _Column:
    table_name: str
    column_name: str
    data_type: str
    comment: str


def describe(warehouse: Warehouse) -> str:
    """Markdown that names every view, table, column and macro of a migrated warehouse with its comment.

    Raises:
        WarehouseError: There is no database yet, or it cannot be opened.
    """
    with warehouse.read() as db:
        relations = db.rows(_Relation, "reference/relations")
        columns = defaultdict[str, list[_Column]](list)
        for column in db.rows(_Column, "reference/columns"):
            columns[column.table_name].append(column)
        macros = db.tuples("reference/macros")
    lines = [_HEAD]
    for kind, title in _SECTIONS.items():
        lines += ["", f"## {title}"]
        for relation in relations:
            if relation.kind == kind:
                lines += _section(relation, columns[relation.name])
    lines += ["", "## Macros", "", "Each is asked like a table: `FROM photo_labels()`.", ""]
    lines += ["| macro | answers |", "|---|---|", *(f"| `{name}()` | {_cell(comment)} |" for name, comment in macros)]
    return "\n".join(lines) + "\n"


def _section(relation: _Relation, columns: list[_Column]) -> list[str]:
    return [
        *("", f"### {relation.name}", "", _cell(relation.comment), ""),
        *("| column | type | meaning |", "|---|---|---|"),
        *(f"| `{column.column_name}` | `{_cell(column.data_type)}` | {_cell(column.comment)} |" for column in columns),
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the reference of a freshly migrated warehouse to the file that is named."""
    if len(arguments) != 1:
        print("usage: python -m warehouse.reference FILE", file=sys.stderr)
        return 2
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb")
        warehouse.migrate()
        write_durably(Path(arguments[0]), describe(warehouse).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
