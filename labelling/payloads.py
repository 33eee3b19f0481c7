"""What a question looks like as a Label Studio task. Pure: no server, no clock, no files.

The task carries everything that is needed to read its answers back, so a pull asks nobody else.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from recognition.vocabulary import AnswerReason, QuestionKind

KEY_FIELD = "question_key"
IMAGES_FOLDER = "images"  # name of the images root; Label Studio serves it as /data/local-files/?d=images/...
CANDIDATE_KEYS = "12345"  # candidates that one key chooses; further ones can be clicked

CATALOGUE_FILE = "sheets/catalogue.json"  # what the search for another product looks through, under the images root
ANSWERS_FILE = "sheets/your-answers.html"  # what became of the last answers, under the images root

# Controls of the interface. TYPED_SKU_FIELD is where projects made before the search was there hold typed SKUs.
ANSWER_FIELD, NAME_FIELD, BRAND_FIELD, GTIN_FIELD = "answer", "product_name", "product_brand", "product_gtin"
SKU_FIELD, TYPED_SKU_FIELD, STRAYS_FIELD = "catalogue_sku", "other_sku", "strays"
_SHEET_FIELD = "sheet"  # the object that they are about

_SKU_PREFIX, _PHOTO_PREFIX = "sku:", "photo:"
PHOTO_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # what the photos of a sheet are called, in order
# The interface shows an error where it has no picture at all.
_NO_REFERENCES = "data:image/svg+xml;base64," + base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="1548" height="444"><rect width="1548" height="444" fill="#eee"/>'
    b'<text x="774" y="232" text-anchor="middle" font-family="sans-serif" font-size="36" fill="#555">'
    b"No product that we know looks like this</text></svg>"
).decode("ascii")
_LONGEST_SLUG = 60
_LONGEST_TITLE = 64  # three lines of a card
_HASH_DIGITS = 8


class FixedChoice(StrEnum):
    """Answers that every question offers; the prefix keeps them apart from any SKU."""

    NEW_PRODUCT = "answer:new_product"
    NOT_A_PRODUCT = "answer:not_a_product"
    BAD_PHOTO = "answer:bad_photo"
    OTHER_SKU = "answer:other_sku"


SPLIT_CHOICE = "answer:split"
"""The answer that only questions about several photos offer; it comes with the task, not with the interface."""
SEVERAL_CHOICE = "answer:several_products"
"""In its place, what only questions about one photo offer."""
_MANY_KEY = "0"


class AnswerKind(StrEnum):
    """What a person said of the photos of a question."""

    SKU = "sku"
    NEW_PRODUCT = "new_product"
    NOT_A_PRODUCT = "not_a_product"
    BAD_PHOTO = "bad_photo"
    SEVERAL_PRODUCTS = "several_products"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that the photo may show; `score` is the recogniser's, `price` as a person reads it ("4.99 EUR")."""

    sku: str
    title: str
    score: float
    brand: str | None = None
    price: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one photo, or about several that look alike.

    Attributes:
        key: ours; Label Studio holds at most one task of a key.
        images: sha256 of each photo that the answer is for.
        sheet: picture that is shown, relative to the images root.
        references: sheet with a likeness of each candidate in order, relative to the images root.
        candidates: best first.
    """

    key: str
    kind: QuestionKind
    images: tuple[str, ...]
    sheet: str
    references: str | None
    candidates: tuple[Candidate, ...]
    prompt: str
    release_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one annotator said; an edited annotation is another answer with a later `at`.

    Attributes:
        seconds: how long the question was on the screen, where Label Studio says so.
        brand: of a new product, where it was typed.
        gtin: its barcode as a GTIN-14, where one was typed that is right.
        strays: sha256 of the photos that do not belong to the group; the answer is not about them.
    """

    question_key: str
    annotation_id: int
    task_id: int
    annotator: str
    at: datetime
    kind: AnswerKind
    sku: str | None = None
    product_name: str | None = None
    seconds: float | None = None
    brand: str | None = None
    gtin: str | None = None
    strays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedAnswer:
    """An annotation that cannot become a label, and why; `question_key` is None where the task is none of ours."""

    annotation_id: int
    task_id: int
    question_key: str | None
    reason: AnswerReason
    detail: str


_QUESTION = TypeAdapter(Question)


def candidate_choice(sku: str) -> str:
    """The stored value of the choice that names a candidate."""
    return _SKU_PREFIX + sku


def photo_choice(sha256: str) -> str:
    """The stored value of the choice that says of a photo that it does not belong to its group."""
    return _PHOTO_PREFIX + sha256


def question_payload(question: Question) -> dict[str, Any]:
    """The task of a question: what is shown, and under `question` the whole of it for whoever reads the answers.

    The recogniser's best guess goes along as a prediction, for whoever sorts or filters tasks. It is not shown with the
    question, and no prediction is ever read back.
    """
    return {
        "predictions": _predictions(question),
        "data": {
            KEY_FIELD: question.key,
            "prompt": question.prompt,
            _SHEET_FIELD: picture_url(question.sheet),
            "references": _NO_REFERENCES if question.references is None else picture_url(question.references),
            "choices": _offered(question),
            "photos": _photos(question),
            "question": _QUESTION.dump_python(question, mode="json"),
        },
    }


