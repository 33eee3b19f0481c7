"""Questions answered in a real browser by the keyboard alone, on a real Label Studio."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from labelling.client import LabelStudioClient
from labelling.payloads import AnswerKind, Candidate, Question
from labelling.sync import PullResult, pull, push, refresh
from recognition.vocabulary import LabelOrigin, QuestionKind
from tasks.question_pictures import write_catalogue
from tests.conftest import LabelStudioUnderTest
from tests.support.browser import CTRL, SHIFT, Browser, chromium
from tests.support.earlier_interface import EARLIER_CONFIG, earlier_task, earlier_typed_sku
from tests.support.question_photos import HOSTILE, draw_questions
from warehouse.products import ProductRow

pytestmark = pytest.mark.slow

FOCUSED = "document.activeElement.name || document.activeElement.tagName"
FOUND = "[...document.querySelectorAll('.htx-taxonomy-dropdown .ant-select-tree-title')].map(found => found.innerText)"
CHOSEN = (
    "[...document.querySelectorAll('.skuloop-choices .ant-checkbox-wrapper-checked')].map(choice => choice.innerText)"
)
PRODUCTS = [
    ProductRow(sku, title, "Tamiko", None, None, None, None, "shop", LabelOrigin.CATALOGUE, "r", datetime.now(UTC))
    for sku, title in [("TEA-1", "Green tea"), ("TEA-2", "Black tea"), ("TEA-3", "Mint tea")]
]
SUBMIT_IS = "getComputedStyle(document.querySelector('button[aria-label=\"Submit current annotation\"]')).visibility"


LOWEST_CHOICE = (
    "Math.max(...[...document.querySelectorAll('.skuloop .lsf-choice')].map(one => one.getBoundingClientRect().bottom))"
)
FOOT = "document.querySelector('button[aria-label=\"skip-task\"], .lsf-bottombar').getBoundingClientRect().top"


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


def find(browser: Browser, text: str) -> None:
    """Choose the first product that the search finds, without the mouse."""
    browser.press("7")
    browser.wait(f"{SUBMIT_IS} === 'hidden'")
    browser.press("Tab")
    browser.press("Enter")
    browser.wait("document.activeElement.name === 'taxonomy-search-input'")
    browser.type(text)
    browser.wait(f"({FOUND}).length && ({FOUND}).every(found => found.toLowerCase().includes({json.dumps(text)}))")
    browser.press("ArrowDown")
    browser.press("Enter")
    browser.wait("document.querySelector('.htx-taxonomy .ant-select-selection-item')")
    browser.press("Escape")
    browser.wait("document.activeElement.name !== 'taxonomy-search-input'")  # it fades out


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
    write_catalogue(label_studio.images_root, PRODUCTS)
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

    find(browser, "mint te")  # nothing is reloaded between two questions: Tab must lead there all the same
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
    keys = ["1", "5", "8", "9", "00", "0"]
    push(client, project, [question(f"q{key}", photos=2 if key == "00" else 1) for key in keys])
    begin(browser, label_studio, project, "q1")

    for key, following in zip(keys, [*keys[1:], None], strict=True):
        browser.press(key[0])
        browser.wait(f"({CHOSEN}).length === 1")
        send(browser, following and f"q{following}")

    found = pulled(client, project, set(), answers=len(keys))
    said = [(answer.question_key, answer.kind, answer.sku) for answer in found.answers]
    assert said == [
        ("q1", AnswerKind.SKU, "SKU-1"),
        ("q5", AnswerKind.SKU, "SKU-5"),
        ("q8", AnswerKind.NOT_A_PRODUCT, None),
        ("q9", AnswerKind.BAD_PHOTO, None),
        ("q00", AnswerKind.SPLIT, None),
        ("q0", AnswerKind.SEVERAL_PRODUCTS, None),
    ]


def test_a_project_of_an_earlier_skuloop_takes_todays_interface_and_its_open_questions_stay_answerable(
    label_studio: LabelStudioUnderTest, browser: Browser, tmp_path: Path
) -> None:
    title, client = f"earlier {uuid4()}", label_studio.client()
    made = label_studio.request("POST", "/api/projects/", json={"title": title, "label_config": EARLIER_CONFIG})
    project = int(made.raise_for_status().json()["id"])
    earlier = [question("answered"), question("one"), question("group", photos=3)]
    client.import_tasks(project, [earlier_task(one) for one in earlier])
    client.submit_annotation(
        client.task_ids_by_key(project)["answered"], earlier_typed_sku("TEA-1"), str(uuid4()), lead_time=4.0
    )

    assert label_studio.project(title) == project, "Label Studio refuses no interface for the sake of earlier tasks"
    assert label_studio.project(title) == project
    push(client, project, [*earlier, question("todays", photos=2)])
    assert len(client.task_ids_by_key(project)) == 4
    assert refresh(client, project) == 0, "what was brought to today's interface is left alone"

    begin(browser, label_studio, project, "one")
    browser.picture(tmp_path / "one.png")
    browser.press("1")
    browser.wait(f"({CHOSEN}).length === 1")
    send(browser, "group")
    browser.press("B", SHIFT)
    browser.wait("document.querySelector('.skuloop-strays .ant-checkbox-wrapper-checked')", 10)
    browser.press("5")
    browser.wait(f"({CHOSEN}).length === 1")
    send(browser, "todays")
    browser.press("0")
    browser.wait(f"({CHOSEN}).length === 1")
    send(browser, None)

    found = {answer.question_key: answer for answer in pulled(client, project, {"TEA-1"}, answers=4).answers}
    assert [(key, found[key].kind, found[key].sku) for key in ("answered", "one", "group", "todays")] == [
        ("answered", AnswerKind.SKU, "TEA-1"),
        ("one", AnswerKind.SKU, "SKU-1"),
        ("group", AnswerKind.SKU, "SKU-5"),
        ("todays", AnswerKind.SPLIT, None),
    ]
    assert found["group"].strays == (earlier[2].images[1],)


def wait_for_sheet(browser: Browser, prompt: str) -> None:
    browser.wait(f"document.body.innerText.includes({json.dumps(prompt)})")
    browser.wait(f"document.querySelectorAll('.skuloop .lsf-choice').length > 4 && !({CHOSEN}).length")
    browser.wait("document.querySelectorAll('.skuloop img').length > 1")
    browser.wait("[...document.querySelectorAll('.skuloop img')].every(picture => picture.naturalWidth > 0)")


def test_a_question_of_each_kind_fits_a_laptop_is_answered_by_keys_and_runs_no_script_of_a_title(
    label_studio: LabelStudioUnderTest, browser: Browser, tmp_path: Path
) -> None:
    """What is seen is kept below SKULOOP_SCREENSHOTS, if that is set: the guide shows it."""
    shots = Path(os.environ.get("SKULOOP_SCREENSHOTS", tmp_path))
    project, client = label_studio.project(), label_studio.client()
    write_catalogue(label_studio.images_root, PRODUCTS)
    asked = draw_questions(label_studio.images_root)
    for one in asked.values():
        push(client, project, [one])
    keys = {"which": "1", "group": "6", "right": "2", "unseen": "9"}

    browser.open(f"{label_studio.url}/projects/{project}/data?labeling=1")
    for key, one in asked.items():
        wait_for_sheet(browser, one.prompt)
        lowest = browser.js(LOWEST_CHOICE)
        assert lowest <= browser.js(FOOT), "an answer is below the fold"
        if key == "group":
            browser.press("C", SHIFT)
            browser.press("H", SHIFT)
        if key == "unseen":
            find(browser, "mint")
        browser.press(keys[key])
        browser.wait(f"({CHOSEN}).length === 1")
        if key == "group":
            browser.wait(f"{SUBMIT_IS} === 'hidden'")  # nobody is as quick as a test: the name's field has to be there
            browser.press("Tab")
            assert browser.js(FOCUSED) == "product_name"
            browser.type("Haverly Granola Fig 450 g")
        browser.picture(shots / f"{key}.png")
        if key == "group":
            browser.press("Enter")
            browser.wait("document.querySelector('[data-testid=textarea-regions]')")
        if key == "which":
            assert HOSTILE[:40] in browser.js("document.querySelector('.skuloop-choices').innerText")
        browser.press("Enter", CTRL)
    browser.wait("!document.querySelector('.skuloop')")

    assert browser.js("typeof window.ran") == "undefined"
    said = {answer.question_key: answer for answer in pulled(client, project, {"TEA-3"}, answers=4).answers}
    assert (said["which"].kind, said["which"].sku) == (AnswerKind.SKU, asked["which"].candidates[0].sku)
    assert (said["group"].product_name, said["group"].strays) == (
        "Haverly Granola Fig 450 g",
        (asked["group"].images[2], asked["group"].images[7]),
    )
    assert said["right"].sku == asked["right"].candidates[1].sku
    assert said["unseen"].kind is AnswerKind.BAD_PHOTO, "the last key counts, whatever was searched before"
