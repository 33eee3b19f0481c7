"""Commands of skuloop as processes of their own, in an environment that holds nothing of the developer's."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

CHECKOUT = Path(__file__).parents[2]
SKULOOP = (sys.executable, "-m", "skuloop.main")
PREFECT = (sys.executable, "-m", "prefect")

_Found = TypeVar("_Found")


def quiet_environment(prefect_home: Path, api_url: str) -> dict[str, str]:
    """The environment of a command under test: its own Prefect, and no settings from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SKULOOP_"))}
    return {
        **kept,
        "PREFECT_HOME": str(prefect_home),
        "PREFECT_API_URL": api_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
    }


def run_skuloop(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of skuloop to its end."""
    return subprocess.run(  # noqa: S603 - ourselves
        [*SKULOOP, *words], cwd=CHECKOUT, env=environ, capture_output=True, text=True, timeout=300, check=False
    )


def wait_for(look: Callable[[], _Found], seconds: float) -> _Found:
    """Look again and again until there is something to see, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"still nothing after {seconds:.0f} s"
        time.sleep(0.1)
    return found


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
