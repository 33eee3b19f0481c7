"""Opening the one-writer database: wait for the lock, work in one transaction, close."""

import atexit
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import duckdb

from recognition.files import replaced
from warehouse import migrate, sql
from warehouse.errors import WarehouseError, WarehouseLockedError
from warehouse.session import Session

_RETRY_SECONDS = 0.1
_CHUNK = 4 * 1024**2  # bytes
_LOCK_CONFLICT = re.compile(r"Conflicting lock is held(?:.*?\(PID (?P<pid>\d+)\))?", re.DOTALL)


def _mute_binding_at_exit() -> None:
    """Keep DuckDB's binding quiet when the interpreter is gone.

    In a process that ran a Prefect flow, DuckDB 2.0 lists some 80 of its own functions as leaked on stderr, after
    everything else has ended. A night must not end in a page of noise that nobody can act upon.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


atexit.register(_mute_binding_at_exit)  # runs last: it is registered before whatever uses the warehouse


_Idle: TypeAlias = tuple[Path, duckdb.DuckDBPyConnection]


class _Engine:
    """DuckDB itself, without a file: kept from one session to the next, for to start it takes longer than most of them.

    It holds no lock while nobody has a session. One is kept for the store that was used last.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._idle: _Idle | None = None

    def taken_for(self, path: Path) -> duckdb.DuckDBPyConnection:
        """The one that is kept, if it served this file the last time, or a new one."""
        idle = self._exchanged(None)
        if idle is not None and idle[0] == path:
            return idle[1]
        if idle is not None:
            idle[1].close()
        return duckdb.connect(config={"temp_directory": f"{path}.tmp"})  # as if the file had been opened by its name

    def give_back(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep it for the next session."""
        if (idle := self._exchanged((path, connection))) is not None:
            idle[1].close()

    def close(self) -> None:
        """Keep none."""
        if (idle := self._exchanged(None)) is not None:
            idle[1].close()

    def _exchanged(self, kept: _Idle | None) -> _Idle | None:
        """What was kept until now; from now on it is `kept`."""
        with self._guard:
            idle, self._idle = self._idle, kept
        return idle


_engine = _Engine()
atexit.register(_engine.close)


class _ProcessLock:
    """One session at a time per file in this process: DuckDB refuses two modes of one file side by side."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    @contextmanager
    def held(self, path: Path, wait_seconds: float) -> Iterator[None]:
        if self._owner == threading.get_ident():
            raise WarehouseError(
                f"this thread has a session on {path} already: pass that one on instead of opening another"
            )
        if not self._lock.acquire(timeout=wait_seconds):
            raise WarehouseLockedError(path, wait_seconds, os.getpid(), "another thread of this process")
        self._owner = threading.get_ident()
        try:
            yield
        finally:
            self._owner = None
            self._lock.release()


_process_locks: dict[Path, _ProcessLock] = {}
_process_locks_guard = threading.Lock()


class Warehouse:
    """The database file of one store; sessions are short, because nobody else can open it meanwhile.

    Attributes:
        path: The database file.
        wait_seconds: How long a session waits for another process or thread to let go of it.
    """

    def __init__(self, path: Path, wait_seconds: float = 60) -> None:
        self.path = path.absolute()
        self.wait_seconds = wait_seconds
        with _process_locks_guard:
            self._lock = _process_locks.setdefault(self.path.resolve(), _ProcessLock())

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session whose block is one transaction: committed at its end, rolled back if it raises.

        Raises:
            WarehouseLockedError: Somebody kept the file for longer than `wait_seconds`.
            WarehouseError: There is no database yet, or the disk refused what the block wrote.
        """
        self._refuse_absent()
        with self._opened() as connection, _transaction(connection):
            yield Session(connection)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read-only session on one consistent state.

        Raises:
            WarehouseLockedError: Somebody kept the file for longer than `wait_seconds`.
            WarehouseError: There is no database yet.
        """
        self._refuse_absent()
        with self._opened(read_only=True) as connection, _transaction(connection):
            yield Session(connection)

    def migrate(self, up_to: int | None = None) -> tuple[str, ...]:
        """Bring the schema up to date and return the names of the steps that ran; none if it was.

        Raises:
            MigrationError: A step failed (and was rolled back), was altered after it ran, or is unknown here.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened() as connection:
            return migrate.run_migrations(connection, up_to)

    def copy_to(self, target: Path) -> None:
        """Write a consistent copy of the file to `target`: its bytes, once nothing is left in the write-ahead log.

        Raises:
            WarehouseLockedError: Somebody kept the file for longer than `wait_seconds`.
            WarehouseError: There is no database yet.
        """
        self._refuse_absent()
        # The stream is closed last: closing any file of this path takes DuckDB's lock on it away (fcntl(2), F_SETLK).
        with (
            self._lock.held(self.path, self.wait_seconds),
            self.path.open("rb") as stream,
            self._attached() as connection,
        ):
            connection.execute("CHECKPOINT warehouse")
            with target.open("wb") as copy:
                shutil.copyfileobj(stream, copy, _CHUNK)

    def compact(self) -> int:
        """Rewrite the file without its gaps and return the bytes that this gave back.

        The old file is held until the new one is in its place, so nobody writes in between; a process that dies leaves
        the old one.

        Raises:
            WarehouseLockedError: Somebody kept the file for longer than `wait_seconds`.
            WarehouseError: There is no database yet, or no room for the copy.
        """
        self._refuse_absent()
        before = self.path.stat().st_size
        try:
            with self._opened() as connection, replaced(self.path) as copy:
                # Else a write-ahead log of the old file would meet the new one.
                connection.execute("CHECKPOINT warehouse")
                connection.execute(sql.query("snapshot/attach_target"), {"path": str(copy)})
                connection.execute(sql.query("snapshot/compact"))
                connection.execute(sql.query("snapshot/finish"))
                connection.execute("DETACH target")
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"{self.path} could not be compacted and is as it was: {error}") from error
        return max(0, before - self.path.stat().st_size)

    @contextmanager
    def _opened(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Hold the file for the block: alone in this process, and with the lock DuckDB has on it."""
        with self._lock.held(self.path, self.wait_seconds), self._attached(read_only=read_only) as connection:
            yield connection

    @contextmanager
    def _attached(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection whose default database is the file. After any error that connection is used no more."""
        connection = _engine.taken_for(self.path)
        try:
            self._attach(connection, "sessions/attach_to_read" if read_only else "sessions/attach")
            connection.execute(sql.query("sessions/begin"))
            yield connection
            with suppress(duckdb.Error):  # everything is stored by now, if only in the write-ahead log
                connection.execute(sql.query("sessions/end"))
                _engine.give_back(self.path, connection)
                return
        except BaseException:
            connection.close()
            raise
        connection.close()

    def _refuse_absent(self) -> None:
        if not self.path.exists():
            remedy = "the first nightly run creates it (`Warehouse.migrate`)"
            raise WarehouseError(f"there is no warehouse at {self.path} yet: {remedy}")

    def _attach(self, connection: duckdb.DuckDBPyConnection, statement: str) -> None:
        deadline = time.monotonic() + self.wait_seconds
        while True:
            try:
                connection.execute(sql.query(statement), {"path": str(self.path)})
            except duckdb.Error as error:
                # DuckDB has no exception of its own for a held lock, and only its text knows who holds it.
                conflict = _LOCK_CONFLICT.search(str(error))
                if conflict is None:
                    raise WarehouseError(f"{self.path} cannot be opened: {error}") from error
                if time.monotonic() >= deadline:
                    pid = int(conflict["pid"]) if conflict["pid"] else None
                    raise WarehouseLockedError(self.path, self.wait_seconds, pid, _command_of(pid)) from error
            else:
                return
            time.sleep(_RETRY_SECONDS)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        # A failed statement may have ended the transaction already: the first error is the one to tell.
        with suppress(duckdb.Error):
            connection.rollback()
        raise
    try:
        connection.commit()
    except duckdb.Error as error:
        raise WarehouseError(f"the session could not be stored, everything is as it was before it: {error}") from error


def _command_of(pid: int | None) -> str | None:
    """Return the command line of a process, if it still runs and this system tells."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    return raw.replace(b"\0", b" ").decode(errors="replace").strip() or None
