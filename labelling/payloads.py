"""What a question looks like as a Label Studio task. Pure: no server, no clock, no files.

The task carries everything that is needed to read its answers back, so a pull asks nobody else.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping
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

ANSWER_FIELD, NAME_FIELD, SKU_FIELD = "answer", "product_name", "other_sku"  # controls of the interface
_SHEET_FIELD = "sheet"  # the object that they are about

_SKU_PREFIX = "sku:"
# The interface shows an error where it has no picture at all.
_NO_REFERENCES = "data:image/svg+xml;base64," + base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="120"><rect width="640" height="120" fill="#eee"/>'
    b'<text x="320" y="66" text-anchor="middle" font-family="sans-serif" font-size="20" fill="#555">'
    b"No product that we know looks like this</text></svg>"
).decode("ascii")
_LONGEST_SLUG = 60
_HASH_DIGITS = 8


class FixedChoice(StrEnum):
    """Answers that every question offers; the prefix keeps them apart from any SKU."""

    NEW_PRODUCT = "answer:new_product"
    NOT_A_PRODUCT = "answer:not_a_product"
    BAD_PHOTO = "answer:bad_photo"
    OTHER_SKU = "answer:other_sku"


SPLIT_CHOICE = "answer:split"
"""The answer that only questions about several photos offer; it comes with the task, not with the interface."""
_SPLIT_KEY = "0"


class AnswerKind(StrEnum):
    """What a person said of the photos of a question."""

    SKU = "sku"
    NEW_PRODUCT = "new_product"
    NOT_A_PRODUCT = "not_a_product"
    BAD_PHOTO = "bad_photo"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that the photo may show; `score` is the recogniser's."""

    sku: str
    title: str
    score: float


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

    `seconds` is how long the question was on the screen, where Label Studio says so.
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


def question_payload(question: Question) -> dict[str, Any]:
    """The task of a question: what is shown, and under `question` the whole of it for whoever reads the answers."""
    return {
        "data": {
            KEY_FIELD: question.key,
            "prompt": question.prompt,
            _SHEET_FIELD: picture_url(question.sheet),
            "references": _NO_REFERENCES if question.references is None else picture_url(question.references),
            "choices": _offered(question),
            "question": _QUESTION.dump_python(question, mode="json"),
        }
    }


def question_of(data: Mapping[str, Any]) -> Question | None:
    """The question of a task's data, or None where the task is none of ours or was changed beyond reading."""
    try:
        question = _QUESTION.validate_python(data.get("question"))
    except ValidationError:
        return None
    return question if question.key == data.get(KEY_FIELD) else None


def answer_result(
    question: Question, kind: AnswerKind, sku: str | None = None, product_name: str | None = None
) -> list[dict[str, Any]]:
    """The annotation that says this of a question, as the interface would write it."""
    if kind is AnswerKind.SKU and sku in {candidate.sku for candidate in question.candidates}:
        return [_choices(candidate_choice(sku or ""))]
    if kind is AnswerKind.SKU:
        return [_choices(FixedChoice.OTHER_SKU), _text(SKU_FIELD, sku or "")]
    if kind is AnswerKind.NEW_PRODUCT:
        return [_choices(FixedChoice.NEW_PRODUCT), _text(NAME_FIELD, product_name or "")]
    return [_choices(SPLIT_CHOICE if kind is AnswerKind.SPLIT else FixedChoice[kind.name])]


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


def _offered(question: Question) -> list[dict[str, str]]:
    offered = [_choice(place, candidate) for place, candidate in enumerate(question.candidates, 1)]
    if question.kind is QuestionKind.ONE_PRODUCT:
        offered.append({"value": "Not all the same product", "alias": SPLIT_CHOICE, "hotkey": _SPLIT_KEY})
    return offered


def _choice(place: int, candidate: Candidate) -> dict[str, str]:
    """The number ties the choice to its likeness, and keeps two products of one title apart."""
    shown = {"value": f"{place}. {candidate.title}", "alias": candidate_choice(candidate.sku)}
    return shown | ({"hotkey": str(place)} if str(place) in CANDIDATE_KEYS else {})


def _choices(choice: str) -> dict[str, Any]:
    return _part(ANSWER_FIELD, "choices", {"choices": [str(choice)]})


def _text(field: str, text: str) -> dict[str, Any]:
    return _part(field, "textarea", {"text": [text]})


def _part(field: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": field, "to_name": _SHEET_FIELD, "type": kind, "value": value}
