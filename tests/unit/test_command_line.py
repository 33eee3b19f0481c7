"""The command line: exit codes, help, JSON for machines, and what it does not load."""

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
from PIL import Image
from typer.core import TyperGroup
from typer.testing import CliRunner

import flows
import labelling
import recognition
import serving
import skuloop
import spiders
import tasks
import warehouse
from recognition.errors import UnreadablePictureError
from recognition.vocabulary import PictureReason
from skuloop.cli import app
from skuloop.commands.identify import seconds_of
from skuloop.exit_codes import ExitCode, exit_code_of
from tests.support.commands import CHECKOUT, SKULOOP, free_port, quiet_environment, run_skuloop
from tests.support.in_process import Said, call_skuloop, plain_cycle, plain_night
from tests.support.videos import write_video
from tests.support.workspace import CLASSES, small_workspace
from warehouse.errors import WarehouseLockedError

ROOMS = (flows, labelling, recognition, serving, skuloop, spiders, tasks, warehouse)

# Raised and handled within one command or one room; no other may ever reach the entry point.
HANDLED_WITHIN = {
    "labelling.answers._UnusableError",
    "serving.http.problems.ProblemError",
    "serving.http.worker.WorkerDiedError",
    "skuloop.commands.deploy.DeployError",
    "skuloop.hint_receiver.HintReceiverError",
    "skuloop.prefect_worker.PrefectWorkerError",
    "skuloop.demo.store.DemoStoreError",
    "skuloop.demo.workspace.WorkspaceError",
    "spiders.failures.HttpStatusError",
    "spiders.failures.RedirectRefusedError",
    "spiders.failures.RobotsForbiddenError",
    "spiders.failures.TooLargeError",
    "tasks.door._RefusedError",
}

HELP = """
import contextlib, io, sys, skuloop.main

sys.argv = ["skuloop", "--help"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    skuloop.main.main()
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after one night and one cycle."""
    config = small_workspace(tmp_path_factory.mktemp("workspace"))
    plain_night(config, "2031-01-04")
    plain_cycle(config, "cycle-1")
    return config


@pytest.fixture
def photo(config: Path) -> Path:
    return config.parent / "photos" / CLASSES[0] / "0.jpg"


# --- exit codes


def test_every_error_that_we_raise_on_purpose_has_an_exit_code_or_is_handled_where_it_is_raised() -> None:
    for kind in _our_errors():
        name = f"{kind.__module__}.{kind.__qualname__}"
        assert (exit_code_of(_instance(kind)) is None) == (name in HANDLED_WITHIN), name


def test_a_defect_of_ours_has_no_exit_code_and_shows_its_traceback() -> None:
    assert exit_code_of(ZeroDivisionError()) is None


def test_an_error_with_a_more_special_code_never_gets_that_of_its_base() -> None:
    assert exit_code_of(WarehouseLockedError(Path("w"), 1.0, None, None)) is ExitCode.TRY_LATER
    assert exit_code_of(UnreadablePictureError(PictureReason.BLANK, "")) is ExitCode.BAD_DATA


def test_the_demo_refuses_a_folder_with_somebody_elses_pictures_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".skuloop-demo").touch()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "holiday.jpg").touch()
    said = call_skuloop("demo", "--dir", str(tmp_path))
    assert (said.code, said.err.count("error:")) == (ExitCode.USAGE, 1)
    assert "was not made by the demo" in said.err
    assert (tmp_path / "pictures" / "holiday.jpg").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["night", "cycle", "bakeoff"])
def test_a_machine_too_busy_for_prefects_temporary_server_is_told_so_without_a_traceback(
    command: str, tmp_path: Path
) -> None:
    config = small_workspace(tmp_path)
    environ = quiet_environment(tmp_path / "prefect", "") | {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "1"}
    del environ["PREFECT_API_URL"]
    said = run_skuloop(environ, command, "--config", str(config))
    assert said.returncode == ExitCode.UNAVAILABLE, said.stderr
    assert "when the machine is less busy" in " ".join(said.stderr.split())
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "store" / "reports").exists()  # nothing was begun


