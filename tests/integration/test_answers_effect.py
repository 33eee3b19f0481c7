"""What the answers changed, in a real store: told by the cycle that was taught them, and once."""

import json
import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort

from labelling.payloads import ANSWERS_FILE
from recognition.vocabulary import LabelKind, LabelOrigin, QuestionArm, QuestionKind, RunStatus
from tasks.answers_page import PAGE as ANSWERS_PAGE
from tasks.due import announce_due_cycle
from tasks.effect import FIGURES, PAGE, PICTURE, tell_effect
from tasks.loop import finish, open_loop
from tasks.report import publish_artifacts
from tests.support.in_process import plain_cycle, plain_night
from tests.support.loops import LoopUnderTest, small_loop
from warehouse.answers import AnswerRow, add_answers
from warehouse.images import unlabelled_camera_images
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.questions import QuestionRow, QuestionStatus, add_questions, mark_settled
from warehouse.runs import RunRow, finish_run, start_run

pytestmark = pytest.mark.slow


@pytest.fixture
def loop(tmp_path: Path) -> LoopUnderTest:
    """A release of two products, and six camera photos that it has judged."""
    loop = small_loop(tmp_path)
    loop.deliver("green", photos=6)
    plain_night(loop.config, "n1")
    plain_cycle(loop.config, "c1")
    plain_night(loop.config, "n2")
    return loop


def camera_photos(loop: LoopUnderTest) -> list[str]:
    with loop.parts.warehouse.read() as db:
        return [image.sha256 for image in unlabelled_camera_images(db)]


def answered(loop: LoopUnderTest, arm: QuestionArm, images: Sequence[str], sku: str, who: str = "ada") -> None:
    """One question about these photos that somebody answered, as a pull stores it."""
    now, key = datetime.now(UTC), f"{arm}-{who}"
    asked = QuestionRow(key, QuestionKind.ONE_PRODUCT, arm, "r", "n2", None, None, 1.0, "", now, tuple(images), ())
    number = abs(hash(key)) % 10**6
    label = LabelEventRow("", "", LabelKind.SKU, sku, LabelOrigin.ANNOTATOR, who, now, key, number)
    with loop.parts.warehouse.write() as db:
        start_run(db, RunRow(f"pull-{key}", "answers", key, 1, "host", now))
        finish_run(db, f"pull-{key}", RunStatus.COMPLETED)
        add_questions(db, [asked])
        mark_settled(db, [key], QuestionStatus.ANSWERED)
        append_label_events(db, [replace(label, event_id=f"{key}-{sha}", sha256=sha) for sha in images])
        add_answers(db, [AnswerRow(number, now, key, who, "sku", sku, 30.0, f"pull-{key}")])


def test_a_cycle_tells_what_the_answers_that_it_was_taught_have_changed(loop: LoopUnderTest) -> None:
    camera = camera_photos(loop)
    answered(loop, QuestionArm.UNSEEN, camera[:3], "red-tea")
    answered(loop, QuestionArm.RANDOM, camera[3:5], "blue-tea", who="<b>bob|")

    plain_cycle(loop.config, "c2")

    folder = loop.parts.paths.reports / "c2"
    told = json.loads((folder / FIGURES).read_text())
    assert (told["questions"], told["labels"], told["minutes"]) == (2, 5, 1.0)
    assert {person["annotator"]: person["answers"] for person in told["people"]} == {"ada": 1, "<b>bob|": 1}
    page = (folder / PAGE).read_text()
    assert "2 questions answered in 1 minutes" in page
    assert "| &lt;b>bob/ |" in page, "what a person is called is neither HTML nor the end of a cell"
    assert {of["arm"] for of in told["arms"]} <= {"unseen", "random"}
    assert bool(told["arms"]) == (folder / PICTURE).exists()

    shown = (folder / ANSWERS_PAGE).read_text()
    assert re.findall(r"<h2>([^<]+)</h2>", shown)[-3:] == ["ada", "&lt;b&gt;bob|", "What waits for you next"]
    assert re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', shown) == [], "it stands alone"
    sheets = [Image.open(BytesIO(b64decode(found))) for found in re.findall(r"data:image/jpeg;base64,([^\"]+)", shown)]
    assert [sheet.width for sheet in sheets] == [3 * 168 + 8, 2 * 168 + 8], "three photos of ada's, two of bob's"
    assert (loop.parts.paths.images / ANSWERS_FILE).read_text() == shown, "where Label Studio shows it"

    plain_cycle(loop.config, "c3")
    assert (loop.parts.paths.images / ANSWERS_FILE).read_text() == shown, "until somebody answers, the last one stays"
    assert not (loop.parts.paths.reports / "c3" / PAGE).exists(), "what was told is not told again"


def test_a_cycle_that_is_due_is_a_row_in_the_ledger(loop: LoopUnderTest) -> None:
    camera = camera_photos(loop)
    with open_loop(loop.parts.settings, "answers", "a1") as run:
        assert announce_due_cycle.fn(run) is None
        finish(run, ())
    answered(loop, QuestionArm.UNSEEN, camera[:3], "red-tea")
    loop.configure(cycle={"answers": 1})
    with open_loop(loop.parts.settings, "answers", "a2") as run:
        assert announce_due_cycle.fn(run) == "enough_answers"
        assert tell_effect.fn(run) is not None
        finish(run, ())
    with loop.parts.warehouse.read() as db:
        assert db.value("ledger/subjects", subject_kind="run", action="start cycle") == run.run_id


def test_who_looks_into_prefect_finds_the_answers_in_figures_and_in_pictures(
    loop: LoopUnderTest, prefect_api: str
) -> None:
    answered(loop, QuestionArm.UNSEEN, camera_photos(loop)[:3], "red-tea")
    with open_loop(loop.parts.settings, "cycle", "c2") as run:
        assert tell_effect.fn(run) is not None
        flow(lambda: publish_artifacts(run, "Cycle c2", ()), name="show")()
        finish(run, ())
    shown = {key: artifact(key) for key in ("cycle-answers", "cycle-your-answers")}
    assert "1 questions answered" in shown["cycle-answers"]
    assert "## ada" in shown["cycle-your-answers"]
    assert "(data:image/jpeg;base64," in shown["cycle-your-answers"]


def artifact(key: str) -> str:
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        (newest,) = client.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1)
    return str(newest.data)
