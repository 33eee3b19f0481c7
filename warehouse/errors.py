"""Errors of the warehouse; each message says what to do."""

from pathlib import Path


class WarehouseError(Exception):
    """Base of every error that the warehouse raises on purpose."""


class WarehouseLockedError(WarehouseError):
    """Another process kept the database open for longer than we were willing to wait.

    Attributes:
        pid: The process that holds the file, if DuckDB named it.
        command: Its command line, if it can still be read.
    """

    def __init__(self, path: Path, waited_seconds: float, pid: int | None, command: str | None) -> None:
        holder = "another process" if pid is None else f"process {pid}"
        what = f" ({command})" if command else ""
        super().__init__(
            f"{path} is held by {holder}{what}; gave up after {waited_seconds:.0f} s. "
            "DuckDB allows one process at a time: wait for that one or stop it, or read the published snapshot instead."
        )
        self.pid = pid
        self.command = command


class MigrationError(WarehouseError):
    """The schema in the file and the migrations of this version do not fit together."""


class VectorStoreError(WarehouseError):
    """A vector shard cannot be trusted, or vectors were offered that do not belong into the store."""


class SnapshotError(WarehouseError):
    """The published snapshot is missing or damaged, or a question to it was refused."""


class ObjectStoreError(WarehouseError):
    """The object store that machines share cannot be reached, or refuses; the message names it."""
