"""What an annotation means. Pure.

Label Studio stores whatever its API is sent, so everything is checked here.
"""

import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labelling.payloads import (
    ANSWER_FIELD,
    NAME_FIELD,
    SKU_FIELD,
    SPLIT_CHOICE,
    Answer,
    AnswerKind,
    FixedChoice,
    Question,
    RejectedAnswer,
    candidate_choice,
    question_of,
)
from recognition.vocabulary import AnswerReason, QuestionKind

_LONGEST_DETAIL = 300
_LONGEST_NAME = 200
_VALUES = {ANSWER_FIELD: "choices", NAME_FIELD: "text", SKU_FIELD: "text"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation as Label Studio stores it; `result` is whatever JSON it was sent, `seconds` how long it took."""

    annotation_id: int
    annotator: str
    at: datetime
    skipped: bool
    result: Any
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class AnnotatedTask:
    """A task of Label Studio with its annotations; `data` is ours unless somebody changed it."""

    task_id: int
    updated_at: datetime
    data: dict[str, Any]
    annotations: tuple[Annotation, ...] = ()


def read_answers(task: AnnotatedTask, known_skus: Collection[str]) -> Iterator[Answer | RejectedAnswer]:
    """What the annotations of a task say; skipped ones say nothing.

    Args:
        task: as pulled from Label Studio.
        known_skus: products that "Another product" may name beside the candidates.
    """
    question = question_of(task.data)
    for annotation in task.annotations:
        if annotation.skipped:
            continue
        if question is None:
            detail = "this task carries no question of skuloop, or its data was changed"
            yield RejectedAnswer(annotation.annotation_id, task.task_id, None, AnswerReason.UNKNOWN_TASK, detail)
            continue
        try:
            kind, sku, name = _meaning(question, annotation.result, known_skus)
        except _UnusableError as error:
            detail = error.detail[:_LONGEST_DETAIL]
            yield RejectedAnswer(annotation.annotation_id, task.task_id, question.key, error.reason, detail)
        else:
            yield Answer(
                question.key,
                annotation.annotation_id,
                task.task_id,
                annotation.annotator,
                annotation.at,
                kind,
                sku,
                name,
                annotation.seconds,
            )


class _UnusableError(Exception):
    def __init__(self, reason: AnswerReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _meaning(question: Question, result: Any, known_skus: Collection[str]) -> tuple[AnswerKind, str | None, str | None]:
    said = _said(result)
    choice = _only(said[ANSWER_FIELD], "choice")
    if choice is None:
        raise _UnusableError(AnswerReason.MALFORMED, "no choice was made")
    for candidate in question.candidates:
        if choice == candidate_choice(candidate.sku):
            return AnswerKind.SKU, candidate.sku, None
    if choice == SPLIT_CHOICE and question.kind is QuestionKind.ONE_PRODUCT:
        return AnswerKind.SPLIT, None, None
    # A text that belongs to another choice is a leftover of somebody who thought again: the choice counts.
    match choice:
        case FixedChoice.OTHER_SKU:
            return AnswerKind.SKU, _known(_only(said[SKU_FIELD], "SKU"), known_skus), None
        case FixedChoice.NEW_PRODUCT:
            return AnswerKind.NEW_PRODUCT, None, _name(_only(said[NAME_FIELD], "product name"))
        case FixedChoice.NOT_A_PRODUCT:
            return AnswerKind.NOT_A_PRODUCT, None, None
        case FixedChoice.BAD_PHOTO:
            return AnswerKind.BAD_PHOTO, None, None
    raise _UnusableError(AnswerReason.UNKNOWN_CLASS, f"{choice!r} is not among the choices of this question")


def _said(result: Any) -> dict[str, list[str]]:
    """The distinct texts of each control, blanks removed."""
    said: dict[str, list[str]] = {field: [] for field in _VALUES}
    for part in result if isinstance(result, list) else [result]:
        try:
            field = part["from_name"]
            texts = part["value"][_VALUES[field]]
        except (KeyError, TypeError, IndexError) as error:
            raise _UnusableError(AnswerReason.MALFORMED, f"not written by skuloop's interface: {part!r}") from error
        said[field].extend(_texts(texts))
    return {field: list(dict.fromkeys(texts)) for field, texts in said.items()}


def _texts(value: Any) -> Iterable[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _UnusableError(AnswerReason.MALFORMED, f"not a list of texts: {value!r}")
    return (cleaned for text in texts if (cleaned := _cleaned(text)))


def _cleaned(text: str) -> str:
    """One line without control characters and lone surrogates; nothing where no sign of it can be seen."""
    kept = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign) not in {"Cc", "Cs"})
    line = " ".join(kept.split())
    return line if any(sign.isprintable() for sign in line) else ""


def _only(texts: list[str], what: str) -> str | None:
    if len(texts) > 1:
        raise _UnusableError(AnswerReason.CONTRADICTORY, f"more than one {what}: {texts!r}")
    return texts[0] if texts else None


def _known(typed: str | None, known_skus: Collection[str]) -> str:
    if typed is None:
        raise _UnusableError(AnswerReason.MISSING_NAME, "another product was chosen, but its SKU was not typed")
    if typed in known_skus:
        return typed
    alike = [sku for sku in known_skus if sku.casefold() == typed.casefold()]
    if len(alike) != 1:
        found = "several SKUs differ from it only in case" if alike else "no product has this SKU"
        raise _UnusableError(AnswerReason.UNKNOWN_CLASS, f"{typed!r}: {found}")
    return alike[0]


def _name(typed: str | None) -> str:
    if typed is None:
        raise _UnusableError(AnswerReason.MISSING_NAME, "a new product was chosen, but its name was not typed")
    return typed[:_LONGEST_NAME].rstrip()
