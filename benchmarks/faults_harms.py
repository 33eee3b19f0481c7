"""What else happens to nights: two at once, full disks, a clock that is set, a Prefect that is away, a dead worker."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx

from benchmarks.faults_compare import Traces, differences, traces
from benchmarks.faults_run import SKIPPED, Runner
from benchmarks.faults_store import CYCLE, LABELS, NIGHT, Ground
from benchmarks.faults_wanted import Unharmed
from skuloop.output import say
from skuloop.prefect_server import ensure_server, stop_server
from skuloop.prefect_worker import ensure_worker, find_worker, stop_worker

_STAGES = {
    NIGHT: ("crawl shop", "crawl camera", "ingest", "audit", "embed", "catalogue", "recognise", "review", "snapshot"),
    CYCLE: ("pull", "audit", "embed", "train", "snapshot"),
}
_DISK = "160m"
_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# Where libfaketime leaves the monotonic clock alone, sleeping until a moment of it fails, as Python's own sleep does.
_SLEEP = """\
import select
import time


def sleep(seconds):
    select.select([], [], [], seconds)


time.sleep = sleep
"""
_AWAY_SECONDS = 60
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass(frozen=True)
class Harm:
    """One trial: what was done, what the harmed run said, and what differs once it was run again."""

    what: str
    said: str
    differs: list[str]


def every_harm(ground: Ground, runner: Runner, unharmed: Unharmed, only: str) -> Iterator[Harm]:
    """All trials, or those of one kind."""
    kinds: dict[str, Callable[[Ground, Runner, Unharmed], Iterator[Harm]]] = {
        "two": _two_at_once,
        "disk": _full_disks,
        "clock": _clock_jumps,
        "prefect": _prefect_away,
        "worker": _worker_and_flow_killed,
        "missed": _five_missed,
    }
    for name, trials in kinds.items():
        if only in {"all", name}:
            yield from trials(ground, runner, unharmed)


def _two_at_once(ground: Ground, runner: Runner, unharmed: Unharmed) -> Iterator[Harm]:
    with ground.project(NIGHT, "two") as title:
        ground.lay_out(NIGHT)
        logs = [ground.folder / f"two-{place}.log" for place in range(2)]
        both = [runner.start(NIGHT, ground.config, LABELS[NIGHT], log) for log in logs]
        codes = sorted(attempt.end() for attempt in both)
        said = next((line for log in logs for line in log.read_text().splitlines() if "is at work on" in line), "")
        differs = _differs(ground, title, unharmed.traces[NIGHT])
    yield Harm("two nights at once", said, differs + ([] if codes == [0, SKIPPED] else [f"exit codes {codes}"]))


def _full_disks(ground: Ground, runner: Runner, unharmed: Unharmed) -> Iterator[Harm]:
    """Nothing is free from the moment a stage begins; then there is room again, and the run is run again."""
    for flow, names in _STAGES.items():
        for name in names:
            with small_disk(ground.work), ground.project(flow, f"disk {name}") as title:
                ground.lay_out(flow)
                log = ground.folder / "full.log"
                full = runner.start(flow, ground.config, LABELS[flow], log, partial(fill_at, name, ground.work))
                code = full.end()
                (ground.work / "ballast").unlink(missing_ok=True)
                said = f"{code} {_last_line(log)}"
                yield Harm(f"{flow}: disk full at {name}", said, _again(ground, runner, unharmed, flow, title))


def _clock_jumps(ground: Ground, runner: Runner, unharmed: Unharmed) -> Iterator[Harm]:  # noqa: ARG001 - as the others
    """The clock is set a day forwards or back while a run is at work, and stays so."""
    if not _FAKETIME.exists():
        say(f"no {_FAKETIME}: install libfaketime to let the clock jump")
        return
    for flow, days in ((NIGHT, 1), (NIGHT, -1), (CYCLE, 1), (CYCLE, -1)):
        with ground.project(flow, f"clock {days}") as title:
            ground.lay_out(flow)
            clock, faked = _faked_clock(ground.folder)
            word = "night" if flow == NIGHT else "cycle"
            argv = [sys.executable, "-m", "skuloop.main", word, "--config", str(ground.config), "--label", LABELS[flow]]
            with (ground.folder / "clock.log").open("w") as log:
                run = subprocess.Popen(argv, env={**os.environ, **faked}, stdout=log, stderr=log)  # noqa: S603 - ourselves
                time.sleep(5 + unharmed.seconds[flow] / 2)  # it has to import what the others find imported
                clock.write_text(f"{days:+d}d")
                code = run.wait(600)
            differs = _differs(ground, title, unharmed.traces[flow])
        yield Harm(
            f"{flow}: the clock is set {days:+d} day", f"{code}", differs + ([f"exit code {code}"] if code else [])
        )


def _faked_clock(folder: Path) -> tuple[Path, dict[str, str]]:
    """The file that sets the clock, and the environment in which a run and all that it starts believe it."""
    clock, patched = folder / "clock", folder / "patched"
    clock.write_text("+0d")
    patched.mkdir(exist_ok=True)
    (patched / "sitecustomize.py").write_text(_SLEEP)
    return clock, {
        "PYTHONPATH": os.pathsep.join([str(patched), os.environ.get("PYTHONPATH", "")]),
        "LD_PRELOAD": str(_FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }


def _prefect_away(ground: Ground, runner: Runner, unharmed: Unharmed) -> Iterator[Harm]:
    """Its server is killed while a run is at work, and comes back after a minute."""
    api_url, home = os.environ["PREFECT_API_URL"], Path(os.environ["PREFECT_HOME"])
    for flow in (NIGHT, CYCLE):
        with ground.project(flow, "prefect away") as title:
            ground.lay_out(flow)
            log = ground.folder / "away.log"
            attempt = runner.start(flow, ground.config, LABELS[flow], log)
            attempt.process.join(unharmed.seconds[flow] / 3)
            os.kill(int((home / "server.pid").read_text()), signal.SIGKILL)
            attempt.process.join(_AWAY_SECONDS)
            stop_server(home)
            ensure_server(api_url, home, say)
            code = attempt.end()
            said = f"{code} {_last_line(log)}"
            differs = _again(ground, runner, unharmed, flow, title)
        yield Harm(f"{flow}: Prefect's server away for a minute", said, differs)


def _worker_and_flow_killed(ground: Ground, runner: Runner, unharmed: Unharmed) -> Iterator[Harm]:
    """Nobody is left to report the end: the automation does, and the store is free at once."""
    api_url, home = _deployed(ground)
    with ground.project(NIGHT, "worker") as title:
        ground.lay_out(NIGHT)
        run = _create_run(api_url, {"parameters": {"config": str(ground.config), "label": LABELS[NIGHT]}})
        ensure_worker(api_url, home, say)
        feeds = ground.work / "store" / "feeds" / "shop" / f"shop-{LABELS[NIGHT]}"
        _wait(feeds.exists, 120)
        at_work = json.loads((ground.work / "store" / "locks" / "loop.json").read_text())["pid"]
        for pid in filter(None, [find_worker(api_url), at_work]):
            os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        code = runner.start(NIGHT, ground.config, LABELS[NIGHT], ground.folder / "again.log").end()
        differs = _differs(ground, title, unharmed.traces[NIGHT])
        _wait(lambda: _state(api_url, run)[0] in _ENDED, 400)
        said = f"Prefect shows {_state(api_url, run)[1]} after {time.monotonic() - killed:.0f} s; again: {code}"
    yield Harm("worker and flow killed together", said, differs)


def _five_missed(ground: Ground, runner: Runner, unharmed: Unharmed) -> Iterator[Harm]:  # noqa: ARG001 - as the others
    """Five nights are due when the worker comes back: compared with one night of today."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    with ground.project(NIGHT, "one night of today") as title:
        ground.lay_out(NIGHT)
        runner.start(NIGHT, ground.config, today, ground.folder / "today.log").end()
        wanted = traces(ground.work / "store", ground.task_keys(title))
    api_url, home = _deployed(ground)
    with ground.project(NIGHT, "five missed") as title:
        ground.lay_out(NIGHT)
        due = [datetime.now(UTC) - timedelta(days=days, minutes=1) for days in range(5)]
        scheduled = [{"type": "SCHEDULED", "state_details": {"scheduled_time": at.isoformat()}} for at in due]
        runs = [_create_run(api_url, {"state": state}) for state in scheduled]
        ensure_worker(api_url, home, say)
        _wait(lambda: all(_state(api_url, run)[0] in _ENDED for run in runs), 400)
        stop_worker(api_url)
        states = [_state(api_url, run)[1] for run in runs]
        differs = _differs(ground, title, wanted)
    yield Harm("five missed schedules", ", ".join(states), differs)