def question_of(data: Mapping[str, Any]) -> Question | None:
    """The question of a task's data, or None where the task is none of ours or was changed beyond reading."""
    try:
        question = _QUESTION.validate_python(data.get("question"))
    except ValidationError:
        return None
    return question if question.key == data.get(KEY_FIELD) else None


def answer_result(
    question: Question,
    kind: AnswerKind,
    sku: str | None = None,
    product_name: str | None = None,
    strays: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The annotation that says this of a question, as the interface would write it."""
    return _answer(question, kind, sku, product_name) + _strays(strays)


def _answer(question: Question, kind: AnswerKind, sku: str | None, product_name: str | None) -> list[dict[str, Any]]:
    if kind is AnswerKind.SKU and sku in {candidate.sku for candidate in question.candidates}:
        return [_choices(candidate_choice(sku or ""))]
    if kind is AnswerKind.SKU:
        return [_choices(FixedChoice.OTHER_SKU), _part(SKU_FIELD, "taxonomy", {"taxonomy": [[sku or ""]]})]
    if kind is AnswerKind.NEW_PRODUCT:
        return [_choices(FixedChoice.NEW_PRODUCT), _text(NAME_FIELD, product_name or "")]
    many = {AnswerKind.SPLIT: SPLIT_CHOICE, AnswerKind.SEVERAL_PRODUCTS: SEVERAL_CHOICE}
    return [_choices(many[kind] if kind in many else FixedChoice[kind.name])]


def _strays(strays: Sequence[str]) -> list[dict[str, Any]]:
    chosen = [photo_choice(sha256) for sha256 in strays]
    return [_part(STRAYS_FIELD, "choices", {"choices": chosen})] if chosen else []


def new_sku(product_name: str) -> str:
    """The SKU of a product that an annotator named; the same name in other case or spacing is the same product."""
    folded = unicodedata.normalize("NFKC", product_name).casefold()
    slug = re.sub(r"[\W_]+", "-", folded).strip("-")
    if not slug or len(slug) > _LONGEST_SLUG:
        digest = hashlib.sha256((slug or folded).encode()).hexdigest()[:_HASH_DIGITS]
        slug = f"{slug[: _LONGEST_SLUG - _HASH_DIGITS - 1].rstrip('-')}-{digest}".lstrip("-")
    return f"new-{slug}"


def picture_url(path: str) -> str:
    """Where Label Studio serves a file of the images root."""
    return f"/data/local-files/?d={quote(f'{IMAGES_FOLDER}/{path}')}"


def catalogue_item(sku: str, title: str, brand: str | None) -> dict[str, Any]:
    """One product as the search for another product lists it; `alias` is what an answer names."""
    return {"value": " · ".join(filter(None, (title, brand, sku))), "alias": sku, "isLeaf": True}


def _predictions(question: Question) -> list[dict[str, Any]]:
    if not question.candidates or not question.release_id:
        return []  # Label Studio cannot delete a prediction that names no version
    best = max(question.candidates, key=lambda candidate: candidate.score)
    result = [_choices(candidate_choice(best.sku))]
    return [{"model_version": question.release_id, "score": best.score, "result": result}]


def _offered(question: Question) -> list[dict[str, str]]:
    offered = [_choice(place, candidate) for place, candidate in enumerate(question.candidates, 1)]
    if question.kind is QuestionKind.ONE_PRODUCT:
        many = {"value": "Not all the same", "alias": SPLIT_CHOICE}
    else:
        many = {"value": "Several products", "alias": SEVERAL_CHOICE}
    return [*offered, many | {"hotkey": _MANY_KEY}]


def _photos(question: Question) -> list[dict[str, str]]:
    """Each photo of a sheet, so that one key can leave it out: a capital letter, for small ones do nothing."""
    if len(question.images) == 1:
        return []
    return [
        {"value": letter, "alias": photo_choice(sha256), "hotkey": f"shift+{letter.lower()}"}
        for letter, sha256 in zip(PHOTO_LETTERS, question.images, strict=False)
    ]


def _choice(place: int, candidate: Candidate) -> dict[str, str]:
    """The number ties the choice to its likeness, and keeps two products of one title apart."""
    more = " · ".join(filter(None, (candidate.brand, candidate.price)))
    text = f"{place}. {_shortened(candidate.title)}" + (f"\n{more}" if more else "")
    shown = {"value": text, "alias": candidate_choice(candidate.sku)}
    return shown | ({"hotkey": str(place)} if str(place) in CANDIDATE_KEYS else {})


def _shortened(title: str) -> str:
    """As much of a title as a card has room for; the whole of it is in the question."""
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1].rstrip()}…"


def _choices(choice: str) -> dict[str, Any]:
    return _part(ANSWER_FIELD, "choices", {"choices": [str(choice)]})


def _text(field: str, text: str) -> dict[str, Any]:
    return _part(field, "textarea", {"text": [text]})


def _part(field: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": field, "to_name": _SHEET_FIELD, "type": kind, "value": value}
