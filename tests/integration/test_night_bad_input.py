"""Nights and cycles on real parts while something is wrong: what fails is said, and the rest goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from labelling.payloads import AnswerKind, answer_result, question_of
from recognition.vocabulary import LabelKind, LabelOrigin, Part, ReleaseStatus, RunStatus
from skuloop.demo.shop import LocalShop
from skuloop.exit_codes import ExitCode
from tasks.label_studio import connect
from tests.conftest import LabelStudioUnderTest
from tests.support.commands import CHECKOUT, free_port, quiet_environment
from tests.support.in_process import call_skuloop
from tests.support.loops import LoopUnderTest, Tables, small_loop
from tests.support.workspace import CLASSES, COLOURS, PHOTOS_OF_EACH
from warehouse.audits import parts as sides
from warehouse.labels import LabelEventRow, append_label_events, label_events

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect_api")]

LABELLED = 2 * PHOTOS_OF_EACH
NIGHT = "2031-01-05"
Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def taught(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> LoopUnderTest:
    """A loop after its first night and its first cycle; tests work on copies of it."""
    loop = small_loop(tmp_path_factory.mktemp("taught"))
    loop.configure(label_studio={"url": f"http://127.0.0.1:{free_port()}", "token": "nobody is there"})
    assert loop.night("2031-01-04").status is RunStatus.COMPLETED
    assert loop.cycle("cycle-1").status is RunStatus.COMPLETED
    return loop


@pytest.fixture
def loop(taught: LoopUnderTest, tmp_path: Path) -> LoopUnderTest:
    return taught.copy(tmp_path / "loop")


# --- sources


def test_an_unreachable_shop_is_a_row_with_a_reason_while_the_other_sources_go_on(tmp_path: Path) -> None:
    loop = small_loop(tmp_path)
    port = free_port()
    loop.add_source(kind="site", name="shop", url=f"http://127.0.0.1:{port}/", allow_private=True, download_delay=0.0)
    report = loop.night(NIGHT)
    assert report.status is RunStatus.DEGRADED
    (problem,) = report.problems
    assert problem.startswith("shop: could not be reached (refused: "), (
        "the engine's log is not where people look first"
    )
    assert loop.query("SELECT DISTINCT source, reason FROM crawl_failure") == [("shop", "refused")]
    assert loop.query("SELECT count(*) FROM image") == [(LABELLED,)]
    with LocalShop([], "Corner Shop", port=port):  # it opens again before the night is run once more
        report = loop.night(NIGHT)
    assert "could not be reached" not in "; ".join(report.problems)


def test_a_truncated_image_in_a_folder_becomes_a_failure_row_and_the_night_is_whole(tmp_path: Path) -> None:
    loop = small_loop(tmp_path)
    whole = tmp_path / "photos" / CLASSES[0] / "0.jpg"
    whole.with_name("torn.jpg").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    report = loop.night(NIGHT)
    assert report.status is RunStatus.COMPLETED
    assert report.ingest is not None
    assert report.ingest.new_images == LABELLED
    ((url, reason),) = loop.query("SELECT url, reason FROM crawl_failure")
    assert url.endswith("torn.jpg")
    assert reason in {"bad_image", "unreadable_file"}


# --- Label Studio


def test_questions_wait_while_label_studio_is_down_and_the_next_night_pushes_them_once(
    loop: LoopUnderTest, label_studio: LabelStudioUnderTest
) -> None:
    loop = _in_sight_of(label_studio, loop)
    loop.deliver("first")
    first = loop.night(NIGHT)
    assert first.status is RunStatus.DEGRADED
    assert first.problems[0].startswith("Label Studio: no answer")
    assert first.review is not None
    assert (first.review.pushed, first.review.waiting) == (0, first.review.chosen)
    again = loop.night("2031-01-06")
    assert again.review is not None
    assert again.review.waiting == first.review.waiting, "the same photos are not asked about twice"
    _switch_on(label_studio, loop)
    third = loop.night("2031-01-07")
    assert third.status is RunStatus.COMPLETED
    assert third.review is not None
    assert (third.review.pushed, third.review.waiting) == (first.review.chosen, 0)
    client, project = connect(loop.parts)
    assert len(list(client.open_tasks(project))) == first.review.chosen


def test_an_answer_with_an_unknown_class_is_set_aside_with_its_reason_and_labels_nothing(
    loop: LoopUnderTest, label_studio: LabelStudioUnderTest
) -> None:
    loop = _in_sight_of(label_studio, loop)
    _switch_on(label_studio, loop)
    loop.deliver("first")
    assert loop.night(NIGHT).status is RunStatus.COMPLETED
    client, project = connect(loop.parts)
    task = next(client.open_tasks(project))
    question = question_of(task.data)
    assert question is not None
    client.submit_annotation(task.task_id, answer_result(question, AnswerKind.SKU, "no-such-sku"), str(uuid4()), 1.0)
    answers = loop.cycle("cycle-2").answers
    assert answers is not None
    assert (answers.labels, answers.rejected, answers.problem) == (0, 1, None)
    assert loop.query("SELECT question_key, reason FROM rejected_answer") == [(question.key, "unknown_class")]
    assert loop.query("SELECT count(*) FROM label_event WHERE origin = 'annotator'") == [(0,)]
    assert ("lost",) in loop.query("SELECT status FROM question")
    assert loop.night("2031-01-06").status is RunStatus.COMPLETED
    asked = {found.key for task in client.open_tasks(project) if (found := question_of(task.data)) is not None}
    assert question.key in asked, "somebody may still give a better answer"


# --- the release


def _flip_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("damage", [_flip_a_byte, Path.unlink], ids=["altered", "missing"])
@pytest.mark.parametrize("name", ["heads.safetensors", "classes.json", "manifest.json"])
def test_a_damaged_release_is_refused_by_name_and_the_rest_of_the_night_is_published(
    loop: LoopUnderTest, name: str, damage: Damage
) -> None:
    damage(_release_folder(loop) / name)
    loop.deliver("first")
    report = loop.night(NIGHT)
    assert report.status is RunStatus.DEGRADED
    assert report.problems[0].startswith("ReleaseDamagedError: ")
    assert name in report.problems[0]
    assert report.recognise is None
    assert loop.query("SELECT count(*) FROM prediction") == [(0,)]
    assert loop.query(f"SELECT status FROM run WHERE label = '{NIGHT}'") == [("degraded",)]  # noqa: S608
    assert loop.query("SELECT count(*) FROM image") == [(LABELLED + 4,)]
    photo = loop.folder / "photos" / CLASSES[0] / "0.jpg"
    said = call_skuloop("identify", str(photo), "--config", str(loop.config))
    assert said.code == ExitCode.BAD_DATA
    assert "skuloop rollback" in said.err


def test_a_cycle_publishes_anew_where_the_only_release_is_damaged_although_nothing_has_changed(
    loop: LoopUnderTest,
) -> None:
    """There is no release to roll back to, and no new label would come of its own."""
    damaged = loop.release_id
    _flip_a_byte(_release_folder(loop) / "heads.safetensors")
    report = loop.cycle("cycle-2")
    assert report.train is not None
    assert (report.train.status, report.train.unchanged) == (ReleaseStatus.PUBLISHED, False)
    assert loop.release_id == report.train.release_id != damaged
    loop.deliver("first")
    recognised = loop.night(NIGHT).recognise
    assert recognised is not None
    assert recognised.release_id == loop.release_id


def test_an_unreadable_pointer_is_mended_by_the_next_night(loop: LoopUnderTest) -> None:
    release_id = loop.release_id
    (loop.parts.paths.releases / "current").write_bytes(b"\0\0\0")
    assert loop.night(NIGHT).status is RunStatus.COMPLETED
    assert loop.release_id == release_id


def test_a_candidate_of_mixed_up_labels_is_refused_with_its_reason_and_the_release_stays(loop: LoopUnderTest) -> None:
    before = loop.release_id
    for sku in CLASSES:  # so many that a few held-out photos more or less do not decide
        loop.deliver(sku, photos=22, colour=COLOURS[sku], into=f"photos/{sku}")
    loop.night(NIGHT)
    _mix_up_labels(loop)
    report = loop.cycle("cycle-2")
    assert report.status is RunStatus.COMPLETED
    assert report.train is not None
    assert (report.train.status, report.train.reason) == (ReleaseStatus.REFUSED, "worse_than_incumbent")
    assert "incumbent 1.000" in report.train.explanation
    assert loop.release_id == before
    assert not (loop.parts.paths.releases / report.train.release_id).exists()
    card = loop.parts.paths.reports / "cycle-2" / f"{report.train.release_id}.md"
    assert "worse_than_incumbent" in card.read_text()
    again = loop.cycle("cycle-3")
    assert again.train is not None
    assert (again.train.release_id, again.train.unchanged) == (report.train.release_id, True)


# --- the encoder, the disk


def test_without_its_encoder_a_night_still_ingests_audits_and_publishes(loop: LoopUnderTest) -> None:
    loop.configure(encoder={"name": "vit_tiny_patch16_224", "weights": "nowhere.safetensors"})
    loop.deliver("first")
    report = loop.night(NIGHT)
    assert report.status is RunStatus.DEGRADED
    assert report.problems[0].startswith("EncoderUnavailableError: ")
    assert "nowhere.safetensors" in report.problems[0]
    assert (report.embed, report.recognise, report.review) == (None, None, None)
    assert loop.query("SELECT count(*), count(reason) FROM image") == [(LABELLED + 4, LABELLED + 4)]
    assert loop.cycle("cycle-2").status is RunStatus.DEGRADED


def test_a_disk_that_is_nearly_full_stops_the_night_before_it_writes_a_photo(loop: LoopUnderTest) -> None:
    loop.configure(free_disk_gib=1e9)
    loop.deliver("first")
    said = call_skuloop("night", "--config", str(loop.config), "--label", NIGHT)
    assert said.code == ExitCode.DISK_FULL
    assert "free_disk_gib" in said.err
    assert sum(1 for _ in loop.parts.paths.images.rglob("*.jpg")) == LABELLED
    loop.configure(free_disk_gib=0)
    loop.night(NIGHT)
    assert loop.query(f"SELECT status FROM run WHERE label = '{NIGHT}' ORDER BY started_at") == [  # noqa: S608
        ("failed",),
        ("degraded",),
    ]


# --- kill -9

# A run that is killed by the kernel when it comes to a certain statement: it and its transaction never end.
KILLED = """
import os, signal, sys
import tasks.published
from tests.support.loops import LoopUnderTest
from pathlib import Path
from warehouse.session import Session

