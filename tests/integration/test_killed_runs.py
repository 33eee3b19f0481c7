"""The short form of `benchmarks.faults`: runs killed at random moments end, run again, as if nothing had been.

Killed is the process of the flow alone or with everything that it started; what a crawler that lives on writes must not
matter either.
"""

import random
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from benchmarks.faults_compare import Traces, differences, traces
from benchmarks.faults_harms import fill_at, small_disk
from benchmarks.faults_run import Runner
from tests.support.loops import LoopUnderTest, small_loop

pytestmark = pytest.mark.slow


def can_mount() -> bool:
    """Whether this user may mount a file system in memory."""
    failures = (OSError, subprocess.CalledProcessError)
    with tempfile.TemporaryDirectory() as folder, suppress(*failures), small_disk(Path(folder) / "disk"):
        return True
    return False


KILLS = 4
LABELS = {"nightly": "night-2", "cycle": "cycle-2"}


@pytest.fixture(scope="module")
def runner(prefect_api: str) -> Runner:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", prefect_api)
        return Runner(compiled=False)


@pytest.fixture(scope="module")
def before(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release is in force, and photos of something new have come."""
    loop = small_loop(tmp_path_factory.mktemp("before"))
    loop.night("night-1")
    loop.cycle("cycle-1")
    loop.deliver("lamp")
    return loop.folder


@pytest.mark.parametrize("flow", ["nightly", "cycle"])
def test_killed_again_and_again_a_run_ends_like_one_that_nobody_harmed(
    runner: Runner, before: Path, tmp_path: Path, flow: str, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    began = time.monotonic()
    wanted = ended(runner, before, tmp_path / "work", flow, [])
    lasting = time.monotonic() - began
    chance = random.Random(11)  # noqa: S311
    moments = [(chance.uniform(0.1, lasting), place % 2 == 0) for place in range(KILLS)]
    found = ended(runner, before, tmp_path / "work", flow, moments)
    assert differences(wanted, found) == []


@pytest.mark.skipif(not can_mount(), reason="a small disk cannot be mounted here")
@pytest.mark.parametrize(
    ("flow", "stage"), [("nightly", "ingest"), ("nightly", "snapshot"), ("cycle", "audit"), ("cycle", "train")]
)
def test_a_disk_that_is_full_from_a_stage_on_costs_that_run_and_nothing_else(
    runner: Runner, before: Path, tmp_path: Path, flow: str, stage: str, prefect_api: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    wanted = ended(runner, before, tmp_path / "work", flow, [])
    place, logs = tmp_path / "disk", tmp_path
    with small_disk(place):
        loop = LoopUnderTest(Path(shutil.copytree(before, place, symlinks=True, dirs_exist_ok=True)) / "skuloop.toml")
        loop.configure(free_disk_gib=0.0)
        full = runner.start(flow, loop.config, LABELS[flow], logs / "full.log", partial(fill_at, stage, place))
        full.end()
        assert (place / "ballast").stat().st_size > 0, "the stage never began"
        (place / "ballast").unlink()
        again = runner.start(flow, loop.config, LABELS[flow], logs / "again.log")
        assert again.end() == 0, (logs / "again.log").read_text()
        assert differences(wanted, traces(loop.parts.paths.store, [])) == []


def ended(runner: Runner, before: Path, place: Path, flow: str, kills: list[tuple[float, bool]]) -> Traces:
    """What a run leaves that is killed at those moments, one attempt after the other, and then run to its end."""
    shutil.rmtree(place, ignore_errors=True)
    loop = LoopUnderTest(Path(shutil.copytree(before, place, symlinks=True)) / "skuloop.toml")
    killed = []
    for at, with_children in kills:
        attempt = runner.start(flow, loop.config, LABELS[flow], place / "killed.log")
        attempt.process.join(at)
        attempt.kill(with_children=with_children)
        killed.append(attempt)
    last = runner.start(flow, loop.config, LABELS[flow], place / "last.log")
    assert last.end() == 0, (place / "last.log").read_text()
    for attempt in killed:
        attempt.end()
    return traces(loop.parts.paths.store, [])