@pytest.mark.slow
def test_a_ctrl_c_reaches_the_temporary_server_too_and_yet_a_run_ends_at_once_and_says_that_work_is_kept(
    tmp_path: Path,
) -> None:
    environ = quiet_environment(tmp_path / "prefect", "")
    del environ["PREFECT_API_URL"]
    environ |= {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120", "COLUMNS": "250"}
    config = small_workspace(tmp_path, photos_of_each=300)  # so that the night is at work for a while
    words = [*SKULOOP, "night", "--config", str(config)]
    with subprocess.Popen(  # noqa: S603 - ourselves
        words, cwd=CHECKOUT, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stderr is not None
        heard = [next(line for line in run.stderr if "photos" in line or "images" in line)]  # the night is at work
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does it: to every process of its foreground
        asked = time.monotonic()
        heard += run.stderr.readlines()
        assert run.wait(timeout=120) == 130, "".join(heard)
    assert time.monotonic() - asked < 60  # it took 77 s to find out that its server was gone
    assert "interrupted; what was done is kept" in "".join(heard)
    assert "Traceback" not in "".join(heard)


@pytest.mark.slow
def test_a_prefect_server_that_does_not_answer_is_named_before_a_night_begins(tmp_path: Path) -> None:
    environ = quiet_environment(tmp_path / "prefect", f"http://127.0.0.1:{free_port()}/api")
    said = run_skuloop(environ, "night", "--config", str(small_workspace(tmp_path)))
    assert said.returncode == ExitCode.UNAVAILABLE, said.stderr
    assert "PREFECT_API_URL" in said.stderr
    assert "Traceback" not in said.stderr


# --- settings


def test_an_unknown_settings_key_names_its_nearest_neighbour(tmp_path: Path) -> None:
    config = tmp_path / "skuloop.toml"
    config.write_text("[review]\nbugdet = 5\n")
    said = call_skuloop("status", "--config", str(config))
    assert said.code == ExitCode.BAD_SETTINGS
    assert "review.bugdet" in said.err
    assert "did you mean 'review.budget'?" in said.err


@pytest.mark.parametrize("command", ["night", "cycle", "rollback", "status", "deploy"])
def test_a_missing_settings_file_is_said_before_anything_is_started(command: str, tmp_path: Path) -> None:
    said = call_skuloop(command, "--config", str(tmp_path / "skuloop.toml"))
    assert said.code == ExitCode.BAD_SETTINGS
    assert "skuloop demo" in said.err
    assert not list(tmp_path.iterdir())


def test_a_settings_file_that_is_no_toml_is_said_without_a_traceback(tmp_path: Path) -> None:
    config = tmp_path / "skuloop.toml"
    config.write_text("timezone = UTC\n")
    said = call_skuloop("status", "--config", str(config))
    assert said.code == ExitCode.BAD_SETTINGS
    assert "cannot be read" in said.err


# --- help


def test_every_command_says_what_it_is_for_and_what_each_option_means() -> None:
    for path, command in _commands(typer.main.get_command(app)):
        name = " ".join(path)
        assert command.callback is not None, name
        assert (command.callback.__doc__ or "").strip().endswith((".", ":")), f"{name} has no docstring"
        shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
        assert shown.exit_code == 0, shown.output
        first = (command.callback.__doc__ or "").strip().splitlines()[0]
        assert first in " ".join(shown.output.split()), f"{name} --help does not say what it is for"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"


def test_the_help_of_skuloop_names_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    for (first, *_), _ in _commands(typer.main.get_command(app)):
        assert first in shown


# --- looking


def test_status_as_json_says_how_the_loop_stands(config: Path) -> None:
    found = _json(call_skuloop("status", "--config", str(config), "--json"))
    assert found["images"] == 2 * 5
    assert found["release"]["release_id"].startswith("r0001-")
    assert {run["status"] for run in found["last_runs"]} == {"completed"}


def test_why_as_json_tells_tier_and_decisions_of_a_sku(config: Path) -> None:
    found = _json(call_skuloop("why", CLASSES[0], "--config", str(config), "--json"))
    story = found["story"]
    assert story["product"]["sku"] == CLASSES[0]
    assert (story["audit"]["tier"], story["audit"]["reason"]) == ("gallery", "too_few_samples")
    assert story["decisions"][0]["action"] == "tier gallery"
    assert [(row["samples"], row["tier"]) for row in found["counts"]] == [(5, "gallery")]
    assert [other["sku"] for other in found["alike"]] == [CLASSES[1]]
    with Image.open(found["sheet"]) as sheet:
        assert sheet.width > 5 * 160, "five photos of its own in one row, and those of its rival"


def test_why_tells_of_a_photo_by_its_file_or_the_beginning_of_its_name(config: Path, photo: Path) -> None:
    by_file = _json(call_skuloop("why", str(photo), "--config", str(config), "--json"))
    sha256 = by_file["story"]["facts"]["sha256"]
    by_name = _json(call_skuloop("why", sha256[:8], "--config", str(config), "--json"))
    assert by_name == by_file
    assert [said["sku"] for said in by_file["story"]["statements"]] == [CLASSES[0]]
    assert Path(by_file["file"]).is_file()
    said = call_skuloop("why", sha256, "--config", str(config))
    assert (said.code, CLASSES[0] in said.out) == (0, True)


def test_why_tells_of_a_release_which_checks_let_it_through(config: Path) -> None:
    release = _json(call_skuloop("status", "--config", str(config), "--json"))["release"]["release_id"]
    found = _json(call_skuloop("why", release, "--config", str(config), "--json"))
    assert found["story"]["checks"]
    assert all(check["passed"] and check["found"] for check in found["story"]["checks"])
    said = call_skuloop("why", release, "--config", str(config))
    assert (said.code, "The gate" in said.out) == (0, True)


def test_identify_as_json_answers_each_photo(config: Path, photo: Path) -> None:
    (answer,) = _json(call_skuloop("identify", str(photo), "--config", str(config), "--json"))
    assert answer["photo"] == str(photo)
    assert answer["release_id"].startswith("r0001-")
    assert (answer["size"], answer["isolated"]) == ([240, 240], False)
    (found,) = answer["found"]
    assert found["box"] == {"left": 0, "top": 0, "right": 240, "bottom": 240}
    assert found["alternatives"][0]["sku"] == CLASSES[0]


def test_a_photo_that_cannot_be_read_costs_its_own_answer_only(config: Path, photo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:400])
    said = call_skuloop("identify", str(broken), str(photo), "--config", str(config), "--json")
    assert said.code == ExitCode.BAD_DATA
    assert str(broken) in said.err
    assert [answer["photo"] for answer in json.loads(said.out)] == [str(photo)]


def test_a_folder_is_told_to_name_its_photos(config: Path, photo: Path) -> None:
    said = call_skuloop("identify", str(photo.parent), "--config", str(config))
    assert said.code == ExitCode.BAD_DATA
    assert "this is a folder" in said.err


@pytest.fixture(scope="module")
def film(config: Path) -> Path:
    """Two seconds of one product, then two of the other."""
    shown = [Image.open(config.parent / "photos" / sku / "0.jpg") for sku in CLASSES for _ in range(20)]
    return write_video(config.parent / "clip.mp4", shown)


def test_a_video_is_identified_frame_by_frame_with_its_times(config: Path, film: Path, photo: Path) -> None:
    said = call_skuloop("identify", str(photo), str(film), "--every", "500ms", "--config", str(config), "--json")
    of_photo, *frames = _json(said)
    assert "second" not in of_photo
    assert [frame["second"] for frame in frames] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    best = [frame["found"][0]["alternatives"][0]["sku"] for frame in frames]
    assert best == [CLASSES[0]] * 4 + [CLASSES[1]] * 4


def test_people_read_one_line_for_each_span_of_a_video_that_shows_the_same(config: Path, film: Path) -> None:
    said = call_skuloop("identify", str(film), "--config", str(config))
    lines = [line for line in said.out.splitlines() if line.startswith(str(film))]
    assert said.code == 0
    assert [line.split()[1].rstrip(":") for line in lines] == ["0:00-0:01", "0:02-0:03"]


def test_only_frames_of_new_scenes_are_identified_on_request(config: Path, film: Path) -> None:
    frames = _json(call_skuloop("identify", str(film), "--scenes", "--config", str(config), "--json"))
    assert [frame["second"] for frame in frames] == [0.0, 2.0]


def test_a_damaged_video_costs_its_own_answer_only(config: Path, film: Path, photo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:300])
    said = call_skuloop("identify", str(broken), str(photo), "--config", str(config), "--json")
    assert said.code == ExitCode.BAD_DATA
    assert str(broken) in said.err
    assert [answer["photo"] for answer in json.loads(said.out)] == [str(photo)]


