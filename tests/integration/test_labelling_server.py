"""The local server: killed, restarted, started wrongly. The first start itself is the fixture of the session."""

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from labelling.errors import LabelStudioDownError, LabelStudioServerError
from labelling.payloads import Candidate, Question
from labelling.processes import command_lines, end, is_running, spawn
from labelling.server import LocalLabelStudio
from labelling.sync import push
from recognition.vocabulary import QuestionKind
from tests.conftest import LabelStudioUnderTest


@pytest.mark.slow
def test_starting_it_again_finds_the_one_that_runs(label_studio: LabelStudioUnderTest) -> None:
    assert label_studio.server.start() == label_studio.info
    assert label_studio.server.info() == label_studio.info


@pytest.mark.slow
def test_nobody_else_can_read_its_secrets(label_studio: LabelStudioUnderTest) -> None:
    assert stat.S_IMODE((label_studio.data_dir / "credentials.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((label_studio.data_dir / "server.log").stat().st_mode) == 0o600
    log = (label_studio.data_dir / "server.log").read_text(errors="replace")
    assert label_studio.token.get_secret_value() not in log
    assert label_studio.info.password.get_secret_value() not in log
    assert label_studio.token.get_secret_value() not in repr(label_studio.info)


@pytest.mark.slow
def test_it_listens_to_this_machine_alone(label_studio: LabelStudioUnderTest) -> None:
    port = int(label_studio.url.rpartition(":")[2])
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]

    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


@pytest.mark.slow
def test_its_database_keeps_a_write_ahead_log(label_studio: LabelStudioUnderTest) -> None:
    with closing(sqlite3.connect(label_studio.data_dir / "label_studio.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.slow
def test_a_server_that_was_killed_keeps_its_tasks_and_starts_again(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    candidates = (Candidate("OAT-1", "Oat milk", 0.5),)
    asked = Question("q", QuestionKind.WHICH_PRODUCT, ("a" * 64,), "ab/photo.jpg", None, candidates, "Which?", "r")
    pushed = push(client, project, [asked])
    running = label_studio.server.info()
    assert running is not None

    os.kill(running.pid, signal.SIGKILL)
    while is_running(running.pid):
        time.sleep(0.05)
    assert label_studio.server.info() is None
    assert not label_studio.server.stop()
    with pytest.raises(LabelStudioDownError):
        push(client, project, [asked])

    again = label_studio.server.start()

    assert (again.url, again.token) == (running.url, running.token)
    assert push(client, project, [asked]) == pushed


@pytest.mark.slow
def test_a_server_outlives_whoever_started_it_and_is_found_again(
    label_studio: LabelStudioUnderTest, label_studio_executable: Path
) -> None:
    assert label_studio.server.stop()
    port = label_studio.url.rpartition(":")[2]
    starter = (
        "import sys, time; from pathlib import Path; from labelling.server import LocalLabelStudio;"
        "data, images, executable, port = sys.argv[1:];"
        "LocalLabelStudio(Path(data), Path(images), Path(executable), int(port)).start();"
        "print('started', flush=True); time.sleep(600)"
    )
    argv = [sys.executable, "-c", starter, str(label_studio.data_dir), str(label_studio.images_root)]
    with subprocess.Popen([*argv, str(label_studio_executable), port], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.kill()

    found = label_studio.server.info()

    assert found is not None
    assert found.url == label_studio.url
    assert label_studio.server.start() == found


def test_a_missing_server_is_told_with_the_command_that_installs_it(tmp_path: Path) -> None:
    server = LocalLabelStudio(tmp_path / "data", tmp_path / "images", tmp_path / "label-studio", 0)

    with pytest.raises(LabelStudioServerError, match="make setup-label-studio"):
        server.start()
    assert server.info() is None
    assert not server.stop()


def broken_server(folder: Path) -> Path:
    executable = folder / "label-studio"
    executable.write_text("#!/bin/sh\necho 'no module named django' >&2\nexit 3\n")
    executable.chmod(0o755)
    return executable


def test_a_server_that_dies_at_once_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    server = LocalLabelStudio(tmp_path / "data", tmp_path / "images", broken_server(tmp_path), 0)

    with pytest.raises(LabelStudioServerError, match="no module named django"):
        server.start()


def test_a_port_that_a_stranger_holds_is_told_and_not_talked_to(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        server = LocalLabelStudio(tmp_path / "data", tmp_path / "images", broken_server(tmp_path), port)

        with pytest.raises(LabelStudioServerError, match=f"port {port} is in use"):
            server.start()


def test_a_lost_credentials_file_is_told_instead_of_replaced_by_one_that_fits_nothing(tmp_path: Path) -> None:
    server = LocalLabelStudio(tmp_path / "data", tmp_path / "images", broken_server(tmp_path), 0)
    with pytest.raises(LabelStudioServerError, match="ended"):
        server.start()
    (tmp_path / "data" / "credentials.json").unlink()

    with pytest.raises(LabelStudioServerError, match=r"not its credentials\.json"):
        server.start()


def test_a_damaged_credentials_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "credentials.json").write_text('{"username": ')
    server = LocalLabelStudio(tmp_path / "data", tmp_path / "images", broken_server(tmp_path), 0)

    with pytest.raises(LabelStudioServerError, match="is damaged"):
        server.start()


def test_a_process_gets_the_given_environment_and_no_other(tmp_path: Path) -> None:
    pid = spawn(["/usr/bin/env"], {"ONLY": "this"}, tmp_path / "log")
    while is_running(pid):
        time.sleep(0.01)

    assert (tmp_path / "log").read_text() == "ONLY=this\n"


def test_a_process_that_will_not_end_is_made_to(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    pid = spawn([sys.executable, "-c", deaf], {}, tmp_path / "log")
    while "deaf" not in (tmp_path / "log").read_text():
        time.sleep(0.01)
    assert command_lines()[pid][1] == "-c"

    end(pid, patience=0.2)

    assert not is_running(pid)
    assert pid not in command_lines()
