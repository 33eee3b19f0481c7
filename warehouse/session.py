"""A session: one open connection, one transaction, and the few verbs the table families need."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from warehouse import sql
from warehouse.errors import WarehouseError
from warehouse.rows import POSITION, Row, arrow_table, read_rows


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a statement with the names of their columns: for what is shown as it is."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Session:
    """One open connection to the warehouse; functions of the table families take it as their first argument.

    Every statement is named: it lives in ``queries/<name>.sql`` and takes its values as bound ``$parameters``. Rows
    come in as the table ``incoming``, which has a column per field of their dataclass and ``row_position``.
    Every method raises `WarehouseError` where DuckDB refuses the statement.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, name: str, /, **parameters: Any) -> int:
        """Run a statement and return how many rows it inserted, updated or deleted."""
        return _count(self._execute(name, parameters))

    def value(self, name: str, /, **parameters: Any) -> Any:
        """Return the first column of the first row, or None if there is no row."""
        rows = self.tuples(name, **parameters)  # all of them: a result that is not read to its end blocks writing
        return rows[0][0] if rows else None

    def tuples(self, name: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows as tuples."""
        return self._execute(name, parameters).fetchall()

    def table(self, name: str, /, **parameters: Any) -> Table:
        """Return all rows with the names of their columns."""
        cursor = self._execute(name, parameters)
        return Table(tuple(column[0] for column in cursor.description or ()), cursor.fetchall())

    def arrays(self, name: str, /, **parameters: Any) -> dict[str, Any]:
        """Return all rows as one NumPy array per column: for columns too long for a Python object each."""
        return dict(self._execute(name, parameters).fetchnumpy())

    def rows(self, row_type: type[Row], name: str, /, **parameters: Any) -> list[Row]:
        """Return all rows as `row_type`, whose field names must be the statement's column names."""
        cursor = self._execute(name, parameters)
        return read_rows(row_type, [column[0] for column in cursor.description], cursor.fetchall())

    def first(self, row_type: type[Row], name: str, /, **parameters: Any) -> Row | None:
        """Return the first row as `row_type`, or None."""
        return next(iter(self.rows(row_type, name, **parameters)), None)

    def run_over(self, name: str, rows: Sequence[Any], /, **parameters: Any) -> int:
        """Run a statement over ``incoming`` and return how many rows it touched; nothing runs for no rows."""
        return self._over(name, arrow_table(rows), parameters) if rows else 0

    def rows_over(self, row_type: type[Row], name: str, rows: Sequence[Any], /, **parameters: Any) -> list[Row]:
        """Return the rows of a statement over ``incoming`` as `row_type`; none for no rows."""
        if not rows:
            return []
        with self._incoming(arrow_table(rows)):
            return self.rows(row_type, name, **parameters)

    def run_over_pairs(self, name: str, pairs: Mapping[str, str], /, **parameters: Any) -> int:
        """Like `run_over`, for a mapping: ``incoming`` has the columns ``key`` and ``value``. Runs also when empty."""
        return self._over(name, _pairs_table(pairs), parameters)

    def tuples_over_pairs(self, name: str, pairs: Mapping[str, str], /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a statement over the pairs of a mapping as tuples."""
        with self._incoming(_pairs_table(pairs)):
            return self.tuples(name, **parameters)

    def _over(self, name: str, table: Any, parameters: Mapping[str, Any]) -> int:
        with self._incoming(table):
            return _count(self._execute(name, parameters))

    @contextmanager
    def _incoming(self, table: Any) -> Iterator[None]:
        self._connection.register("incoming", table)
        try:
            yield
        finally:
            with suppress(
                duckdb.Error
            ):  # after a failed statement nothing runs any more: that one's error is to be told
                self._connection.unregister("incoming")

    def _execute(self, name: str, parameters: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql.query(name), dict(parameters))
        except duckdb.Error as error:
            raise WarehouseError(f"{name} failed, so nothing of this session is stored: {error}") from error


def _pairs_table(pairs: Mapping[str, str]) -> Any:
    keys, values = pa.array(list(pairs), pa.string()), pa.array(list(pairs.values()), pa.string())
    return pa.table({"key": keys, "value": values, POSITION: pa.array(np.arange(len(pairs)))})


def _count(cursor: duckdb.DuckDBPyConnection) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