@pytest.mark.parametrize("every", ["0", "-1s", "soon", "inf", "nan", ""])
def test_an_interval_that_is_no_time_is_refused_with_an_example(every: str, film: Path) -> None:
    said = call_skuloop("identify", str(film), "--every", every)
    assert said.code == ExitCode.USAGE
    assert "500ms" in said.err


@pytest.mark.parametrize(("text", "seconds"), [("2", 2.0), ("1s", 1.0), ("500ms", 0.5), ("1.5m", 90.0)])
def test_a_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


def test_an_unknown_sku_is_not_found_and_says_where_the_known_ones_are(config: Path) -> None:
    said = call_skuloop("why", "no-such-sku", "--config", str(config), "--json")
    assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
    assert "no-such-sku" in said.err
    assert "`product`" in said.err


def test_identify_before_the_first_release_says_what_publishes_one(tmp_path: Path, photo: Path) -> None:
    config = small_workspace(tmp_path)
    said = call_skuloop("identify", str(photo), "--config", str(config))
    assert said.code == ExitCode.NOT_FOUND
    assert "skuloop cycle" in said.err


def test_rolling_back_the_only_release_is_refused_and_leaves_it_in_place(config: Path) -> None:
    said = call_skuloop("rollback", "--config", str(config))
    assert said.code == ExitCode.NOT_FOUND
    assert "nothing to return to" in said.err
    status = _json(call_skuloop("status", "--config", str(config), "--json"))
    assert status["release"]["release_id"].startswith("r0001-")


