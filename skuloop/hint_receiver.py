"""The process that takes hints of Label Studio: one for each settings file, found by its command line, else started."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from labelling.processes import pid_of, spawn, stop, why_not_up
from skuloop.prefect_server import last_words

_PATIENCE_SECONDS = 60.0
_STOP_SECONDS = 10.0


class HintReceiverError(Exception):
    """The receiver does not stay up; the message says what it said last."""


def ensure_receiver(config: Path, port: int, api_url: str, log: Path, on_progress: Callable[[str], None]) -> int:
    """Return the pid of the receiver; start one unless it runs.

    Args:
        config: path of the settings.
        port: that they let it listen on.
        api_url: address of the API of Prefect that starts the pulls.
        log: file that its output is appended to.
        on_progress: told in words what is happening.

    Raises:
        HintReceiverError: it ended, or does not answer.
    """
    found = find_receiver(config)
    if found is not None:
        return found
    on_progress(f"starting the receiver of hints on port {port}")
    log.parent.mkdir(parents=True, exist_ok=True)
    pid = spawn(_command(config), {**os.environ, "PREFECT_API_URL": api_url}, log)
    if why := why_not_up(pid, partial(_answers, port), _PATIENCE_SECONDS, "did not answer", _STOP_SECONDS):
        raise HintReceiverError(f"the receiver of hints {why}.\n{last_words(log)}")
    return pid


def find_receiver(config: Path) -> int | None:
    """Its pid, if it runs on this machine."""
    return pid_of(_command(config))


def stop_receiver(config: Path) -> bool:
    """Stop it; False where none ran."""
    return stop(_command(config), _STOP_SECONDS)


def _command(config: Path) -> list[str]:
    return [sys.executable, "-m", "skuloop.main", "webhook", "--config", str(config)]


def _answers(port: int) -> bool:
    """Whether anything speaks HTTP there: without the secret it refuses, and does answer."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return True
