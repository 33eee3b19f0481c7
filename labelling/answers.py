"""What an annotation means. Pure.

Label Studio stores whatever its API is sent, so everything is checked here.
"""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labelling.payloads import (
    ANSWER_FIELD,
    BRAND_FIELD,
    GTIN_FIELD,
    NAME_FIELD,
    SEVERAL_CHOICE,
    SKU_FIELD,
    SPLIT_CHOICE,
    STRAYS_FIELD,
    TYPED_SKU_FIELD,
    Answer,
    AnswerKind,
    FixedChoice,
    Question,
    RejectedAnswer,
    candidate_choice,
    photo_choice,
    question_of,
)
from recognition.catalogue.keys import gtin_key
from recognition.vocabulary import AnswerReason, QuestionKind

_LONGEST_DETAIL = 300
_LONGEST_NAME = 200
_VALUES = {
    ANSWER_FIELD: "choices",
    NAME_FIELD: "text",
    BRAND_FIELD: "text",
    GTIN_FIELD: "text",
    SKU_FIELD: "taxonomy",
    TYPED_SKU_FIELD: "text",
    STRAYS_FIELD: "choices",
}
_WORDLESS: dict[str, AnswerKind] = {
    FixedChoice.NOT_A_PRODUCT: AnswerKind.NOT_A_PRODUCT,
    FixedChoice.BAD_PHOTO: AnswerKind.BAD_PHOTO,
}
_OF_A_GROUP = {SPLIT_CHOICE: AnswerKind.SPLIT}
_OF_ONE_PHOTO = {SEVERAL_CHOICE: AnswerKind.SEVERAL_PRODUCTS}


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
        yield from _read(question, annotation, task.task_id, known_skus)


def _read(
    question: Question, annotation: Annotation, task_id: int, known_skus: Collection[str]
) -> Iterator[Answer | RejectedAnswer]:
    try:
        said = _said(annotation.result)
        kind, sku, name = _meaning(question, said, known_skus)
        strays = _strays(question, kind, said[STRAYS_FIELD])
        brand = _only(said[BRAND_FIELD], "brand") if name else None
        typed = _only(said[GTIN_FIELD], "barcode") if name else None
    except _UnusableError as error:
        detail = error.detail[:_LONGEST_DETAIL]
        yield RejectedAnswer(annotation.annotation_id, task_id, question.key, error.reason, detail)
        return
    gtin = gtin_key(typed)
    if typed is not None and gtin is None:  # the name is worth keeping, a wrong barcode is not
        detail = (
            f"{typed[:_LONGEST_NAME]!r} is not a barcode: its digits or its check digit are wrong; the name was kept"
        )
        yield RejectedAnswer(annotation.annotation_id, task_id, question.key, AnswerReason.MALFORMED, detail)
    yield Answer(
        question_key=question.key,
        annotation_id=annotation.annotation_id,
        task_id=task_id,
        annotator=annotation.annotator,
        at=annotation.at,
        kind=kind,
        sku=sku,
        product_name=name,
        seconds=annotation.seconds,
        brand=brand[:_LONGEST_NAME].rstrip() if brand else None,
        gtin=gtin,
        strays=strays,
    )


class _UnusableError(Exception):
    def __init__(self, reason: AnswerReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _meaning(
    question: Question, said: Mapping[str, list[str]], known_skus: Collection[str]
) -> tuple[AnswerKind, str | None, str | None]:
    choice = _only(said[ANSWER_FIELD], "choice")
    if choice is None:
        raise _UnusableError(AnswerReason.MALFORMED, "no choice was made")
    for candidate in question.candidates:
        if choice == candidate_choice(candidate.sku):
            return AnswerKind.SKU, candidate.sku, None
    # A text that belongs to another choice is a leftover of somebody who thought again: the choice counts.
    if choice == FixedChoice.OTHER_SKU:
        return AnswerKind.SKU, _known(_only(said[SKU_FIELD] or said[TYPED_SKU_FIELD], "SKU"), known_skus), None
    if choice == FixedChoice.NEW_PRODUCT:
        return AnswerKind.NEW_PRODUCT, None, _name(_only(said[NAME_FIELD], "product name"))
    wordless = _WORDLESS | (_OF_A_GROUP if question.kind is QuestionKind.ONE_PRODUCT else _OF_ONE_PHOTO)
    if choice in wordless:
        return wordless[choice], None, None
    raise _UnusableError(AnswerReason.UNKNOWN_CLASS, f"{choice!r} is not among the choices of this question")


def _strays(question: Question, kind: AnswerKind, chosen: Sequence[str]) -> tuple[str, ...]:
    """The photos that do not belong; of a group that is taken apart none does, so nobody is asked which."""
    if kind is AnswerKind.SPLIT:
        return ()
    of_choice = {photo_choice(sha256): sha256 for sha256 in question.images}
    unknown = [choice for choice in chosen if choice not in of_choice]
    if unknown:
        raise _UnusableError(AnswerReason.UNKNOWN_CLASS, f"{unknown[0]!r} is not among the photos of this question")
    strays = tuple(of_choice[choice] for choice in chosen)
    if len(strays) == len(question.images):
        raise _UnusableError(AnswerReason.CONTRADICTORY, "every photo was said not to belong to the group")
    return strays


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
    if isinstance(texts, list) and all(isinstance(path, list) and path for path in texts):
        texts = [path[-1] for path in texts]  # what a search finds is stored with the way that leads to it
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
        raise _UnusableError(AnswerReason.MISSING_NAME, "another product was chosen, but not which")
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