# --- doctor


def test_the_doctor_names_a_remedy_for_everything_that_is_not_well(config: Path) -> None:
    said = call_skuloop("doctor", "--config", str(config), "--json")
    findings = {row["what"]: row for row in json.loads(said.out)}
    assert said.code == ExitCode.WITH_PROBLEMS
    assert not findings["Label Studio"]["well"]  # nobody started one for this store
    assert "skuloop labelling start" in findings["Label Studio"]["remedy"]
    assert findings["release"]["found"].startswith("r0001-")
    assert all(row["remedy"] for row in findings.values() if not row["well"])


def test_the_doctor_without_settings_still_looks_at_the_installation(tmp_path: Path) -> None:
    said = call_skuloop("doctor", "--config", str(tmp_path / "skuloop.toml"))
    assert said.code == ExitCode.WITH_PROBLEMS
    assert "docs/guide/engineer.md" in said.out
    assert "duckdb" in said.out


# --- what is not loaded


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import skuloop.cli", ("prefect", "torch", "duckdb", "numpy", "scrapy")),
        (HELP, ("prefect", "torch", "duckdb", "numpy", "scrapy")),
        ("import serving.identifier", ("prefect", "duckdb", "umap", "scrapy", "label_studio_sdk", "torch", "sklearn")),
    ],
    ids=["the command line", "--help", "the query path"],
)
def test_nobody_waits_for_libraries_that_are_not_needed(statement: str, heavy: Sequence[str]) -> None:
    script = f"import sys\n{statement}\nprint(*sorted(set({list(heavy)!r}) & set(sys.modules)))"
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == ""


def _json(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def _commands(group: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], typer.core.TyperCommand]]:
    assert isinstance(group, TyperGroup)
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


def _our_errors() -> list[type[Exception]]:
    found = set()
    for room in ROOMS:
        for module in _modules(room):
            found |= {
                kind
                for kind in vars(module).values()
                if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__ == module.__name__
            }
    assert len(found) > 20, "the search finds them"
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def _modules(room: ModuleType) -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def _instance(kind: type[Exception]) -> Exception:
    """One error of the kind, whatever its constructor asks for: the mapping looks at types alone."""
    return kind.__new__(kind)
