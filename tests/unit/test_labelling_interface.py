"""What the annotator sees, as far as a parser can tell; the look itself is checked by eye."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from labelling.interface import labelling_config
from labelling.payloads import (
    CANDIDATE_KEYS,
    NAME_FIELD,
    SKU_FIELD,
    AnswerKind,
    Candidate,
    FixedChoice,
    Question,
    answer_result,
)
from labelling.payloads import question_payload as payload_of
from recognition.vocabulary import QuestionKind

QUESTION = Question(
    key="q1",
    kind=QuestionKind.WHICH_PRODUCT,
    images=("a" * 64,),
    sheet="ab/photo.jpg",
    references="sheets/q1.jpg",
    candidates=tuple(Candidate(f"SKU-{n}", f"Product {n}", 0.5) for n in range(1, 6)),
    prompt="Which product is this?",
    release_id="r1",
)


@pytest.fixture
def config() -> ET.Element:
    return ET.fromstring(labelling_config("http://127.0.0.1:8080"))  # noqa: S314 - our own constant


def test_every_variable_of_the_interface_is_in_every_task(config: ET.Element) -> None:
    wanted = {value[1:] for tag in config.iter() for value in tag.attrib.values() if value.startswith("$")}
    assert wanted <= payload_of(QUESTION)["data"].keys()


def test_a_title_with_tags_in_it_is_never_shown_as_html(config: ET.Element) -> None:
    assert not {tag.tag for tag in config.iter()} & {"HyperText", "Text", "Paragraphs", "Markdown", "ReactCode"}
    assert not [tag for tag in config.iter() if "html" in tag.attrib]
    for choice in payload_of(QUESTION)["data"]["choices"]:
        assert "html" not in choice


def test_no_two_answers_share_a_key(config: ET.Element) -> None:
    keys = [choice.attrib["hotkey"] for choice in config.iter("Choice")] + list(CANDIDATE_KEYS)
    offered = payload_of(replace(QUESTION, kind=QuestionKind.ONE_PRODUCT))["data"]["choices"]
    keys += [choice["hotkey"] for choice in offered[len(CANDIDATE_KEYS) :]]
    assert sorted(keys) == sorted("1234567890")


def test_no_letter_is_a_key_so_a_name_that_is_typed_past_its_field_answers_nothing(config: ET.Element) -> None:
    assert not [choice for choice in config.iter("Choice") if choice.attrib["hotkey"].isalpha()]
    group = payload_of(replace(QUESTION, kind=QuestionKind.ONE_PRODUCT, images=("a" * 64, "b" * 64)))["data"]
    assert not [choice for choice in group["choices"] + group["photos"] if choice["hotkey"].isalpha()]


def test_every_fixed_answer_can_be_given(config: ET.Element) -> None:
    assert {choice.attrib["alias"] for choice in config.iter("Choice")} == {str(choice) for choice in FixedChoice}


@pytest.mark.parametrize(
    ("kind", "sku", "name"),
    [
        (AnswerKind.SKU, "SKU-2", None),
        (AnswerKind.SKU, "SKU-99", None),
        (AnswerKind.NEW_PRODUCT, None, "Soap"),
        (AnswerKind.NOT_A_PRODUCT, None, None),
        (AnswerKind.BAD_PHOTO, None, None),
        (AnswerKind.SEVERAL_PRODUCTS, None, None),
    ],
)
def test_an_answer_written_by_a_program_names_the_controls_that_people_use(
    config: ET.Element, kind: AnswerKind, sku: str | None, name: str | None
) -> None:
    controls = {tag.attrib["name"]: tag for tag in config.iter() if "toName" in tag.attrib}
    for part in answer_result(QUESTION, kind, sku, name):
        control = controls[part["from_name"]]
        assert part["type"] == control.tag.lower()
        assert part["to_name"] == control.attrib["toName"]


def test_a_field_that_is_asked_for_appears_only_after_the_answer_that_needs_it(config: ET.Element) -> None:
    parents = {child: parent for parent in config.iter() for child in parent}
    required = [tag for tag in config.iter() if tag.tag in {"TextArea", "Taxonomy"} and "required" in tag.attrib]
    assert {tag.attrib["name"] for tag in required} == {NAME_FIELD, SKU_FIELD}
    for field in required:
        above = [parents[field], parents[parents[field]]]
        (shown_when,) = [view.attrib for view in above if "visibleWhen" in view.attrib]
        assert shown_when["visibleWhen"] == "choice-selected"
        assert shown_when["whenChoiceValue"] in {FixedChoice.NEW_PRODUCT, FixedChoice.OTHER_SKU}


def test_answers_typed_before_there_was_a_search_keep_their_control(config: ET.Element) -> None:
    # Label Studio refuses an interface without a control that stored annotations name.
    (old,) = [tag for tag in config.iter("TextArea") if tag.attrib["name"] == "other_sku"]
    assert old.attrib["toName"] == "sheet"


def test_the_style_places_as_many_fixed_answers_as_there_are(config: ET.Element) -> None:
    style = config.findtext("Style") or ""
    placed = [int(number) for number in re.findall(r"nth-child\((\d+)\) { grid-column", style)]
    assert placed == list(range(1, len(FixedChoice) + 1))
    assert f"nth-child(-n+{len(FixedChoice)})" in style


def test_the_search_loads_its_list_from_where_the_page_came_from() -> None:
    config = ET.fromstring(labelling_config("http://label.example:8081/"))  # noqa: S314 - our own constant
    (search,) = config.iter("Taxonomy")
    assert search.attrib["apiUrl"].startswith("http://label.example:8081/data/local-files/?d=images/")


def test_every_photo_of_a_group_can_be_left_out_by_a_capital_letter_and_a_single_photo_cannot() -> None:
    group = replace(QUESTION, kind=QuestionKind.ONE_PRODUCT, images=("a" * 64, "b" * 64))
    photos = payload_of(group)["data"]["photos"]
    assert [(photo["value"], photo["hotkey"]) for photo in photos] == [("A", "shift+a"), ("B", "shift+b")]
    assert payload_of(QUESTION)["data"]["photos"] == []


def test_the_best_guess_goes_along_as_a_prediction_of_its_release() -> None:
    (prediction,) = payload_of(QUESTION)["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("r1", 0.5)
    assert payload_of(replace(QUESTION, candidates=()))["predictions"] == []
