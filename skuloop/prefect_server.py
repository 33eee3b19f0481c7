"""The Prefect server behind runs and deployments: found where it answers, started on this machine where none does."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from filelock import FileLock, Timeout

from labelling.processes import command_lines, end, is_running, spawn

if TYPE_CHECKING:
    import subprocess

DEFAULT_API_URL = "http://127.0.0.1:4200/api"

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_STARTED_BY = "prefect server start"
_PID, _LOG, _LOCK = "server.pid", "server.log", "server-start.lock"
_LOG_LINES = 15
_PATIENCE_SECONDS = 300.0
_NEWS_SECONDS = 10.0
_POLL_SECONDS = 0.5
_STOP_SECONDS = 10.0
_TRIES = 2  # of a temporary server: on a busy machine the second finds its files in memory


class PrefectServerError(Exception):
    """There is no Prefect server to talk to; the message says what to do."""


def ensure_server(api_url: str, home: Path, on_progress: Callable[[str], None]) -> None:
    """Return when a Prefect server answers at `api_url`; on the loopback interface, start one if need be.

    Args:
        api_url: address of its API, like `http://127.0.0.1:4200/api`.
        home: PREFECT_HOME; a server that we start keeps its database, log and pid file there.
        on_progress: told in words what is happening.

    Raises:
        PrefectServerError: nothing answers there, and none can be started there either.
    """
    if answers(api_url):
        return
    if not _is_local(api_url):
        raise PrefectServerError(
            f"no Prefect server answers at {api_url} (PREFECT_API_URL). Start it, or unset PREFECT_API_URL "
            f"to have one started here at {DEFAULT_API_URL}."
        )
    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / _LOCK, timeout=_PATIENCE_SECONDS):  # two servers on one SQLite file are one too many
            if not answers(api_url):
                _start(api_url, home, on_progress)
    except Timeout as error:
        raise PrefectServerError(
            f"another process has been starting the server for {_PATIENCE_SECONDS:.0f} s; see {home / _LOG}"
        ) from error


def ensure_run_server(on_progress: Callable[[str], None]) -> None:
    """Return when there is a Prefect server for this process's runs: that of PREFECT_API_URL, or a temporary one.

    Prefect starts a temporary one itself, in the middle of a run, and fails there with a traceback where the machine is
    too busy.

    Args:
        on_progress: told in words what is happening.

    Raises:
        PrefectServerError: nothing answers at PREFECT_API_URL, or the temporary one does not start in time.
    """
    from prefect.settings import PREFECT_API_URL

    named = PREFECT_API_URL.value()
    if not named:
        _start_temporary(on_progress)
    elif not _can_be_reached(named):
        raise PrefectServerError(
            f"no Prefect server answers at {named} (PREFECT_API_URL). Start it, or unset PREFECT_API_URL to have a "
            f"temporary one for each run."
        )


def stop_server(home: Path) -> bool:
    """Stop the server that `ensure_server` started with that home; False where none of ours runs."""
    try:
        pid = int((home / _PID).read_text())
    except (OSError, ValueError):
        return False
    if _STARTED_BY not in " ".join(command_lines().get(pid, [])):  # the file is old, and the number another program's
        return False
    end(pid, _STOP_SECONDS)
    (home / _PID).unlink(missing_ok=True)
    return True


def answers(api_url: str) -> bool:
    """Whether a healthy Prefect server answers; a proxy of the environment is not asked about our own machine."""
    try:
        reply = httpx.get(f"{api_url}/health", timeout=5, trust_env=not _is_local(api_url))
    except httpx.HTTPError:
        return False
    return reply.status_code == httpx.codes.OK and reply.text.strip() == "true"


def _can_be_reached(api_url: str) -> bool:
    """Whether anything speaks HTTP there: a server behind a login may refuse a stranger's question, and does answer."""
    try:
        httpx.get(f"{api_url}/health", timeout=30, trust_env=not _is_local(api_url))
    except httpx.HTTPError:
        return False
    return True


def _start_temporary(on_progress: Callable[[str], None]) -> None:
    """Start the one that Prefect's own clients of this process will find running."""
    from prefect.server.api.server import SubprocessASGIServer

    class Sheltered(SubprocessASGIServer):
        """Outlives a Ctrl-C, which a terminal sends to it too: the run that was interrupted tells it, and stops it."""

        def _run_uvicorn_command(self) -> "subprocess.Popen[bytes]":
            with _interrupts_held():
                return super()._run_uvicorn_command()

    for number in range(1, _TRIES + 1):
        server = Sheltered()
        try:
            server.start()
        except (RuntimeError, httpx.HTTPError) as error:
            server.stop()
            why = " ".join(str(error).split()) or type(error).__name__
            if number == _TRIES:
                raise PrefectServerError(
                    f"Prefect's temporary server did not start ({why}). Try again when the machine is less busy, set "
                    f"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS to more seconds, or keep a server running "
                    f"and set PREFECT_API_URL."
                ) from error
            on_progress(f"Prefect's temporary server did not start ({why}): once more")
        else:
            return


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold interrupts back; a process that is started meanwhile never sees one."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_local(api_url: str) -> bool:
    parts = urlsplit(api_url)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.path == "/api"


def _start(api_url: str, home: Path, on_progress: Callable[[str], None]) -> None:
    on_progress(f"starting a Prefect server at {api_url}")
    argv = [sys.executable, "-m", "prefect", "server", "start"]
    argv += ["--host", "127.0.0.1", "--port", str(urlsplit(api_url).port or 80)]
    # Not its own --background: its output goes into pipes that nobody reads, and a stale pid file stops it for ever.
    pid = spawn(argv, {**os.environ, "PREFECT_HOME": str(home)}, home / _LOG)
    (home / _PID).write_text(str(pid))  # where `prefect server stop` looks for it
    _wait(pid, api_url, home / _LOG, on_progress)


def _wait(pid: int, api_url: str, log: Path, on_progress: Callable[[str], None]) -> None:
    began = told = time.monotonic()
    while not answers(api_url):
        now = time.monotonic()
        if not is_running(pid):
            raise PrefectServerError(f"the Prefect server ended while it was starting.\n{last_words(log)}")
        if now - began > _PATIENCE_SECONDS:
            end(pid, _STOP_SECONDS)
            raise PrefectServerError(
                f"the Prefect server did not answer within {_PATIENCE_SECONDS:.0f} s and was stopped. "
                f"Try again when the machine is less busy.\n{last_words(log)}"
            )
        if now - told > _NEWS_SECONDS:
            on_progress(f"the Prefect server is starting ({now - began:.0f} s)")
            told = now
        time.sleep(_POLL_SECONDS)


def last_words(log: Path) -> str:
    """The end of a log, for who has to find out why its program ended."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"The end of {log}:", *lines[-_LOG_LINES:]])
