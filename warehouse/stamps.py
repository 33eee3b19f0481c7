"""What each table and view holds, in one short stamp: what has the same stamp as last night need not be written again.

A table is stamped by its rows, a view by its definition, by the macros that it calls, and by the tables that it is made
of, directly or through other views. So a view must depend on nothing but tables: no clock, no chance, no settings.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from warehouse import sql

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Definition:
    name: str
    kind: str
    sql: str


def content_stamps(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return table or view -> stamp: equal stamps, equal definition and equal rows, in whatever order.

    Raises:
        duckdb.Error: The database cannot be read.
    """
    found = [_Definition(*row) for row in connection.execute(sql.query("snapshot/definitions")).fetchall()]
    known = {each.name: each for each in found}
    holds = {each.name: _held(connection, each) for each in found}
    published = (each.name for each in found if each.kind != "macro")
    return {name: _digest(*(holds[part] for part in sorted(_made_of(name, known)))) for name in published}


def _held(connection: duckdb.DuckDBPyConnection, of: _Definition) -> str:
    if of.kind != "table":
        return f"{of.name}|{of.sql}"
    return f"{of.name}|{of.sql}|{connection.execute(sql.query('snapshot/content'), {'name': of.name}).fetchone()}"


def _made_of(name: str, known: Mapping[str, _Definition]) -> set[str]:
    """Itself, and every table, view and macro that its definition may name.

    Any word that is the name of a table counts, also where it is a column: a file that is written without need costs
    less than one that is wrong.
    """
    reached, ahead = set[str](), {name}
    while ahead:
        reached |= ahead
        words = {
            word.lower() for each in ahead if known[each].kind != "table" for word in _WORD.findall(known[each].sql)
        }
        ahead = (words & known.keys()) - reached
    return reached


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
