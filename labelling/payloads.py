"""Questions as Label Studio tasks, and the answers that come back. Pure: nothing here talks to a server."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from labelling.errors import LabellingError
from recognition.vocabulary import AnswerReason, QuestionKind

SERVED_FOLDER = "images"
"""Last part of the images folder's path as the server sees it; what is above it is the server's document root."""

HOTKEYS = ("1", "2", "3", "4", "5")
"""One key per candidate; so a question offers at most this many."""


class AnswerKind(StrEnum):
    """What a person said about the photos of one question."""

    SKU = "sku"
    NEW_PRODUCT = "new_product"
    NOT_A_PRODUCT = "not_a_product"
    BAD_PHOTO = "bad_photo"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known product that a question offers; `score` is the recogniser's, in [0, 1]."""

    sku: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Question:
    """One question to people: which product is on these photos?

    Attributes:
        key: Our own key, a function of the content; the only link between our rows and Label Studio's tasks.
        images: SHA-256 of every photo the answer will be about.
        sheet: The picture to look at, as a path under the images root.
        references: The candidates' pictures with their numbers, as a path under the images root; None if no candidate.
        candidates: At most five, in the order of their hotkeys.
        prompt: The sentence above the pictures.
        release_id: The release whose doubt this is.
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
class StoredAnnotation:
    """An annotation as Label Studio keeps it; nothing in `result` has been checked by anyone."""

    id: int
    task_id: int
    annotator: str
    updated_at: datetime
    cancelled: bool
    result: Any


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A task as Label Studio keeps it; `data` is what was imported, by us or by someone else."""

    id: int
    updated_at: datetime
    data: Mapping[str, Any]
    annotations: tuple[StoredAnnotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's valid answer to one question; an edited annotation is the same id with a later `at`.

    Attributes:
        sku: The product, if `kind` is SKU.
        product_name: What the person calls the product, if `kind` is NEW_PRODUCT.
    """

    question_key: str
    annotation_id: int
    task_id: int
    annotator: str
    at: datetime
    kind: AnswerKind
    sku: str | None = None
    product_name: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedAnswer:
    """An annotation that cannot become a label, and why; `question_key` is None where the task is not ours."""

    question_key: str | None
    annotation_id: int
    task_id: int
    annotator: str
    at: datetime
    reason: AnswerReason
    detail: str


def new_sku(product_name: str) -> str:
    """Return the SKU of a product that people named: the same name gives the same SKU, whatever its case and spacing.

    Raises:
        LabellingError: The name is empty.
    """
    name = " ".join(unicodedata.normalize("NFKC", product_name).casefold().split())
    if not name:
        raise LabellingError("a new product needs a name")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    # A slug that lost letters would make two names one product; the digest of the full name keeps them apart.
    if plain == name and len(slug) <= 60:
        return f"new-{slug}"
    return f"new-{slug[:48].strip('-')}-{sha256(name.encode()).hexdigest()[:8]}".replace("--", "-")


def task_payload(question: Question) -> dict[str, Any]:
    """Return the task to import into Label Studio: an object with one member, ``data``."""
    raise NotImplementedError


def question_of(data: Mapping[str, Any]) -> Question:
    """Return the question that `task_payload` made this task data from.

    Raises:
        LabellingError: The data is not ours.
    """
    raise NotImplementedError
