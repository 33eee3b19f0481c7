"""Pictures as an annotator's browser gets them: logged in by name and password, from the addresses in the task."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import httpx
import pytest
from PIL import Image

from labelling.payloads import Candidate, Question
from labelling.sync import push
from recognition.vocabulary import QuestionKind
from tests.conftest import LabelStudioUnderTest

pytestmark = pytest.mark.slow


@contextmanager
def browser(label_studio: LabelStudioUnderTest) -> Iterator[httpx.Client]:
    """A session with cookies, as a browser has after the login page."""
    with httpx.Client(base_url=label_studio.url, follow_redirects=True, timeout=60, trust_env=False) as session:
        session.get("/user/login/").raise_for_status()
        form = {
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
            "email": label_studio.info.username,
            "password": label_studio.info.password.get_secret_value(),
        }
        session.post("/user/login/", data=form, headers={"Referer": label_studio.url}).raise_for_status()
        yield session


def ask(label_studio: LabelStudioUnderTest, name: str) -> dict[str, str]:
    """Push one question about a picture of this name, and return the task data that the browser gets."""
    for folder in ("ab", "sheets"):
        (label_studio.images_root / folder).mkdir(exist_ok=True)
        Image.new("RGB", (320, 240), (30, 120, 60)).save(label_studio.images_root / folder / name)
    question = Question(
        key=f"picture {name}",
        kind=QuestionKind.WHICH_PRODUCT,
        images=("a" * 64,),
        sheet=f"ab/{name}",
        references=f"sheets/{name}",
        candidates=(Candidate("TEA", "Tea", 0.5),),
        prompt="Which product is this?",
        release_id="r1",
    )
    (task_id,) = push(label_studio.client(), label_studio.project(), [question]).values()
    data: dict[str, str] = label_studio.request("GET", f"/api/tasks/{task_id}/").json()["data"]
    return data


@pytest.mark.parametrize("name", ["plain.jpg", "a name with spaces & ü + 100%.jpg"])
def test_both_pictures_of_a_task_load_for_whoever_is_logged_in(label_studio: LabelStudioUnderTest, name: str) -> None:
    data = ask(label_studio, name)
    with browser(label_studio) as session:
        for address in (data["sheet"], data["references"]):
            answer = session.get(address)
            assert answer.status_code == httpx.codes.OK
            assert Image.open(BytesIO(answer.content)).size == (320, 240)


def test_a_stranger_without_a_login_sees_no_picture(label_studio: LabelStudioUnderTest) -> None:
    data = ask(label_studio, "private.jpg")
    with httpx.Client(base_url=label_studio.url, trust_env=False) as stranger:
        assert stranger.get(data["sheet"]).status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}


@pytest.mark.parametrize("path", ["label-studio/credentials.json", "images/../label-studio/credentials.json"])
def test_no_file_outside_the_images_is_served_even_to_annotators(label_studio: LabelStudioUnderTest, path: str) -> None:
    ask(label_studio, "there.jpg")
    with browser(label_studio) as session:
        answer = session.get("/data/local-files/", params={"d": path})
    assert answer.status_code >= 400
    assert label_studio.token.get_secret_value() not in answer.text


def test_whoever_adds_a_storage_of_his_own_still_cannot_read_the_credentials(
    label_studio: LabelStudioUnderTest,
) -> None:
    project = label_studio.project()
    for path in (label_studio.data_dir, label_studio.images_root.parent):
        row = {"project": project, "path": str(path), "use_blob_urls": True}
        refused = label_studio.request("POST", "/api/storages/localfiles/", json=row)
        assert refused.status_code == httpx.codes.BAD_REQUEST
    with browser(label_studio) as session:
        for path in ("label-studio/credentials.json", "../label-studio/credentials.json"):
            answer = session.get("/data/local-files/", params={"d": path})
            assert label_studio.token.get_secret_value() not in answer.text
