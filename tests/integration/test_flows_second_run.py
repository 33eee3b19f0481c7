"""Two nights on one store: side by side, and one after another that was killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from labelling.processes import end
from recognition.vocabulary import RunStatus
from skuloop.prefect_server import answers
from tasks.settings import load_settings
from tasks.wiring import build_parts
from tests.support.commands import CHECKOUT, PREFECT, SKULOOP, free_port, quiet_environment, run_skuloop, wait_for
from tests.support.workspace import PHOTOS_OF_EACH, small_workspace
from warehouse.runs import RunRow
from warehouse.status import LoopStatus, loop_status

pytestmark = pytest.mark.slow

TRY_LATER = 75

# A run that is at work for as long as its standard input is open.
HOLDER = """
import sys
from tasks.loop import finish, open_loop
from tasks.settings import load_settings

with open_loop(load_settings(sys.argv[1]), "cycle", "long-cycle") as loop:
    print("at work", flush=True)
    sys.stdin.read()
    finish(loop, ())
"""


@dataclass(frozen=True)
class Workspace:
    """A store of its own, and the environment of commands that work on it."""

    config: Path
    environ: dict[str, str]

    @property
    def store(self) -> Path:
        return self.config.parent / "store"

    def night(self, label: str) -> subprocess.CompletedProcess[str]:
        return run_skuloop(self.environ, *_night(self.config, label))

    def status(self) -> LoopStatus:
        with build_parts(load_settings(self.config)).warehouse.read() as db:
            return loop_status(db)

    def runs(self) -> list[RunRow]:
        """Newest first."""
        return sorted(self.status().last_runs, key=lambda row: row.started_at, reverse=True)


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One Prefect server for all commands of this file: each would start and migrate its own otherwise."""
    home, port = tmp_path_factory.mktemp("prefect"), free_port()
    found = quiet_environment(home, f"http://127.0.0.1:{port}/api")
    argv = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (home / "log").open("w") as log,
        subprocess.Popen(argv, env=found, stdout=log, stderr=log) as server,  # noqa: S603 - ourselves
    ):
        try:
            wait_for(lambda: answers(found["PREFECT_API_URL"]), seconds=120)
            yield found
        finally:
            end(server.pid, patience=20)


@pytest.fixture
def workspace(environ: dict[str, str], tmp_path: Path) -> Workspace:
    return Workspace(small_workspace(tmp_path), environ)


def test_a_night_beside_a_run_at_work_is_skipped_says_who_is_at_work_and_leaves_a_row(workspace: Workspace) -> None:
    with _run_at_work(workspace) as pid:
        done = workspace.night("2031-01-04")
        assert done.returncode == TRY_LATER, done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert (said["status"], said["crawls"]) == ("skipped", [])
        assert f"the cycle long-cycle (process {pid})" in said["problems"][0]
    newest, holder = workspace.runs()
    assert (newest.flow, newest.label, newest.status) == ("nightly", "2031-01-04", RunStatus.SKIPPED)
    assert newest.reason is not None
    assert "long-cycle" in newest.reason
    assert (holder.label, holder.status) == ("long-cycle", RunStatus.COMPLETED)  # not taken for dead by the second one


def test_a_killed_night_frees_the_store_and_the_same_night_run_again_says_so_and_completes(
    workspace: Workspace,
) -> None:
    label = "2031-01-04"
    pid = _kill_in_the_middle(workspace, label)
    (killed,) = workspace.runs()
    assert (killed.pid, killed.status) == (pid, RunStatus.RUNNING)  # nobody was left to say anything else
    done = workspace.night(label)
    assert done.returncode == 0, done.stdout + done.stderr
    again, killed = workspace.runs()
    assert (killed.label, killed.status) == (label, RunStatus.CRASHED)
    assert killed.reason is not None
    assert str(pid) in killed.reason
    assert (again.label, again.status) == (label, RunStatus.COMPLETED)
    assert workspace.status().images == 2 * PHOTOS_OF_EACH


@contextmanager
def _run_at_work(workspace: Workspace) -> Iterator[int]:
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", HOLDER, str(workspace.config)],
        cwd=CHECKOUT,
        env=workspace.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "at work\n"
            yield process.pid
        finally:
            process.stdin.close()
            assert process.wait(timeout=60) == 0


def _kill_in_the_middle(workspace: Workspace, label: str) -> int:
    """Start a night, kill it without warning while it crawls, and return its pid."""
    with subprocess.Popen(  # noqa: S603 - ourselves
        [*SKULOOP, *_night(workspace.config, label)],
        cwd=CHECKOUT,
        env=workspace.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for((workspace.store / "feeds" / "shelf").exists, seconds=90)
        finally:
            process.kill()
        return process.pid


def _night(config: Path, label: str) -> list[str]:
    return ["night", "--config", str(config), "--label", label, "--json"]
