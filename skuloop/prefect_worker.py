"""The worker that starts what is due: one for each Prefect server, found by its command line, else started."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from labelling.processes import pid_of, spawn, stop, why_not_up
from skuloop.prefect_server import last_words

POOL = "skuloop"

_LOG = "worker.log"
_PATIENCE_SECONDS = 120.0
_STOP_SECONDS = 40.0  # it hands the runs at work back to the server before it ends


class PrefectWorkerError(Exception):
    """The worker does not stay up; the message says what it said last."""


def worker_command(api_url: str) -> list[str]:
    """The command of the worker of that server."""
    return [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", _name(api_url)]


def find_worker(api_url: str) -> int | None:
    """Its pid, if it runs on this machine."""
    return pid_of(worker_command(api_url))


def ensure_worker(api_url: str, home: Path, on_progress: Callable[[str], None]) -> int:
    """Return the pid of the worker; start one unless it runs.

    Args:
        api_url: address of the server's API.
        home: PREFECT_HOME; its log goes there.
        on_progress: told in words what is happening.

    Raises:
        PrefectWorkerError: it ended, or was never heard of.
    """
    found = find_worker(api_url)
    if found is not None:
        return found
    on_progress(f"starting a worker for the pool {POOL}")
    home.mkdir(parents=True, exist_ok=True)
    log, before = home / _LOG, _heartbeat(api_url)
    pid = spawn(worker_command(api_url), {**os.environ, "PREFECT_API_URL": api_url, "PREFECT_HOME": str(home)}, log)

    def has_reported() -> bool:
        return _heartbeat(api_url) not in {None, before}

    if why := why_not_up(pid, has_reported, _PATIENCE_SECONDS, "did not report", _STOP_SECONDS):
        raise PrefectWorkerError(f"the worker {why}.\n{last_words(log)}")
    return pid


def stop_worker(api_url: str) -> bool:
    """Stop it; False where none ran. A run at work ends with it, and is gone on with by the next."""
    return stop(worker_command(api_url), _STOP_SECONDS)


def _name(api_url: str) -> str:
    """Told apart by the server it works for; Prefect takes no slash in a name."""
    return f"{POOL} {urlsplit(api_url).netloc}"


def _heartbeat(api_url: str) -> str | None:
    """When the server heard from the worker last."""
    try:
        found = httpx.post(f"{api_url}/work_pools/{POOL}/workers/filter", json={}, timeout=10, trust_env=False)
        rows = found.raise_for_status().json()
    except httpx.HTTPError:
        return None
    return next((row["last_heartbeat_time"] for row in rows if row["name"] == _name(api_url)), None)
