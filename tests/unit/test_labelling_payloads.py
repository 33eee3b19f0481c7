import base64
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.interface import labelling_config
from labelling.payloads import (
    Candidate,
    FixedChoice,
    Question,
    candidate_choice,
    new_sku,
    picture_url,
    question_of,
    question_payload,
)
from recognition.vocabulary import QuestionKind

QUESTION = Question(
    key="q-1",
    kind=QuestionKind.ONE_PRODUCT,
    images=("a" * 64, "b" * 64),
    sheet="sheets/q-1.jpg",
    references="sheets/q-1-candidates.jpg",
    candidates=(Candidate("OAT-1", "Oat milk 1 l", 0.75), Candidate("OAT-2", "Oat milk 1 l", 0.5)),
    prompt="Which product do they show?",
    release_id="r-7",
)


def test_a_question_survives_the_journey_into_a_task_and_back() -> None:
    stored = json.loads(json.dumps(question_payload(QUESTION)))["data"]

    assert question_of(stored) == QUESTION


def test_two_products_of_one_title_stay_two_choices() -> None:
    choices = question_payload(QUESTION)["data"]["choices"][:2]

    assert [choice["value"] for choice in choices] == ["1. Oat milk 1 l", "2. Oat milk 1 l"]
    assert [choice["alias"] for choice in choices] == ["sku:OAT-1", "sku:OAT-2"]
    assert [choice["hotkey"] for choice in choices] == ["1", "2"]


def test_a_product_whose_sku_is_the_name_of_a_fixed_answer_is_not_mistaken_for_it() -> None:
    assert not {candidate_choice(choice) for choice in FixedChoice} & set(FixedChoice)


def test_a_sixth_candidate_has_no_key_but_can_be_clicked() -> None:
    many = tuple(Candidate(f"S{place}", "Soap", 0.1) for place in range(6))

    choices = question_payload(
        Question("q", QuestionKind.WHICH_PRODUCT, ("a" * 64,), "ab/x.jpg", None, many, "Which?", "r")
    )["data"]["choices"]

    assert [choice.get("hotkey") for choice in choices] == ["1", "2", "3", "4", "5", None, "0"]


def test_a_question_that_resembles_nothing_shows_a_picture_that_says_so() -> None:
    references = question_payload(replace(QUESTION, references=None, candidates=()))["data"]["references"]

    assert b"No product" in base64.b64decode(references.removeprefix("data:image/svg+xml;base64,"))


@pytest.mark.parametrize("damage", [{"question": None}, {"question": {"key": "q-1"}}, {"question_key": "another"}])
def test_a_task_that_somebody_changed_is_no_question_of_ours(damage: dict[str, object]) -> None:
    assert question_of(question_payload(QUESTION)["data"] | damage) is None


def test_a_task_that_somebody_else_imported_is_no_question_of_ours() -> None:
    assert question_of({"image": "https://shop.example/x.jpg"}) is None


def test_a_file_name_with_blanks_and_signs_is_still_one_address() -> None:
    assert picture_url("in box/a&b#1.jpg") == "/data/local-files/?d=images/in%20box/a%26b%231.jpg"


@pytest.mark.parametrize("name", ["Oat Milk 1 l", "  oat   milk 1 L ", "OAT MILK, 1 l!"])
def test_one_name_typed_in_three_ways_is_one_product(name: str) -> None:
    assert new_sku(name) == "new-oat-milk-1-l"


@pytest.mark.parametrize(("one", "other"), [("牛奶", "豆浆"), ("Käse", "Kase"), ("!!!", "???"), ("a" * 90, "a" * 91)])
def test_names_that_differ_do_not_become_one_product(one: str, other: str) -> None:
    assert new_sku(one) != new_sku(other)


@given(st.text(min_size=1))
def test_the_sku_of_any_name_is_short_and_safe_as_a_file_name(name: str) -> None:
    sku = new_sku(name)

    assert sku == new_sku(name)
    assert sku.startswith("new-")
    assert not sku.endswith("-")
    assert len(sku) <= 64
    assert Path(sku).name == sku


def test_the_interface_offers_every_fixed_answer_by_a_key_of_its_own() -> None:
    choices = ET.fromstring(labelling_config("http://127.0.0.1:8080")).iter("Choice")  # noqa: S314 - our own text
    keys = {choice.get("alias"): choice.get("hotkey") for choice in choices}

    assert set(keys) == set(FixedChoice)
    assert None not in keys.values()
    assert len(set(keys.values())) == len(keys)
    assert not set(keys.values()) & set("12345")


def test_no_text_of_a_shop_is_shown_as_html() -> None:
    tags = {element.tag for element in ET.fromstring(labelling_config("http://127.0.0.1:8080")).iter()}  # noqa: S314 - our own text

    assert not tags & {"HyperText", "Paragraphs", "ReactCode"}
    assert all("html" not in choice for choice in question_payload(QUESTION)["data"]["choices"])
