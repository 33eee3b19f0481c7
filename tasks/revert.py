"""Take back what one annotator said since a moment; the events stay, and those that take them back are appended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from recognition.vocabulary import LabelKind
from tasks.ledger import decision
from tasks.loop import Loop
from tasks.wiring import Parts
from warehouse.labels import LabelEventRow, annotators_statements, withdraw_statements
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.questions import QuestionStatus, WithdrawReason, take_back

_BY = "skuloop labels revert"


@dataclass(frozen=True)
class RevertedLabel:
    """A label that is, or would be, taken back."""

    sha256: str
    kind: LabelKind
    sku: str | None
    at: datetime
    question: str | None


@dataclass(frozen=True)
class RevertReport:
    """What was taken back, and how many questions wait to be asked again."""

    annotator: str
    since: datetime
    labels: tuple[RevertedLabel, ...]
    questions: int = 0


def what_would_be_reverted(parts: Parts, annotator: str, since: datetime) -> RevertReport:
    """What `revert_labels` would take back; nothing is changed."""
    with parts.warehouse.read() as db:
        said, standing = _said(annotators_statements(db), annotator, since), annotators_statements(db)
    return RevertReport(annotator, since, tuple(map(_label, said)), len(_left_unanswered(said, standing)))


def revert_labels(loop: Loop, annotator: str, since: datetime) -> RevertReport:
    """Take back what an annotator said at or after a moment.

    What that person said of a photo before, and what others said of it, counts again. A question of which nothing
    stands any more is withdrawn: a later night removes its task and may ask about its photos anew.

    Args:
        loop: the run that does it.
        annotator: as Label Studio names them.
        since: by Label Studio's clock.
    """
    with loop.parts.warehouse.write() as db:
        standing = annotators_statements(db)
        said = _said(standing, annotator, since)
        withdraw_statements(db, said, _BY, datetime.now(UTC))
        unanswered = _left_unanswered(said, standing)
        take_back(db, unanswered, QuestionStatus.WITHDRAWN)
        record_decisions(db, [*(_why(loop, row) for row in said), *(_why_asked_again(loop, key) for key in unanswered)])
    return RevertReport(annotator, since, tuple(map(_label, said)), len(unanswered))


def _said(standing: Sequence[LabelEventRow], annotator: str, since: datetime) -> list[LabelEventRow]:
    return [row for row in standing if row.actor == annotator and row.at >= since]


def _left_unanswered(said: Sequence[LabelEventRow], standing: Sequence[LabelEventRow]) -> list[str]:
    taken = {row.event_id for row in said}
    answered = {row.question_key for row in standing if row.event_id not in taken}
    return sorted({row.question_key for row in said if row.question_key is not None} - answered)


def _why(loop: Loop, row: LabelEventRow) -> DecisionRow:
    detail = {"sku": row.sku, "annotator": row.actor, "question": row.question_key}
    return decision(
        loop.run_id, SubjectKind.IMAGE, row.sha256, "take back label", "reverted", key=row.event_id, **detail
    )


def _why_asked_again(loop: Loop, key: str) -> DecisionRow:
    return decision(loop.run_id, SubjectKind.QUESTION, key, "withdraw", WithdrawReason.REVERTED)


def _label(row: LabelEventRow) -> RevertedLabel:
    return RevertedLabel(row.sha256, row.kind, row.sku, row.at, row.question_key)
