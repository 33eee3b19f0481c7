"""Questions to people: waiting to be pushed, open in Label Studio, or closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recognition.vocabulary import QuestionArm, QuestionKind
from warehouse.errors import WarehouseError
from warehouse.rows import Candidates
from warehouse.session import Session


class QuestionStatus(StrEnum):
    """Where a question stands."""

    PENDING = "pending"
    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question about one photo or one cluster of photos; `question_key` is a key of its content."""

    question_key: str
    kind: QuestionKind
    arm: QuestionArm
    run_id: str
    night_id: str
    release_id: str | None
    sheet_path: str | None
    score: float
    reason: str
    asked_at: datetime
    images: tuple[str, ...]
    candidates: Candidates
    status: QuestionStatus = QuestionStatus.PENDING
    task_id: int | None = None
    closed_at: datetime | None = None


def add_questions(db: Session, rows: Sequence[QuestionRow]) -> int:
    """Store questions as pending; return how many are new or asked again after they were withdrawn or lost."""
    db.run_over("questions/forget_images", rows)
    db.run_over("questions/forget_candidates", rows)
    added = db.run_over("questions/add", rows)
    db.run_over("questions/add_images", rows)
    db.run_over("questions/add_candidates", rows)
    return added


def pending_questions(db: Session) -> list[QuestionRow]:
    """Return the questions that Label Studio does not have yet, most worthwhile first."""
    return db.rows(QuestionRow, "questions/by_status", status=QuestionStatus.PENDING)


def open_questions(db: Session) -> list[QuestionRow]:
    """Return the questions that wait for an answer, most worthwhile first."""
    return db.rows(QuestionRow, "questions/by_status", status=QuestionStatus.OPEN)


def mark_pushed(db: Session, task_ids: Mapping[str, int]) -> int:
    """Record that pending questions became tasks (question key -> task id); return how many changed."""
    return db.run_over_pairs("questions/push", {key: str(task_id) for key, task_id in task_ids.items()})


def mark_closed(db: Session, keys: Sequence[str], status: QuestionStatus) -> int:
    """Close questions that are not closed yet; return how many changed.

    Raises:
        WarehouseError: `status` is pending or open.
    """
    if status in {QuestionStatus.PENDING, QuestionStatus.OPEN}:
        raise WarehouseError(f"a question is closed as answered, withdrawn or lost, not as {status}")
    return db.run("questions/close", keys=list(keys), status=status)


def question(db: Session, key: str) -> QuestionRow | None:
    """Return one question, or None."""
    return questions_by_key(db, [key]).get(key)


def questions_by_key(db: Session, keys: Sequence[str]) -> dict[str, QuestionRow]:
    """Return those of the questions that exist."""
    return {row.question_key: row for row in db.rows(QuestionRow, "questions/by_key", keys=list(keys))}


def asked_in(db: Session, night_id: str) -> int:
    """Return how many questions a night has chosen so far."""
    return int(db.value("questions/asked_in", night_id=night_id))


def get_cursor(db: Session, name: str) -> str | None:
    """Return how far a synchronisation has come, or None before its first time."""
    value: str | None = db.value("questions/get_cursor", name=name)
    return value


def set_cursor(db: Session, name: str, value: str) -> None:
    """Remember how far a synchronisation has come."""
    db.run("questions/set_cursor", name=name, value=value)
