"""Questions answered in a real browser by the keyboard alone, on a real Label Studio."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelling.client import LabelStudioClient
from labelling.payloads import AnswerKind, Candidate, Question
from labelling.sync import PullResult, pull, push
from recognition.vocabulary import QuestionKind
from tests.conftest import LabelStudioUnderTest
from tests.support.browser import CTRL, Browser, chromium

pytestmark = pytest.mark.slow

FOCUSED = "document.activeElement.name || document.activeElement.tagName"
CHOSEN = "[...document.querySelectorAll('.ant-checkbox-wrapper-checked')].map(choice => choice.innerText)"
SUBMIT_IS = "getComputedStyle(document.querySelector('button[aria-label=\"Submit current annotation\"]')).visibility"


@pytest.fixture(scope="module")
def browser(label_studio: LabelStudioUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that is logged in."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no chromium on this machine")
    with chromium(executable, tmp_path_factory.mktemp("browser")) as started:
        started.open(f"{label_studio.url}/user/login/")
        started.wait("document.querySelector('input[name=password]')")
        password = label_studio.info.password.get_secret_value()
        for field, value in {"email": label_studio.info.username, "password": password}.items():
            started.js(f"document.querySelector('input[name={field}]').value = {json.dumps(value)}; 0")
        started.js("document.querySelector('form').submit()")
        started.wait("!location.pathname.startsWith('/user') && document.readyState === 'complete'")
        yield started


def question(key: str, photos: int = 1) -> Question:
    return Question(
        key=key,
        kind=QuestionKind.ONE_PRODUCT if photos > 1 else QuestionKind.WHICH_PRODUCT,
        images=tuple(f"{place:064}" for place in range(photos)),
        sheet="ab/photo.jpg",
        references="ab/photo.jpg",
        candidates=tuple(Candidate(f"SKU-{place}", f"Product {place}", 0.5) for place in range(1, 6)),
        prompt=f"Which product is {key}?",
        release_id="r-1",
    )


def begin(browser: Browser, site: LabelStudioUnderTest, project: int, key: str) -> None:
    browser.open(f"{site.url}/projects/{project}/data?labeling=1")
    wait_for_question(browser, key)


def wait_for_question(browser: Browser, key: str) -> None:
    browser.wait(f"document.body.innerText.includes('Which product is {key}?')")
    browser.wait(f"document.querySelectorAll('.skuloop .lsf-choice').length > 4 && !({CHOSEN}).length")
    browser.wait("[...document.querySelectorAll('.skuloop img')].every(picture => picture.naturalWidth > 0)")


def send(browser: Browser, key: str | None) -> None:
    """Send the answer and wait for the next question; None where it was the last."""
    browser.press("Enter", CTRL)
    if key is None:
        browser.wait("!document.querySelector('.skuloop')")
    else:
        wait_for_question(browser, key)


def pulled(client: LabelStudioClient, project: int, skus: set[str], answers: int) -> PullResult:
    """What the server has of so many answers: the page goes on before the last one is saved."""
    end = time.monotonic() + 30
    while len((found := pull(client, project, None, skus)).answers) < answers and time.monotonic() < end:
        time.sleep(0.2)
    return found


def test_a_name_is_typed_without_the_mouse_and_letters_typed_before_tab_answer_nothing(
    label_studio: LabelStudioUnderTest, browser: Browser, tmp_path: Path
) -> None:
    project, client = label_studio.project(), label_studio.client()
    push(client, project, [question("one"), question("two"), question("three")])
    begin(browser, label_studio, project, "one")

    browser.press("6")
    browser.wait(f"{SUBMIT_IS} === 'hidden'")
    browser.type("abcdefghijklmnopqrstuvwxyz")
    assert browser.js(CHOSEN) == ["New product[6]"]
    browser.press("Tab")
    assert browser.js(FOCUSED) == "product_name"
    browser.wait(f"{SUBMIT_IS} === 'visible'")  # it fades in
    browser.type("box n 12345")
    browser.picture(tmp_path / "name.png")
    browser.press("Enter")
    browser.wait("document.querySelector('[data-testid=textarea-regions]')")
    assert browser.js(CHOSEN) == ["New product[6]"]
    send(browser, "two")

    browser.press("7")  # nothing is reloaded between two questions: Tab must lead there all the same
    browser.press("Tab")
    assert browser.js(FOCUSED) == "other_sku"
    browser.type("tea-3")
    browser.press("Enter")
    browser.wait("document.querySelector('[data-testid=textarea-regions]')")
    send(browser, "three")
    browser.press("8")
    browser.wait(f"({CHOSEN}).length === 1")
    send(browser, None)

    found = pulled(client, project, {"TEA-3"}, answers=3)
    assert [(answer.kind, answer.sku, answer.product_name) for answer in found.answers] == [
        (AnswerKind.NEW_PRODUCT, None, "box n 12345"),
        (AnswerKind.SKU, "TEA-3", None),
        (AnswerKind.NOT_A_PRODUCT, None, None),
    ]


def test_every_answer_that_needs_no_name_is_one_key(label_studio: LabelStudioUnderTest, browser: Browser) -> None:
    project, client = label_studio.project(), label_studio.client()
    keys = ["1", "5", "8", "9", "0"]
    push(client, project, [question(f"q{key}", photos=2 if key == "0" else 1) for key in keys])
    begin(browser, label_studio, project, "q1")

    for key, following in zip(keys, [*keys[1:], None], strict=True):
        browser.press(key)
        browser.wait(f"({CHOSEN}).length === 1")
        send(browser, following and f"q{following}")

    found = pulled(client, project, set(), answers=len(keys))
    said = [(answer.question_key, answer.kind, answer.sku) for answer in found.answers]
    assert said == [
        ("q1", AnswerKind.SKU, "SKU-1"),
        ("q5", AnswerKind.SKU, "SKU-5"),
        ("q8", AnswerKind.NOT_A_PRODUCT, None),
        ("q9", AnswerKind.BAD_PHOTO, None),
        ("q0", AnswerKind.SPLIT, None),
    ]
