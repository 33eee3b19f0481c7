"""Everything on one machine: started once however often it is asked for, told where it is, and stopped."""

import re
from pathlib import Path

import pytest

from labelling.processes import is_running
from skuloop.hint_receiver import find_receiver
from skuloop.prefect_server import answers
from skuloop.prefect_worker import find_worker
from tests.support.commands import free_port, quiet_environment, run_skuloop
from tests.support.workspace import small_workspace

pytestmark = pytest.mark.slow

WITH_PROBLEMS = 3


def test_up_starts_server_and_worker_once_says_where_they_are_and_down_leaves_nothing_running(tmp_path: Path) -> None:
    config = small_workspace(tmp_path)
    text = config.read_text(encoding="utf-8")
    config.write_text(text + '\n[label_studio]\nexecutable = "nowhere/label-studio"\n', encoding="utf-8")
    api_url = f"http://127.0.0.1:{free_port()}/api"
    port = free_port()
    hints = {"SKULOOP_WEBHOOK__URL": f"http://127.0.0.1:{port}/", "SKULOOP_WEBHOOK__PORT": str(port)}
    environ = quiet_environment(tmp_path / "prefect", api_url) | hints
    try:
        first = run_skuloop(environ, "up", "--config", str(config))
        # Without a Label Studio the nights go on, and somebody is told.
        assert first.returncode == WITH_PROBLEMS, first.stdout + first.stderr
        assert "setup-label-studio" in first.stderr
        worker = find_worker(api_url)
        assert worker is not None
        receiver = find_receiver(config)
        assert receiver is not None
        again = run_skuloop(environ, "up", "--config", str(config))
        assert find_worker(api_url) == worker
        assert find_receiver(config) == receiver
        assert str(worker) in again.stdout
        page = (tmp_path / "store" / "services.html").read_text(encoding="utf-8")
        assert f'href="{api_url.removesuffix("/api")}"' in page
        assert re.search(rf"process {worker}\b", page)
        assert re.search(rf"process {receiver}\b", page)
    finally:
        ended = run_skuloop(environ, "down", "--config", str(config))
    assert "worker: stopped" in ended.stderr
    assert "Prefect: stopped" in ended.stderr
    assert "receiver of hints: stopped" in ended.stderr
    assert not answers(api_url)
    assert not is_running(worker)
    assert not is_running(receiver)
    assert not (tmp_path / "store" / "services.html").exists()
