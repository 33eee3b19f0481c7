"""The deployments on a real Prefect server of their own, and a night on a real worker."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from labelling.credentials import shared_secret
from labelling.errors import HintError
from labelling.hints import SECRET_HEADER
from labelling.processes import end, is_running
from recognition.vocabulary import RunStatus
from skuloop.prefect_server import answers
from tasks.due import DUE_EVENT
from tasks.paths import Paths
from tasks.pull_runs import start_pull
from tasks.settings import load_settings
from tasks.wiring import build_parts
from tests.support.commands import CHECKOUT, PREFECT, SKULOOP, free_port, quiet_environment, run_skuloop, wait_for
from tests.support.workspace import PHOTOS_OF_EACH, small_workspace
from warehouse.status import loop_status

pytestmark = pytest.mark.slow

LABEL = "2031-01-04"
CRONS = {
    "nightly": "0 4 * * *",
    "cycle": "0 19 * * 1-5",
    "answers": "30 8-18 * * 1-5",
    "maintenance": "0 13 * * 0",
    "bakeoff": "0 10 1 * *",
}
SWITCHED_OFF = {"bakeoff"}


@dataclass(frozen=True)
class Deployed:
    """What `skuloop deploy` left behind."""

    config: Path
    timezone: str
    api_url: str
    environ: dict[str, str]
    said: str

    @property
    def server_pid(self) -> int:
        return int((Path(self.environ["PREFECT_HOME"]) / "server.pid").read_text())

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._asked("POST", path, body or {})

    def get(self, path: str) -> Any:
        return self._asked("GET", path, None)

    def _asked(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """Prefect's server says 503 while its SQLite is busy and does nothing; its own client asks again, as we do."""
        patience = time.monotonic() + 60
        while True:
            reply = httpx.request(method, f"{self.api_url}/{path}", json=body, timeout=60, trust_env=False)
            if reply.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > patience:
                return reply.raise_for_status().json()
            time.sleep(1)

    def deployment(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"deployments/name/{name}/{name}")
        return found


