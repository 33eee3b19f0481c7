from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.answers import AnnotatedTask, Annotation, read_answers
from labelling.payloads import (
    Answer,
    AnswerKind,
    Candidate,
    Question,
    RejectedAnswer,
    answer_result,
    question_payload,
)
from recognition.vocabulary import AnswerReason, QuestionKind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUESTION = Question(
    key="q-1",
    kind=QuestionKind.WHICH_PRODUCT,
    images=("a" * 64,),
    sheet="ab/a.jpg",
    references=None,
    candidates=(Candidate("OAT-1", "Oat milk", 0.75), Candidate("new_product", "A soap with an odd SKU", 0.5)),
    prompt="Which product is this?",
    release_id="r-7",
)
GROUP = replace(QUESTION, kind=QuestionKind.ONE_PRODUCT, images=("a" * 64, "b" * 64))
KNOWN = {"OAT-1", "new_product", "Soap-9", "tea-1", "TEA-1"}


def task(result: Any, *, data: dict[str, Any] | None = None, skipped: bool = False) -> AnnotatedTask:
    annotation = Annotation(5, "ann@shop.example", NOON, skipped, result)
    return AnnotatedTask(3, NOON, question_payload(QUESTION)["data"] if data is None else data, (annotation,))


def read(result: Any, asked: Question = QUESTION) -> Answer | RejectedAnswer:
    (found,) = read_answers(task(result, data=question_payload(asked)["data"]), KNOWN)
    return found


def rejection(result: Any) -> AnswerReason:
    found = read(result)
    assert isinstance(found, RejectedAnswer)
    assert (found.annotation_id, found.task_id, found.question_key) == (5, 3, "q-1")
    assert found.detail
    assert len(found.detail) <= 300
    return found.reason


def choice(*values: Any) -> dict[str, Any]:
    return {"from_name": "answer", "to_name": "sheet", "type": "choices", "value": {"choices": list(values)}}


def text(field: str, *values: Any) -> dict[str, Any]:
    return {"from_name": field, "to_name": "sheet", "type": "textarea", "value": {"text": list(values)}}


@pytest.mark.parametrize("sku", ["OAT-1", "new_product", "Soap-9"])
def test_a_product_is_read_back_whether_it_was_offered_or_typed(sku: str) -> None:
    assert read(answer_result(QUESTION, AnswerKind.SKU, sku)) == Answer(
        "q-1", 5, 3, "ann@shop.example", NOON, AnswerKind.SKU, sku
    )


def test_a_new_product_comes_with_its_name() -> None:
    found = read(answer_result(QUESTION, AnswerKind.NEW_PRODUCT, product_name="  Rye\n crackers "))

    assert found == Answer("q-1", 5, 3, "ann@shop.example", NOON, AnswerKind.NEW_PRODUCT, product_name="Rye crackers")


@pytest.mark.parametrize("kind", [AnswerKind.NOT_A_PRODUCT, AnswerKind.BAD_PHOTO])
def test_an_answer_without_a_product_names_none(kind: AnswerKind) -> None:
    assert read(answer_result(QUESTION, kind)) == Answer("q-1", 5, 3, "ann@shop.example", NOON, kind)


def test_only_a_group_can_be_said_to_show_several_products() -> None:
    said = answer_result(GROUP, AnswerKind.SPLIT)

    assert read(said, GROUP) == Answer("q-1", 5, 3, "ann@shop.example", NOON, AnswerKind.SPLIT)
    assert rejection(said) is AnswerReason.UNKNOWN_CLASS


def test_a_group_that_is_split_and_named_at_once_is_set_aside() -> None:
    found = read([choice("answer:split", "sku:OAT-1")], GROUP)

    assert isinstance(found, RejectedAnswer)
    assert found.reason is AnswerReason.CONTRADICTORY


def test_a_skipped_question_is_neither_an_answer_nor_an_error() -> None:
    assert list(read_answers(task([choice("sku:OAT-1")], skipped=True), KNOWN)) == []


def test_a_sku_typed_in_other_case_is_found() -> None:
    found = read([choice("answer:other_sku"), text("other_sku", " soap-9 ")])

    assert isinstance(found, Answer)
    assert found.sku == "Soap-9"


def test_a_sku_whose_case_decides_between_two_products_must_be_exact() -> None:
    assert isinstance(read([choice("answer:other_sku"), text("other_sku", "TEA-1")]), Answer)
    assert rejection([choice("answer:other_sku"), text("other_sku", "Tea-1")]) is AnswerReason.UNKNOWN_CLASS


