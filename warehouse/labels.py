"""What was said of each photo, append-only; and the answers that were set aside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recognition.audit.labels import LabelEvent, ResolvedLabel
from recognition.vocabulary import AnswerReason, LabelKind, LabelOrigin
from warehouse.errors import WarehouseError
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class LabelEventRow:
    """One statement about one photo; `event_id` is a key of its content, so saying it twice is saying it once."""

    event_id: str
    sha256: str
    kind: LabelKind
    sku: str | None
    origin: LabelOrigin
    actor: str
    at: datetime
    question_key: str | None = None
    annotation_id: int | None = None

    def __post_init__(self) -> None:
        # Whoever resolves labels refuses such an event: it must not get into a table that nothing is removed from.
        if (self.kind is LabelKind.SKU) != (self.sku is not None):
            raise WarehouseError(f"a label of kind {self.kind} with sku={self.sku!r}: only the kind 'sku' names a SKU")


@dataclass(frozen=True, slots=True)
class RejectedAnswerRow:
    """An answer from Label Studio that could not become a label, and why."""

    annotation_id: int
    task_id: int | None
    question_key: str | None
    reason: AnswerReason
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A photo about which people disagree, and what is believed of it all the same."""

    sha256: str
    kind: LabelKind
    sku: str | None


def append_label_events(db: Session, rows: Sequence[LabelEventRow]) -> int:
    """Append the events not known yet, in the given order; return how many."""
    return db.run_over("labels/append", rows)


def label_events(db: Session) -> list[LabelEvent]:
    """Return every statement that nobody took back, in the order in which it was appended."""
    return db.rows(LabelEvent, "labels/all")


def disputed_events(db: Session) -> list[LabelEvent]:
    """Return those about photos of which opinions differ, or several people have one."""
    return db.rows(LabelEvent, "labels/of_disputed")


def undisputed_labels(db: Session) -> dict[str, ResolvedLabel]:
    """Return the labels of all other photos, as `recognition.audit.labels` has them: there is nothing to weigh."""
    kinds, origins = {kind.value: kind for kind in LabelKind}, {origin.value: origin for origin in LabelOrigin}
    return {
        sha256: ResolvedLabel(
            sha256, kinds[kind], sku, origins[origin], conflict=False, claims=() if sku is None else (sku,)
        )
        for sha256, kind, sku, origin in db.tuples("labels/undisputed")
    }


def store_settled(db: Session, rows: Sequence[SettledRow]) -> None:
    """Make these the photos about which people disagreed and one answer counts all the same."""
    if rows:
        db.run_over("labels/forget_settled", rows)
        db.run_over("labels/settle", rows)
    else:
        db.run("labels/forget_all_settled")


def annotators_statements(db: Session) -> list[LabelEventRow]:
    """Return what people said and nobody took back, in the order in which it was appended."""
    return db.rows(LabelEventRow, "labels/of_annotators")


def withdraw_statements(db: Session, said: Sequence[LabelEventRow], by: str, at: datetime) -> int:
    """Append an event for each statement that takes it back; return how many were new.

    What the same person said before it counts again. The statement stays in the table, and cannot return: who means it
    after all says it anew.

    Args:
        db: a writing session.
        said: the statements.
        by: who takes them back.
        at: when.
    """
    return append_label_events(db, [_withdrawal(each, by, at) for each in said])


def _withdrawal(said: LabelEventRow, by: str, at: datetime) -> LabelEventRow:
    key = f"withdrawn-{said.event_id}"  # the queries find the statement by this
    return replace(said, event_id=key, kind=LabelKind.WITHDRAWN, sku=None, actor=by, at=at)


def spent_annotations(db: Session) -> set[tuple[str, int]]:
    """Return (question key, annotation) where all that the annotation said was taken back."""
    return set(db.tuples("labels/spent_annotations"))


def known_annotations(db: Session) -> set[tuple[str, int]]:
    """Return (question key, annotation) of everything that was ever pulled, kept or set aside."""
    return set(db.tuples("labels/known_annotations"))


def append_rejected_answers(db: Session, rows: Sequence[RejectedAnswerRow]) -> int:
    """Record answers that were set aside; return how many were new."""
    return db.run_over("labels/append_rejected", rows)


def labelled_by(db: Session, annotations: Sequence[int]) -> dict[str, int]:
    """Return photo -> annotation that says which product it shows, of those annotations whose word still stands."""
    return dict(db.tuples("labels/of_annotations", annotations=list(annotations)))