config, flow, label, place = sys.argv[1:]
execute = Session._execute

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def deadly(session, name, parameters):
    return die() if name == place else execute(session, name, parameters)

Session._execute = deadly
if place == "pointer":
    tasks.published.publish = die
getattr(LoopUnderTest(Path(config)), flow)(label)
"""


@pytest.fixture(scope="module")
def before_night(taught: LoopUnderTest, tmp_path_factory: pytest.TempPathFactory) -> LoopUnderTest:
    loop = taught.copy(tmp_path_factory.mktemp("before-night"))
    loop.deliver("first", photos=6)
    return loop


@pytest.fixture(scope="module")
def unkilled_night(before_night: LoopUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    loop = before_night.copy(tmp_path_factory.mktemp("unkilled-night"))
    loop.night(NIGHT)
    return loop.comparable_tables()


@pytest.mark.parametrize(
    "place",
    ["runs/mark_folded", "images/store_measurements", "predictions/add", "questions/add_candidates", "runs/finish"],
)
def test_a_night_that_was_killed_and_run_again_ends_in_the_tables_of_one_that_was_not(
    before_night: LoopUnderTest, unkilled_night: Tables, prefect_api: str, tmp_path: Path, place: str
) -> None:
    loop = before_night.copy(tmp_path / "loop")
    _kill(loop, "night", NIGHT, place, prefect_api)
    loop.night(NIGHT)
    assert loop.comparable_tables() == unkilled_night
    assert loop.query(f"SELECT status FROM run WHERE label = '{NIGHT}' ORDER BY started_at") == [  # noqa: S608
        ("crashed",),
        ("degraded",),  # Label Studio is down, as for the one that was not killed
    ]


@pytest.mark.parametrize("place", ["releases/add_metrics", "pointer"])
def test_a_cycle_that_was_killed_while_it_published_is_finished_by_the_next(
    prefect_api: str, taught: LoopUnderTest, tmp_path: Path, place: str
) -> None:
    loop = small_loop(tmp_path)
    loop.night("2031-01-04")
    _kill(loop, "cycle", "cycle-1", place, prefect_api)
    assert loop.release_id is None
    report = loop.cycle("cycle-1")
    assert report.train is not None
    assert loop.release_id == report.train.release_id
    assert loop.query("SELECT release_id, status FROM release") == [(loop.release_id, "published")]
    folders = [path.name for path in loop.parts.paths.releases.iterdir() if path.is_dir()]
    assert folders == [loop.release_id]
    loop.deliver("first")
    recognised = loop.night(NIGHT).recognise
    assert recognised is not None
    assert recognised.release_id == loop.release_id


def _kill(loop: LoopUnderTest, flow: str, label: str, place: str, prefect_api: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", KILLED, str(loop.config), flow, label, place],
        cwd=CHECKOUT,
        env=quiet_environment(loop.folder / "prefect", prefect_api),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def _release_folder(loop: LoopUnderTest) -> Path:
    return loop.parts.paths.releases / (loop.release_id or "")


def _mix_up_labels(loop: LoopUnderTest) -> None:
    """Somebody calls every photo of the training part by the other product's name."""
    other = dict(zip(CLASSES, reversed(CLASSES), strict=True))
    with loop.parts.warehouse.write() as db:
        taught = {sha256 for sha256, part in sides(db).items() if part is Part.TRAIN}
        wrong = [
            LabelEventRow(
                event_id=f"mix-up-{event.sha256}",
                sha256=event.sha256,
                kind=LabelKind.SKU,
                sku=other[event.sku or ""],
                origin=LabelOrigin.ANNOTATOR,
                actor="somebody",
                at=datetime.now(UTC),
            )
            for event in label_events(db)
            if event.sha256 in taught
        ]
        assert append_label_events(db, wrong) == len(taught)


def _in_sight_of(label_studio: LabelStudioUnderTest, loop: LoopUnderTest) -> LoopUnderTest:
    """The loop with its store below what the shared Label Studio may serve, where it may keep a project."""
    store = label_studio.data_dir.parent / "served" / uuid4().hex
    os.renames(loop.folder / "store", store)
    loop.configure(store=str(store), label_studio={"project": f"test {store.name}"})
    return loop


def _switch_on(label_studio: LabelStudioUnderTest, loop: LoopUnderTest) -> None:
    loop.configure(label_studio={"url": label_studio.url, "token": label_studio.token.get_secret_value()})
