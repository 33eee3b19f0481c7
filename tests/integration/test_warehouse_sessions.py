"""Sessions on a real database file, with real processes that compete for it and die."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from warehouse import Warehouse
from warehouse.errors import WarehouseError, WarehouseLockedError
from warehouse.questions import get_cursor, set_cursor

HOLD = """
import sys, time
from pathlib import Path
from warehouse import Warehouse
with Warehouse(Path(sys.argv[1])).write() as db:
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
COUNT_UP = """
import sys
from pathlib import Path
from warehouse import Warehouse
from warehouse.questions import set_cursor
warehouse = Warehouse(Path(sys.argv[1]))
for number in range(1, 10_000):
    with warehouse.write() as db:
        set_cursor(db, "first", str(number))
        set_cursor(db, "second", str(number))
    print(number, flush=True)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "store" / "warehouse.duckdb", wait_seconds=20)
    warehouse.migrate()
    return warehouse


@contextmanager
def other_process(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own script
        try:
            yield process
        finally:
            process.kill()


def test_a_second_writer_waits_until_the_first_is_done(warehouse):
    with other_process(HOLD, warehouse.path, 1.0) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with warehouse.write() as db:
            set_cursor(db, "after", "the wait")
        assert holder.wait() == 0


@pytest.mark.parametrize("mode", ["read", "write"])
def test_whoever_waits_too_long_is_told_which_process_holds_the_file(warehouse, mode):
    impatient = Warehouse(warehouse.path, wait_seconds=0.3)
    with other_process(HOLD, warehouse.path, 60) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with (
            pytest.raises(WarehouseLockedError, match=rf"process {holder.pid} \(.*python.*-c") as caught,
            getattr(impatient, mode)(),
        ):
            pass
    assert caught.value.pid == holder.pid
    assert "published snapshot" in str(caught.value)


def test_a_kill_in_the_middle_of_writing_loses_nothing_acknowledged_and_tears_nothing_apart(warehouse):
    for _ in range(3):
        with other_process(COUNT_UP, warehouse.path) as writer:
            assert writer.stdout is not None
            acknowledged = [int(writer.stdout.readline()) for _ in range(10)][-1]
            os.kill(writer.pid, signal.SIGKILL)
        with warehouse.read() as db:
            first, second = get_cursor(db, "first"), get_cursor(db, "second")
        assert first == second
        assert int(first or 0) >= acknowledged


def test_a_step_that_fails_leaves_none_of_its_rows(warehouse):
    def fail_half_way() -> None:
        with warehouse.write() as db:
            set_cursor(db, "half", "done")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    with warehouse.read() as db:
        assert get_cursor(db, "half") is None


def test_threads_of_one_process_take_turns(warehouse):
    def add_one() -> None:
        with warehouse.write() as db:
            set_cursor(db, "count", str(int(get_cursor(db, "count") or 0) + 1))

    threads = [threading.Thread(target=add_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with warehouse.read() as db:
        assert get_cursor(db, "count") == "8"


def test_a_thread_that_waits_too_long_for_another_is_told_so(warehouse):
    caught: list[WarehouseLockedError] = []

    def try_to_write() -> None:
        try:
            with Warehouse(warehouse.path, wait_seconds=0.1).write():
                pass
        except WarehouseLockedError as error:
            caught.append(error)

    with warehouse.write():
        thread = threading.Thread(target=try_to_write)
        thread.start()
        thread.join()
    assert [error.pid for error in caught] == [os.getpid()]


def test_a_session_inside_a_session_is_refused_at_once_and_does_not_hang(warehouse):
    with warehouse.write(), pytest.raises(WarehouseError, match="pass that one on"), warehouse.read():
        pass


def test_a_reader_of_a_store_that_never_ran_is_told_what_to_do(tmp_path):
    with (
        pytest.raises(WarehouseError, match="the first nightly run creates it"),
        Warehouse(tmp_path / "no.duckdb").read(),
    ):
        pass


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    (tmp_path / "photo.duckdb").write_bytes(b"\xff\xd8\xff" * 5000)
    with pytest.raises(WarehouseError, match="cannot be opened"), Warehouse(tmp_path / "photo.duckdb").read():
        pass


def test_a_reader_cannot_write(warehouse):
    with pytest.raises(WarehouseError, match="read"), warehouse.read() as db:
        set_cursor(db, "a", "b")