def _deployed(ground: Ground) -> tuple[str, Path]:
    from skuloop.commands.deploy import apply_deployments  # Prefect reads its variables when it is imported

    ground.lay_out(NIGHT)
    return apply_deployments(ground.config), Path(os.environ["PREFECT_HOME"])


def _create_run(api_url: str, body: dict[str, object]) -> str:
    night = httpx.get(f"{api_url}/deployments/name/nightly/nightly", timeout=60, trust_env=False).json()["id"]
    made = httpx.post(f"{api_url}/deployments/{night}/create_flow_run", json=body, timeout=60, trust_env=False)
    return str(made.raise_for_status().json()["id"])


def _state(api_url: str, run: str) -> tuple[str, str]:
    found = httpx.get(f"{api_url}/flow_runs/{run}", timeout=60, trust_env=False).json()
    return found["state_type"], found["state_name"]


def _again(ground: Ground, runner: Runner, unharmed: Unharmed, flow: str, title: str) -> list[str]:
    code = runner.start(flow, ground.config, LABELS[flow], ground.folder / "again.log").end()
    return _differs(ground, title, unharmed.traces[flow]) + ([f"exit code {code}"] if code else [])


def _differs(ground: Ground, title: str, wanted: Traces) -> list[str]:
    return differences(wanted, traces(ground.work / "store", ground.task_keys(title)))


def _wait(look: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise SystemExit(f"still nothing after {seconds:.0f} s")
        time.sleep(0.2)


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A file system of its own in memory; needs the right to mount."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(place)], check=True)  # noqa: S603, S607
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S603, S607


def fill_at(name: str, disk: Path) -> None:
    """In the process of the run: leave nothing free once that stage begins."""
    from tasks import loop

    checked = loop.require_disk

    def require_disk(of: loop.Loop, stage: str, needs: int) -> None:
        checked(of, stage, min(needs, 0))  # no room is asked for: the stage shall begin
        if stage == name:
            with (disk / "ballast").open("wb") as ballast, _until_full():
                while True:
                    ballast.write(b"\0" * 4096)
                    ballast.flush()

    loop.require_disk = require_disk


@contextmanager
def _until_full() -> Iterator[None]:
    try:
        yield
    except OSError:
        return


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:160] if lines else ""
