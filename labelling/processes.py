"""Processes that outlive whoever started them, found again by their command line: there is no pid file to go stale."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 0.5  # between two looks at whether a program is up: each may ask over the network
_STATE, _THREADS = 0, 17  # of what stands behind the name in /proc/PID/stat
_DEAD = {"Z", "X"}  # it has ended, and its parent has not looked yet


def can_find_processes() -> bool:
    """Whether this machine lists its processes under /proc, as Linux does."""
    return (_PROC / "self" / "cmdline").is_file()


def command_lines() -> dict[int, list[str]]:
    """The command line of every process of this user that still runs; zombies have none."""
    found = {}
    for folder in _PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError):  # it ended while we looked
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            if words and folder.stat().st_uid == os.getuid():
                found[int(folder.name)] = words
    return found


def pid_of(argv: Sequence[str]) -> int | None:
    """The process of this user that runs the command, by whatever name the program itself was called."""
    return next((pid for pid, words in command_lines().items() if words[1:] == list(argv[1:])), None)


def is_running(pid: int) -> bool:
    """Whether the process runs, or one of its threads yet does and holds its port and its files.

    A child of ours that has ended is reaped on the way.
    """
    with suppress(ChildProcessError):  # not our child: its own parent reaps it
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    try:
        status = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    fields = status.rpartition(")")[2].split()
    return fields[_STATE] not in _DEAD or int(fields[_THREADS]) > 1


def spawn(argv: Sequence[str], environ: Mapping[str, str], log: Path) -> int:
    """Start a process in a session of its own, deaf to our terminal, and return its pid.

    Args:
        argv: the executable's path and its arguments.
        environ: the whole environment; nothing is inherited.
        log: file that its output is appended to; readable by this user alone.
    """
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(  # not subprocess: its Popen warns when it is dropped while the process runs on
        argv[0],
        list(argv),
        dict(environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), writing, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def end(pid: int, patience: float) -> None:
    """Ask a process to end, and after `patience` seconds make it."""
    for order in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, order)
        deadline = time.monotonic() + patience
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if not is_running(pid):
            return


def stop(argv: Sequence[str], patience: float) -> bool:
    """End the process that runs the command, as `end` does; False where none ran."""
    pid = pid_of(argv)
    if pid is None:
        return False
    end(pid, patience)
    return True


def why_not_up(pid: int, is_up: Callable[[], bool], patience: float, silence: str, end_patience: float) -> str | None:
    """Wait until a process that was spawned is up: None, or why it is not; then it has been ended.

    Args:
        pid: of the process.
        is_up: whether it does what it is there for.
        patience: seconds until it must.
        silence: what it did not do, in words.
        end_patience: seconds that it may take to end.
    """
    began = time.monotonic()
    while not is_up():
        late = time.monotonic() - began > patience
        if late or not is_running(pid):
            end(pid, end_patience)
            return f"{silence} within {patience:.0f} s" if late else "ended at once"
        time.sleep(_ANSWER_SECONDS)
    return None