class Mailbox(ThreadingHTTPServer):
    """Somebody's webhook: keeps what it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        kept = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/told"

    def told(self, words: str) -> list[dict[str, str]]:
        return [message for message in self.messages if words in message["text"]]


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    timezone = _quiet_timezone()
    config = small_workspace(folder, timezone)
    api_url = _free_api_url()
    environ = {**quiet_environment(folder / "prefect", api_url), "SKULOOP_NOTIFY__URL": mailbox.url}
    try:
        done = _deploy(environ, config)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Deployed(config, timezone, api_url, environ, done.stdout)
    finally:
        pid_file = folder / "prefect" / "server.pid"
        if pid_file.exists():
            end(int(pid_file.read_text()), patience=20)


def test_every_flow_is_deployed_with_their_schedule_in_the_time_zone_of_the_settings(deployed: Deployed) -> None:
    for name, cron in CRONS.items():
        found = deployed.deployment(name)
        (schedule,) = found["schedules"]
        assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (cron, deployed.timezone)
        assert schedule["active"] == (name not in SWITCHED_OFF)
        assert found["entrypoint"] == f"flows.{name}.{name}"
        assert found["parameters"] == {"config": str(deployed.config), "label": None}
        assert found["work_pool_name"] == "skuloop"
        assert "skuloop" in found["tags"]  # what the automations watch
        assert found["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"


def test_no_limit_of_prefect_stands_beside_our_own_lock(deployed: Deployed) -> None:
    # A lease of Prefect's that cannot be renewed ends a healthy night: see prefect.yaml.
    assert [deployed.deployment(name)["global_concurrency_limit"] for name in CRONS] == [None] * len(CRONS)


def test_a_cycle_that_is_due_is_started_by_its_event(deployed: Deployed) -> None:
    event = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": DUE_EVENT,
        "resource": {"prefect.resource.id": "skuloop.cycle"},
        "payload": {"reason": "enough_answers"},
    }
    cycle = {"deployments": {"name": {"any_": ["cycle"]}}}
    by_schedule = {run["id"] for run in deployed.post("flow_runs/filter", cycle) if run["auto_scheduled"]}
    httpx.post(f"{deployed.api_url}/events", json=[event], timeout=60, trust_env=False).raise_for_status()
    (run,) = wait_for(
        lambda: [
            run
            for run in deployed.post("flow_runs/filter", cycle)
            if run["id"] not in by_schedule and not run["auto_scheduled"]
        ],
        seconds=120,
    )
    assert run["created_by"]["type"] == "AUTOMATION"
    # It would run beside the nights of the tests that follow, as soon as there is a worker.
    httpx.delete(f"{deployed.api_url}/flow_runs/{run['id']}", timeout=60, trust_env=False).raise_for_status()


def test_a_hundred_hints_start_one_pull_and_none_beside_one_that_is_due_or_at_work(
    deployed: Deployed, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    port = url.rsplit(":", 1)[1].rstrip("/")
    environ = {**deployed.environ, "SKULOOP_WEBHOOK__URL": url, "SKULOOP_WEBHOOK__PORT": port}
    environ["SKULOOP_WEBHOOK__SECONDS"] = "2"
    with _hints(environ, deployed.config, tmp_path / "hints.log") as said:
        wait_for(lambda: f"taken at 127.0.0.1:{port}" in said(), seconds=60)
        secret = shared_secret(Paths(deployed.config.parent / "store").hint_secret)

        def hint() -> int:
            return httpx.post(url, headers={SECRET_HEADER: secret.get_secret_value()}, trust_env=False).status_code

        assert [hint() for _ in range(100)] == [204] * 100
        (run,) = wait_for(lambda: _hinted_runs(deployed), seconds=60)
        hint()
        time.sleep(5)
        assert _hinted_runs(deployed) == [run], "the one that waits for a worker will bring this answer too"
        _set_state(deployed, run, "RUNNING")
        hint()
        time.sleep(5)
        assert _hinted_runs(deployed) == [run], "never two at once"
        _set_state(deployed, run, "COMPLETED")
        runs = wait_for(lambda: found if len(found := _hinted_runs(deployed)) == 2 else None, seconds=60)
        assert secret.get_secret_value() not in said()
    for run_id in runs:
        httpx.delete(f"{deployed.api_url}/flow_runs/{run_id}", timeout=60, trust_env=False).raise_for_status()


def test_a_prefect_that_is_away_or_knows_no_pull_is_told_in_a_sentence(prefect_api: str) -> None:
    with pytest.raises(HintError, match="does not start a pull"):
        start_pull("http://127.0.0.1:9/api")
    with pytest.raises(HintError, match="skuloop deploy"):
        start_pull(prefect_api)


def test_deploying_says_where_to_look_and_how_to_start_a_worker(deployed: Deployed) -> None:
    assert deployed.api_url.removesuffix("/api") in deployed.said
    assert "worker start --pool skuloop" in deployed.said
    assert "deployment run nightly/nightly" in deployed.said


def test_a_schedule_yields_scheduled_runs_on_the_wall_clock_of_its_time_zone(deployed: Deployed) -> None:
    # With some versions of SQLAlchemy the server looks healthy and never creates one.
    wanted = {"deployments": {"name": {"any_": ["nightly"]}}, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    runs = wait_for(lambda: deployed.post("flow_runs/filter", wanted), seconds=120)
    starts = [datetime.fromisoformat(run["expected_start_time"]) for run in runs]
    zone = ZoneInfo(deployed.timezone)
    assert {(start.astimezone(zone).hour, start.astimezone(zone).minute) for start in starts} == {(4, 0)}


def test_deploying_again_starts_no_second_server_and_changes_nothing(deployed: Deployed) -> None:
    before, pid = _everything(deployed), deployed.server_pid
    done = _deploy(deployed.environ, deployed.config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployed.server_pid == pid
    assert is_running(pid)
    assert _everything(deployed) == before


def test_a_deployed_night_completes_on_a_worker_that_was_started_in_the_root_folder(
    deployed: Deployed, tmp_path: Path
) -> None:
    night = deployed.deployment("nightly")["id"]
    run = deployed.post(f"deployments/{night}/create_flow_run", {"parameters": {"label": LABEL}})
    with _worker(deployed.environ, tmp_path / "worker.log"):
        ended = wait_for(lambda: _ended(deployed, run["id"]), seconds=150)
    assert (ended["state_type"], ended["state_name"]) == ("COMPLETED", "Completed"), (
        tmp_path / "worker.log"
    ).read_text()
    with build_parts(load_settings(deployed.config)).warehouse.read() as db:
        found = loop_status(db)
    (row,) = found.last_runs
    assert (row.flow, row.label, row.status) == ("nightly", LABEL, RunStatus.COMPLETED)
    assert found.images == 2 * PHOTOS_OF_EACH


def test_of_five_missed_nights_the_latest_is_done_and_the_others_name_it(deployed: Deployed, tmp_path: Path) -> None:
    night = deployed.deployment("nightly")["id"]
    due = [datetime.now(UTC) - timedelta(days=days, minutes=1) for days in range(5)]
    states = [{"type": "SCHEDULED", "state_details": {"scheduled_time": at.isoformat()}} for at in due]
    runs = [deployed.post(f"deployments/{night}/create_flow_run", {"state": state})["id"] for state in states]
    with _worker(deployed.environ, tmp_path / "worker.log"):
        ended = [wait_for(lambda run=run: _ended(deployed, run), seconds=300) for run in runs]  # type: ignore[misc]
    assert [run["state_name"] for run in ended] == ["Completed", *["Skipped"] * 4], (
        tmp_path / "worker.log"
    ).read_text()
    for run in ended[1:]:
        assert f"due at {due[0]:%Y-%m-%d %H:%M} UTC does its work" in run["state"]["message"]


TELL = """
from prefect.events import emit_event
from prefect.events.worker import EventsWorker

