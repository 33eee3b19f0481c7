"""Hints of a webhook: who may give them, how many pulls come of them, and that a real Label Studio gives them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from labelling.credentials import shared_secret
from labelling.errors import HintError, LabelStudioRefusedError
from labelling.hints import SECRET_HEADER, Gatherer, HintReceiver, Started, Webhook
from labelling.payloads import AnswerKind, Candidate, Question, answer_result
from labelling.sync import pull, push
from recognition.vocabulary import QuestionKind
from serving.http.listening import listening
from skuloop.commands.webhook import hint_server
from tests.conftest import LabelStudioUnderTest
from tests.support.commands import wait_for

SECRET = SecretStr("open sesame")
HEADERS = {SECRET_HEADER: SECRET.get_secret_value()}


@contextmanager
def receiver(on_hint) -> Iterator[str]:
    """The address of a receiver in a thread of this process."""
    with listening("127.0.0.1", 0, "take another") as listener:
        server = hint_server(HintReceiver(SECRET, on_hint))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_for(lambda: server.started, 30)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def running(gatherer: Gatherer) -> Iterator[None]:
    thread = threading.Thread(target=gatherer.run)
    thread.start()
    try:
        yield
    finally:
        gatherer.stop()
        thread.join()


def post(url: str, **request) -> int:
    return httpx.post(url, trust_env=False, timeout=30, **request).status_code


def test_only_whoever_knows_the_secret_gives_a_hint_and_nothing_large_is_read(caplog: pytest.LogCaptureFixture) -> None:
    hints: list[int] = []
    with receiver(lambda: hints.append(1)) as url:
        assert post(url, headers={SECRET_HEADER: "open"}) == 403
        assert post(url, headers={SECRET_HEADER: "öffne".encode()}) == 403
        assert post(url, json={"action": "ANNOTATION_CREATED"}) == 403
        assert httpx.get(url, headers=HEADERS, trust_env=False).status_code == 405
        assert post(url, headers=HEADERS, content=b"x" * (64 * 1024 + 1)) == 413
        assert post(url, headers=HEADERS, content=iter([b"x" * 40_000] * 2)) == 413, "its length was not said before"
        assert not hints
        assert post(url, headers=HEADERS, content=b"{ what is said is not read") == 204
        assert post(url, headers=HEADERS, content=iter([b"x" * 40_000])) == 204
    assert len(hints) == 2
    assert SECRET.get_secret_value() not in caplog.text


def test_a_hundred_hints_are_one_pull_and_a_hint_during_a_pull_is_another() -> None:
    begun, go_on, pulls = threading.Event(), threading.Event(), []

    def start() -> Started:
        pulls.append(time.monotonic())
        begun.set()
        assert go_on.wait(30)
        return Started.NOW

    gatherer = Gatherer(start, seconds=0.2)
    with running(gatherer), receiver(gatherer.hint) as url:
        for _ in range(100):
            assert post(url, headers=HEADERS) == 204
            if len(pulls) == 1:
                break  # a slow machine: the hints so far were one pull
        assert begun.wait(30)
        time.sleep(0.4)
        assert len(pulls) == 1
        gatherer.hint()
        go_on.set()
        wait_for(lambda: len(pulls) == 2, 30)
        time.sleep(0.5)
    assert len(pulls) == 2


def test_a_hint_waits_for_a_pull_at_work_and_for_a_prefect_that_is_away_and_is_not_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = iter([Started.BUSY, HintError("away"), HintError("away"), Started.NOW])
    tries: list[str] = []

    def start() -> Started:
        outcome = next(said)
        tries.append(str(outcome))
        if isinstance(outcome, HintError):
            raise outcome
        return outcome

    gatherer = Gatherer(start, seconds=0.05, again=0.05)
    with running(gatherer):
        gatherer.hint()
        wait_for(lambda: len(tries) == 4, 30)
    assert [record.getMessage() for record in caplog.records] == ["a hint waits: away"], "told once, not at each try"


def test_the_secret_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    made = shared_secret(tmp_path / "store" / "hint-secret")
    assert len(made.get_secret_value()) > 30
    assert shared_secret(tmp_path / "store" / "hint-secret") == made
    assert (tmp_path / "store" / "hint-secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["hint-secret"]


def question(key: str) -> Question:
    tea, kind = Candidate("tea", "Tea", 0.5), QuestionKind.WHICH_PRODUCT
    return Question(key, kind, ("a" * 64,), "ab/photo.jpg", None, (tea,), "?", "r1")


def hooks(site: LabelStudioUnderTest, project: int) -> list[dict]:
    found: list[dict] = site.request("GET", f"/api/webhooks/?project={project}").json()
    return found


@pytest.mark.slow
def test_an_answer_in_label_studio_makes_the_pull_happen(label_studio: LabelStudioUnderTest) -> None:
    project, client = label_studio.project(), label_studio.client()
    tasks = push(client, project, [question("one"), question("two")])
    pulled: list[str] = []

    def start() -> Started:
        pulled.extend(answer.question_key for answer in pull(client, project, None, ()).answers)
        return Started.NOW

    gatherer = Gatherer(start, seconds=0.5)
    with running(gatherer), receiver(gatherer.hint) as url:
        client.ensure_webhook(project, Webhook(url, SECRET))
        time.sleep(1.0)
        assert not pulled, "nobody has answered"
        client.submit_annotation(tasks["two"], answer_result(question("two"), AnswerKind.SKU, "tea"), "1" * 32, 3.0)
        wait_for(lambda: pulled, 30)
    assert pulled == ["two"]
    # The receiver is gone, as after a power cut: people can answer all the same, and the next poll has it.
    client.submit_annotation(tasks["one"], answer_result(question("one"), AnswerKind.BAD_PHOTO), "2" * 32, 3.0)
    assert len(pull(client, project, None, ()).answers) == 2


@pytest.mark.slow
def test_a_webhook_is_registered_once_follows_the_settings_and_goes_with_them(
    label_studio: LabelStudioUnderTest,
) -> None:
    project, client = label_studio.project(), label_studio.client()
    theirs = {"url": "http://127.0.0.1:9/theirs", "project": project, "headers": {}, "send_for_all_actions": True}
    label_studio.request("POST", "/api/webhooks/", json=theirs).raise_for_status()

    client.ensure_webhook(project, Webhook("http://127.0.0.1:9/", SECRET))
    client.ensure_webhook(project, Webhook("http://127.0.0.1:9/", SECRET))
    ours = [hook for hook in hooks(label_studio, project) if hook["headers"]]
    assert [(hook["url"], hook["headers"], hook["send_payload"]) for hook in ours] == [
        ("http://127.0.0.1:9/", HEADERS, False)
    ]
    client.ensure_webhook(project, Webhook("http://127.0.0.1:9/elsewhere", SecretStr("another")))
    ours = [hook for hook in hooks(label_studio, project) if hook["headers"]]
    assert [(hook["url"], hook["headers"]) for hook in ours] == [
        ("http://127.0.0.1:9/elsewhere", {SECRET_HEADER: "another"})
    ]
    client.ensure_webhook(project, None)
    assert [hook["url"] for hook in hooks(label_studio, project)] == [theirs["url"]], "it is not ours to remove"


@pytest.mark.slow
@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "127.0.0.2", "[::1]"])
def test_for_the_sake_of_hints_label_studio_calls_no_other_address_of_its_networks(
    label_studio: LabelStudioUnderTest, host: str
) -> None:
    with pytest.raises(LabelStudioRefusedError) as caught:
        label_studio.client().ensure_webhook(label_studio.project(), Webhook(f"http://{host}:9/", SECRET))
    assert SECRET.get_secret_value() not in str(caught.value)
