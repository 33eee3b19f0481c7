"""Numbered migrations: each step and its record are one transaction."""

import duckdb

from warehouse import sql
from warehouse.errors import MigrationError
from warehouse.sql import Migration


def run_migrations(connection: duckdb.DuckDBPyConnection, up_to: int | None = None) -> tuple[str, ...]:
    """Run the steps that this database lacks and return their names.

    Args:
        connection: Open for writing, outside any transaction.
        up_to: The last step to run; all of them if None.

    Raises:
        MigrationError: A step failed and was rolled back, was altered after it ran, or is unknown to this version.
    """
    connection.execute(sql.query("migrations/create_record"))
    done = dict(connection.execute(sql.query("migrations/done")).fetchall())
    _refuse_strangers(done)
    missing = [step for step in sql.migrations() if step.number not in done and (up_to is None or step.number <= up_to)]
    for step in missing:
        _run(connection, step)
    if missing:
        # DDL is not left in the write-ahead log: replaying it after a kill is where DuckDB has had its bugs.
        connection.execute("CHECKPOINT")
    return tuple(step.name for step in missing)


def _refuse_strangers(done: dict[int, str]) -> None:
    known = {step.number: step for step in sql.migrations()}
    for number, sha256 in done.items():
        if number not in known:
            raise MigrationError(f"the database has step {number}, which this version does not know: update skuloop")
        if known[number].sha256 != sha256:
            raise MigrationError(
                f"{known[number].name} was altered after it ran here: restore it, and write a new step instead"
            )


def _run(connection: duckdb.DuckDBPyConnection, step: Migration) -> None:
    connection.begin()
    try:
        connection.execute(step.script)
        connection.execute(
            sql.query("migrations/record"), {"number": step.number, "name": step.name, "sha256": step.sha256}
        )
    except duckdb.Error as error:
        connection.rollback()
        raise MigrationError(f"{step.name} failed and was rolled back: {error}") from error
    connection.commit()
