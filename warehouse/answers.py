"""What people answered, answer by answer: how long it took, and how well they knew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.audit.consensus import GoldenRecord
from recognition.vocabulary import QuestionArm, QuestionKind
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer; an edited one is another row with a later `at`. `seconds` is None where nobody measured."""

    annotation_id: int
    at: datetime
    question_key: str
    annotator: str
    kind: str
    sku: str | None
    seconds: float | None
    run_id: str


def add_answers(db: Session, rows: Sequence[AnswerRow]) -> int:
    """Store answers; return how many are new."""
    return db.run_over("answers/add", rows)


def answer_seconds(db: Session) -> dict[QuestionKind, list[float]]:
    """Return the seconds that answers took, by the kind of their question."""
    return {QuestionKind(kind): seconds for kind, seconds in db.tuples("answers/seconds")}


def golden_results(db: Session) -> dict[str, GoldenRecord]:
    """Return how each annotator did on golden questions."""
    return {annotator: GoldenRecord(right, wrong) for annotator, right, wrong in db.tuples("answers/golden")}


def untaught_answers(db: Session) -> tuple[int, datetime | None]:
    """Return how many questions were answered since the last cycle that ended well, and when the first of them was."""
    ((count, since),) = db.tuples("answers/untaught")
    return count, since


@dataclass(frozen=True, slots=True)
class FreshAnswer:
    """An answer, in its last form, that no cycle before this one knew."""

    annotation_id: int
    question_key: str
    arm: QuestionArm
    annotator: str
    kind: str
    sku: str | None
    seconds: float | None


def fresh_answers(db: Session) -> list[FreshAnswer]:
    """Return the answers since the last cycle that ended well, oldest first."""
    return db.rows(FreshAnswer, "answers/since_cycle")


@dataclass(frozen=True, slots=True)
class AnsweredImage:
    """One photo of an answer that no cycle before this one knew; a stray was left out of what the answer says."""

    annotator: str
    arm: QuestionArm
    kind: str
    sku: str | None
    sha256: str
    path: str
    is_stray: bool


def answered_images(db: Session) -> list[AnsweredImage]:
    """Return the photos of the answers since the last cycle that ended well, in the order of the answers."""
    return db.rows(AnsweredImage, "answers/photos_since_cycle")


def opinions(db: Session) -> list[tuple[str, str, tuple[str, str | None]]]:
    """Return who said what about which question, of all answers ever: annotator, question key, kind and SKU."""
    return [(annotator, key, (kind, sku)) for annotator, key, kind, sku in db.tuples("answers/opinions")]