def test_a_text_left_over_from_a_second_thought_does_not_spoil_the_answer() -> None:
    found = read([choice("sku:OAT-1"), text("product_name", "Rye crackers")])

    assert isinstance(found, Answer)
    assert (found.kind, found.sku, found.product_name) == (AnswerKind.SKU, "OAT-1", None)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ([choice("sku:STRANGER")], AnswerReason.UNKNOWN_CLASS),
        ([choice("sku:Soap-9")], AnswerReason.UNKNOWN_CLASS),  # a product, but not one that this question offered
        ([choice("OAT-1")], AnswerReason.UNKNOWN_CLASS),
        ([choice("answer:other_sku"), text("other_sku", "STRANGER")], AnswerReason.UNKNOWN_CLASS),
        ([choice("answer:other_sku")], AnswerReason.MISSING_NAME),
        ([choice("answer:new_product")], AnswerReason.MISSING_NAME),
        ([choice("answer:new_product"), text("product_name", "  ")], AnswerReason.MISSING_NAME),
        ([choice("answer:new_product"), text("product_name", "\u200b\u0007")], AnswerReason.MISSING_NAME),
        ([choice("sku:OAT-1", "answer:bad_photo")], AnswerReason.CONTRADICTORY),
        ([choice("sku:OAT-1"), choice("answer:bad_photo")], AnswerReason.CONTRADICTORY),
        ([choice("answer:new_product"), text("product_name", "Tea", "Soap")], AnswerReason.CONTRADICTORY),
        ([], AnswerReason.MALFORMED),
        ([text("product_name", "Tea")], AnswerReason.MALFORMED),
        ([choice()], AnswerReason.MALFORMED),
        ([choice(7)], AnswerReason.MALFORMED),
        ([{"from_name": "boxes", "value": {"rectanglelabels": ["Tea"]}}], AnswerReason.MALFORMED),
        ([{"from_name": ["answer"], "value": {"choices": ["sku:OAT-1"]}}], AnswerReason.MALFORMED),
        ([{"from_name": "answer", "value": {"choices": {"sku:OAT-1": 1}}}], AnswerReason.MALFORMED),
        ([{"from_name": "answer", "value": "sku:OAT-1"}], AnswerReason.MALFORMED),
        (["x" * 5000], AnswerReason.MALFORMED),
        ({"choices": ["sku:OAT-1"]}, AnswerReason.MALFORMED),
        (None, AnswerReason.MALFORMED),
        (7, AnswerReason.MALFORMED),
    ],
)
def test_an_annotation_that_cannot_be_meant_is_set_aside_with_its_reason(result: Any, reason: AnswerReason) -> None:
    assert rejection(result) is reason


def test_an_answer_to_a_task_of_somebody_else_is_set_aside() -> None:
    (found,) = read_answers(task([choice("sku:OAT-1")], data={"image": "x.jpg"}), KNOWN)

    assert isinstance(found, RejectedAnswer)
    assert (found.reason, found.question_key) == (AnswerReason.UNKNOWN_TASK, None)


def found_in_search(*paths: list[str]) -> dict[str, Any]:
    return {"from_name": "catalogue_sku", "value": {"taxonomy": list(paths)}}


def strays(*photos: str) -> dict[str, Any]:
    return {"from_name": "strays", "value": {"choices": [f"photo:{sha256}" for sha256 in photos]}}


def test_a_product_found_by_the_search_is_named_by_the_end_of_its_path() -> None:
    found = read([choice("answer:other_sku"), found_in_search(["Drinks", "TEA-1"])])

    assert isinstance(found, Answer)
    assert found.sku == "TEA-1"
    two = [choice("answer:other_sku"), found_in_search(["TEA-1"], ["Soap-9"])]
    assert rejection(two) is AnswerReason.CONTRADICTORY
    assert rejection([choice("answer:other_sku"), found_in_search(["GONE"])]) is AnswerReason.UNKNOWN_CLASS


def test_photos_that_do_not_belong_are_left_out_of_the_answer_and_strangers_spoil_it() -> None:
    first, *rest = GROUP.images
    found = read([choice("sku:OAT-1"), strays(first)], GROUP)

    assert isinstance(found, Answer)
    assert (found.sku, found.strays) == ("OAT-1", (first,))
    split = read([choice("answer:split"), strays(first)], GROUP)
    assert isinstance(split, Answer)
    assert split.strays == ()
    for wrong, reason in [(["0" * 64], AnswerReason.UNKNOWN_CLASS), ([first, *rest], AnswerReason.CONTRADICTORY)]:
        spoilt = read([choice("sku:OAT-1"), strays(*wrong)], GROUP)
        assert isinstance(spoilt, RejectedAnswer)
        assert spoilt.reason is reason


def test_several_products_is_said_of_one_photo_and_not_of_a_group() -> None:
    found = read([choice("answer:several_products")])

    assert isinstance(found, Answer)
    assert found.kind is AnswerKind.SEVERAL_PRODUCTS
    assert isinstance(read([choice("answer:several_products")], GROUP), RejectedAnswer)


def test_a_new_product_keeps_its_brand_and_a_barcode_that_is_right() -> None:
    new = [choice("answer:new_product"), text("product_name", "Rye crackers"), text("product_brand", "Fjella")]
    found = read([*new, text("product_gtin", "4006381 333931")])

    assert isinstance(found, Answer)
    assert (found.brand, found.gtin) == ("Fjella", "04006381333931")


def test_a_wrong_barcode_is_set_aside_and_the_name_beside_it_is_kept() -> None:
    new = [choice("answer:new_product"), text("product_name", "Rye crackers"), text("product_gtin", "4006381333932")]
    refused, kept = read_answers(task(new), KNOWN)

    assert isinstance(refused, RejectedAnswer)
    assert "check digit" in refused.detail
    assert isinstance(kept, Answer)
    assert (kept.product_name, kept.gtin) == ("Rye crackers", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["from_name", "value", "choices", "text"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_no_json_that_an_api_accepts_stops_a_pull(result: Any) -> None:
    (found,) = read_answers(task(result), KNOWN)

    assert isinstance(found, RejectedAnswer)


@given(
    st.sampled_from(sorted(set(AnswerKind) - {AnswerKind.SEVERAL_PRODUCTS})),
    st.sampled_from(sorted(KNOWN)),
    st.text(st.characters(categories=["L", "N"]), min_size=1),
)
def test_whatever_is_said_is_what_is_read(kind: AnswerKind, sku: str, name: str) -> None:
    found = read(answer_result(GROUP, kind, sku, name), GROUP)

    assert isinstance(found, Answer)
    assert found.kind is kind
    assert found.sku == (sku if kind is AnswerKind.SKU else None)
    assert found.product_name == (name[:200] if kind is AnswerKind.NEW_PRODUCT else None)
