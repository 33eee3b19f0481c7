"""The client against a real Label Studio: refused, unreachable, set up twice, and what it may show."""

import traceback
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr

from labelling.client import LabelStudioClient
from labelling.errors import LabellingError, LabelStudioAuthError, LabelStudioDownError, LabelStudioRefusedError
from labelling.interface import labelling_config
from labelling.payloads import Candidate, Question, picture_url, question_payload
from labelling.served import document_root
from recognition.vocabulary import QuestionKind
from tasks.label_studio import connect
from tests.conftest import LabelStudioUnderTest
from tests.support.loops import LoopUnderTest
from tests.support.workspace import small_workspace

pytestmark = pytest.mark.slow


def test_a_wrong_token_is_told_and_never_shown(label_studio: LabelStudioUnderTest) -> None:
    token = "f" * 40

    with pytest.raises(LabelStudioAuthError, match="SKULOOP_LABEL_STUDIO__TOKEN") as caught:
        LabelStudioClient(label_studio.url, SecretStr(token)).ping()

    assert token not in "".join(traceback.format_exception(caught.value))


def test_an_error_shows_neither_token_nor_session_cookie(label_studio: LabelStudioUnderTest) -> None:
    with pytest.raises(LabelStudioRefusedError) as caught:
        label_studio.client().ensure_project(
            "no", labelling_config(label_studio.url), label_studio.images_root
        )  # too short a title

    told = "".join(traceback.format_exception(caught.value))
    assert "at least 3 characters" in told
    assert label_studio.token.get_secret_value() not in told
    assert "sessionid" not in told


def test_nobody_at_the_address_is_told_as_such(label_studio: LabelStudioUnderTest) -> None:
    with pytest.raises(LabelStudioDownError, match="Check that Label Studio runs there"):
        LabelStudioClient("http://127.0.0.1:9", label_studio.token).ping()


def test_a_web_site_that_is_no_label_studio_is_not_taken_for_one(label_studio: LabelStudioUnderTest) -> None:
    with pytest.raises(LabellingError) as caught:
        LabelStudioClient(f"{label_studio.url}/user/login", label_studio.token).ping()

    assert len(str(caught.value)) < 600  # and not its whole page


def test_the_right_token_is_taken(label_studio: LabelStudioUnderTest) -> None:
    assert label_studio.client().ping() == label_studio.info.username


def test_a_project_that_is_ensured_twice_is_one_project_with_one_storage(label_studio: LabelStudioUnderTest) -> None:
    project = label_studio.project("the only one")

    assert label_studio.project("the only one") == project
    rows = label_studio.request("GET", f"/api/storages/localfiles?project={project}").json()
    assert [row["path"] for row in rows] == [str(document_root(label_studio.images_root) / "images")]


def test_a_changed_interface_reaches_a_project_that_is_there(label_studio: LabelStudioUnderTest) -> None:
    project = label_studio.project("to be changed")
    changed = labelling_config(label_studio.url).replace("Not a product", "No product at all")
    assert changed != labelling_config(label_studio.url)

    label_studio.client().ensure_project("to be changed", changed, label_studio.images_root)

    stored = label_studio.request("GET", f"/api/projects/{project}/").json()["label_config"]
    assert "No product at all" in stored


def test_the_photos_can_be_seen(label_studio: LabelStudioUnderTest) -> None:
    label_studio.project()

    answer = label_studio.request("GET", picture_url("ab/photo.jpg"))

    assert answer.status_code == 200
    assert Image.open(BytesIO(answer.content)).size == (300, 200)


def test_the_project_says_where_the_answers_in_pictures_are_unless_somebody_wrote_their_own_words(
    label_studio: LabelStudioUnderTest,
) -> None:
    project = label_studio.project("told where")

    def description() -> str:
        return str(label_studio.request("GET", f"/api/projects/{project}/").json()["description"])

    address = description().rsplit(" ", 1)[1]
    page = label_studio.request("GET", address.removeprefix(label_studio.url))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
    assert httpx.get(address, trust_env=False).status_code == 401, "for whoever is logged in"
    label_studio.request("PATCH", f"/api/projects/{project}/", json={"description": "Ask Ada."}).raise_for_status()
    label_studio.project("told where")
    assert description() == "Ask Ada."


@pytest.mark.parametrize("path", ["label-studio/credentials.json", "../label-studio/credentials.json"])
def test_nothing_beside_the_photos_can_be_seen(label_studio: LabelStudioUnderTest, path: str) -> None:
    label_studio.project()

    assert label_studio.request("GET", f"/data/local-files/?d={path}").status_code >= 400
    assert label_studio.request("GET", f"/data/local-files/?d=images/../{path}").status_code >= 400


def test_whoever_presses_sync_storage_imports_no_photo(label_studio: LabelStudioUnderTest) -> None:
    project = label_studio.project()
    (row,) = label_studio.request("GET", f"/api/storages/localfiles?project={project}").json()

    label_studio.request("POST", f"/api/storages/localfiles/{row['id']}/sync").raise_for_status()

    assert list(label_studio.client().open_tasks(project)) == []


def test_a_share_of_the_tasks_is_for_two_people_and_can_be_taken_back(label_studio: LabelStudioUnderTest) -> None:
    title, client = f"shared {uuid4()}", label_studio.client()
    project = label_studio.project(title)

    def shared(share: float) -> None:
        config = labelling_config(label_studio.url)
        assert client.ensure_project(title, config, label_studio.images_root, share) == project

    def overlaps() -> list[int]:
        tasks = label_studio.request("GET", f"/api/projects/{project}/tasks?page_size=50").json()
        return sorted(task["overlap"] for task in tasks)

    shared(0.3)
    tea, kind = Candidate("tea", "Tea", 0.5), QuestionKind.WHICH_PRODUCT
    questions = [
        Question(f"k{place}", kind, (f"{place:064}",), "x.jpg", None, (tea,), "?", "r1") for place in range(10)
    ]
    client.import_tasks(project, [question_payload(question) for question in questions])
    assert overlaps() == [1] * 7 + [2] * 3
    shared(0.0)
    assert overlaps() == [1] * 10


def test_annotators_are_sent_to_the_address_at_which_their_browsers_reach_label_studio(
    label_studio: LabelStudioUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In containers skuloop talks to a name that no browser outside knows: the search for a product led nowhere."""
    site = label_studio.url.replace("127.0.0.1", "localhost")
    loop = LoopUnderTest(small_workspace(tmp_path))
    loop.configure(
        store=str(label_studio.images_root.parent),
        label_studio={"url": label_studio.url, "site": site, "project": f"elsewhere {uuid4()}"},
    )
    monkeypatch.setenv("SKULOOP_LABEL_STUDIO__TOKEN", label_studio.token.get_secret_value())
    _, project = connect(loop.parts)
    made = label_studio.request("GET", f"/api/projects/{project}").json()
    assert f'apiUrl="{site}/data/local-files/' in made["label_config"]
    assert f"{site}/data/local-files/" in made["description"]
    assert label_studio.url not in made["label_config"] + made["description"]