emit_event(
    event="skuloop.attention.gate_refused",
    resource={"prefect.resource.id": "skuloop.release.r7"},
    payload={"subject": "a release was refused", "message": "r7 was refused"},
)
EventsWorker.instance().drain()
"""


def test_somebody_is_told_of_a_failed_night_and_of_a_refused_release_and_of_nothing_else(
    deployed: Deployed, mailbox: Mailbox, tmp_path: Path
) -> None:
    assert mailbox.messages == []  # nights completed, nights were skipped
    night = deployed.deployment("nightly")["id"]
    deployed.post(f"deployments/{night}/create_flow_run", {"parameters": {"label": "../no folder"}})
    with _worker(deployed.environ, tmp_path / "worker.log"):
        wait_for(lambda: mailbox.told("cannot name a night"), seconds=150)
    subprocess.run([sys.executable, "-c", TELL], env=deployed.environ, check=True, timeout=100)  # noqa: S603 - ours
    wait_for(lambda: mailbox.told("r7 was refused"), seconds=60)
    assert [message["subject"].startswith("skuloop: ") for message in mailbox.messages] == [True, True]


def test_a_missing_settings_file_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    api_url = _free_api_url()
    done = _deploy(quiet_environment(tmp_path / "prefect", api_url), tmp_path / "nowhere.toml")
    assert done.returncode == 78
    assert "nowhere.toml" in done.stderr
    assert not answers(api_url)


def test_a_server_elsewhere_that_does_not_answer_is_named_and_none_is_started_for_it(tmp_path: Path) -> None:
    environ = quiet_environment(tmp_path / "prefect", "https://127.0.0.1:9/api")
    done = _deploy(environ, small_workspace(tmp_path))
    assert done.returncode == 69
    assert "https://127.0.0.1:9/api" in done.stderr
    assert "PREFECT_API_URL" in done.stderr
    assert not (tmp_path / "prefect" / "server.pid").exists()


def _deploy(environ: dict[str, str], config: Path) -> subprocess.CompletedProcess[str]:
    return run_skuloop(environ, "deploy", "--config", str(config))


@contextmanager
def _hints(environ: dict[str, str], config: Path, log: Path) -> Iterator[Callable[[], str]]:
    """The receiver of hints, and what it has said."""
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [*SKULOOP, "webhook", "--config", str(config)], cwd=CHECKOUT, env=environ, stdout=out, stderr=out
        )
        try:
            yield log.read_text
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


def _hinted_runs(deployed: Deployed) -> list[str]:
    """Pulls that no schedule has made, oldest first."""
    wanted = {"deployments": {"name": {"any_": ["answers"]}}, "sort": "EXPECTED_START_TIME_ASC"}
    return [run["id"] for run in deployed.post("flow_runs/filter", wanted) if not run["auto_scheduled"]]


def _set_state(deployed: Deployed, run: str, kind: str) -> None:
    deployed.post(f"flow_runs/{run}/set_state", {"state": {"type": kind}, "force": True})


@contextmanager
def _worker(environ: dict[str, str], log: Path) -> Iterator[None]:
    argv = [*PREFECT, "worker", "start", "--pool", "skuloop"]
    with (
        log.open("w") as output,
        subprocess.Popen(argv, cwd="/", env=environ, stdout=output, stderr=output) as process,  # noqa: S603 - ourselves
    ):
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def _ended(deployed: Deployed, run_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = deployed.get(f"flow_runs/{run_id}")
    return run if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None


def _everything(deployed: Deployed) -> dict[str, Any]:
    """All that deploying makes, without the times at which it was last touched."""
    found = {
        "deployments": deployed.post("deployments/filter", {"sort": "NAME_ASC"}),
        "pools": deployed.post("work_pools/filter"),
        "automations": deployed.post("automations/filter"),
        "flows": deployed.post("flows/filter", {"sort": "NAME_ASC"}),
    }
    assert {name: len(rows) for name, rows in found.items()} == {
        "deployments": 5,
        "pools": 1,
        "automations": 4,
        "flows": 5,
    }
    without: dict[str, Any] = _without(found, {"updated", "status", "last_polled"})
    return without


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _quiet_timezone() -> str:
    """A time zone in which no schedule is due while the tests run: nobody else's night shall meet ours.

    `CRONS` are due between 4 and 19 o'clock: it is past nine in the evening there, and not yet near midnight.
    """
    hours_ahead = (21 - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-hours_ahead:+d}"  # the sign of these names is turned: Etc/GMT-3 is three hours ahead


def _free_api_url() -> str:
    return f"http://127.0.0.1:{free_port()}/api"
