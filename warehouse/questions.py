"""Questions to people: waiting to be pushed, open in Label Studio, or closed."""

from collections.abc import Collection, Mapping, Sequence
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
    DISSOLVED = "dissolved"
    WITHDRAWN = "withdrawn"
    LOST = "lost"


class WithdrawReason(StrEnum):
    """Why nobody needs to answer a question any more, or has to answer it again."""

    SURE_NOW = "sure_now"
    LABELLED_ELSEWHERE = "labelled_elsewhere"
    REVERTED = "reverted"
    NO_DOUBT_LEFT = "no_doubt_left"


@dataclass(frozen=True, slots=True)
class StaleQuestion:
    """A question that waits for an answer which is no longer needed; `task_id` is None where nobody can see it."""

    question_key: str
    task_id: int | None
    reason: WithdrawReason


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


def mark_settled(db: Session, keys: Sequence[str], status: QuestionStatus) -> int:
    """Record what the newest answer made of questions, answered or dissolved, also where an older one said otherwise.

    Questions that were withdrawn or lost stay so. Returns how many changed.
    """
    waiting = [QuestionStatus.PENDING, QuestionStatus.OPEN, QuestionStatus.ANSWERED, QuestionStatus.DISSOLVED]
    return db.run("questions/move", keys=list(keys), status=status, out_of=[each for each in waiting if each != status])


def reopen(db: Session, keys: Sequence[str]) -> int:
    """Let answered questions wait for an answer again; their tasks are still there. Returns how many changed."""
    return db.run("questions/move", keys=list(keys), status=QuestionStatus.OPEN, out_of=[QuestionStatus.ANSWERED])


def ask_again(db: Session, keys: Sequence[str]) -> int:
    """Let open questions wait to be pushed once more: the project that held their tasks is gone. Returns how many."""
    return db.run("questions/move", keys=list(keys), status=QuestionStatus.PENDING, out_of=[QuestionStatus.OPEN])


def take_back(db: Session, keys: Sequence[str], status: QuestionStatus) -> int:
    """Make answered questions withdrawn or lost, so that their photos may be asked about again; return how many."""
    return db.run("questions/move", keys=list(keys), status=status, out_of=[QuestionStatus.ANSWERED])


def stale_questions(db: Session, release_id: str, doubted: Collection[str] = ()) -> list[StaleQuestion]:
    """Return the pending and open questions that nobody needs to answer, by key.

    A photo of theirs has a label from elsewhere, or this release is sure of all of them. Of the random arm only the
    former: it measures what a release is sure of, too. Questions about a label are stale once nobody doubts it.

    Args:
        db: a session.
        release_id: the release in force.
        doubted: photos whose label is in doubt.
    """
    return db.rows(StaleQuestion, "questions/stale", release_id=release_id, doubted=sorted(doubted))


def withdrawn_tasks(db: Session) -> dict[str, int]:
    """Return question key -> task of the withdrawn questions whose task may still be in Label Studio."""
    return dict(db.tuples("questions/withdrawn_tasks"))


def forget_tasks(db: Session, keys: Sequence[str]) -> int:
    """Record that withdrawn questions have no task any more: their photos may be asked about again."""
    return db.run("questions/forget_tasks", keys=list(keys))


def photos_to_ask_alone(db: Session) -> set[str]:
    """Return the photos of groups that people took apart, and those that people took out of a group."""
    return {sha256 for (sha256,) in db.tuples("questions/dissolved_images")}


def question(db: Session, key: str) -> QuestionRow | None:
    """Return one question, or None."""
    return questions_by_key(db, [key]).get(key)


def questions_by_key(db: Session, keys: Sequence[str]) -> dict[str, QuestionRow]:
    """Return those of the questions that exist."""
    return {row.question_key: row for row in db.rows(QuestionRow, "questions/by_key", keys=list(keys))}


def asked_in(db: Session, night_id: str) -> dict[QuestionKind, int]:
    """Return how many questions of each kind a night has chosen so far."""
    return {QuestionKind(kind): count for kind, count in db.tuples("questions/asked_in", night_id=night_id)}


def answered_sheets(db: Session) -> tuple[int, int]:
    """Return how many of the groups that people were asked about showed one product, and how many did not."""
    ((whole, mixed),) = db.tuples("questions/answered_sheets")
    return whole, mixed


def asked_about(db: Session, kinds: Sequence[QuestionKind]) -> set[str]:
    """Return the photos that a question of one of these kinds is about, waiting or answered."""
    return {sha256 for (sha256,) in db.tuples("questions/asked_about", kinds=[kind.value for kind in kinds])}


def get_cursor(db: Session, name: str) -> str | None:
    """Return how far a synchronisation has come, or None before its first time."""
    value: str | None = db.value("questions/get_cursor", name=name)
    return value


def set_cursor(db: Session, name: str, value: str) -> None:
    """Remember how far a synchronisation has come."""
    db.run("questions/set_cursor", name=name, value=value)


def waiting_by_arm(db: Session) -> dict[QuestionArm, int]:
    """Return how many questions of each arm wait for an answer, the most first."""
    return {QuestionArm(arm): count for arm, count in db.tuples("questions/waiting_by_arm")}
