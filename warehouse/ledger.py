"""The decision ledger: who was decided upon, what, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from warehouse.session import Session


class SubjectKind(StrEnum):
    """What a decision is about."""

    SKU = "sku"
    IMAGE = "image"
    RELEASE = "release"
    QUESTION = "question"
    SOURCE = "source"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision; `decision_id` is a key of its content, `detail` JSON text, `seq` its place (set on storing)."""

    decision_id: str
    run_id: str
    at: datetime
    subject_kind: SubjectKind
    subject: str
    action: str
    reason: str
    detail: str = "{}"
    seq: int | None = None


def record_decisions(db: Session, rows: Sequence[DecisionRow]) -> int:
    """Append the decisions not known yet, in the given order; return how many."""
    return db.run_over("ledger/append", rows)


def decisions_for(db: Session, subject_kind: SubjectKind, subject: str) -> list[DecisionRow]:
    """Return the decisions about one subject, newest first."""
    return db.rows(DecisionRow, "ledger/of_subject", subject_kind=subject_kind, subject=subject)


def subjects_of(db: Session, subject_kind: SubjectKind, action: str) -> set[str]:
    """Return the subjects about which this was ever decided."""
    return {subject for (subject,) in db.tuples("ledger/subjects", subject_kind=subject_kind, action=action)}


def subjects_standing(db: Session, subject_kind: SubjectKind, action: str, undone_by: str) -> set[str]:
    """Return the subjects about which the last of these two decisions was the first."""
    told = {"subject_kind": subject_kind, "action": action, "undone_by": undone_by}
    return {subject for (subject,) in db.tuples("ledger/last_of_two", **told)}


def decided_in(db: Session, run_id: str, action: str) -> list[str]:
    """Return the subjects of a run's decisions of one action, in their order."""
    return [subject for (subject,) in db.tuples("ledger/of_run", run_id=run_id, action=action)]
