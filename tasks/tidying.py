"""What Label Studio and the warehouse no longer agree on, set right: deleted answers, and questions nobody needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from labelling.client import LabelStudioClient
from labelling.errors import LabellingError
from labelling.wire import TaskState
from tasks.doubts import doubts
from tasks.label_studio import connect
from tasks.labels import settled_labels
from tasks.ledger import decision
from tasks.loop import Loop
from warehouse.labels import LabelEventRow, annotators_statements, spent_annotations, withdraw_statements
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.questions import (
    QuestionStatus,
    StaleQuestion,
    forget_tasks,
    mark_closed,
    open_questions,
    reopen,
    stale_questions,
    take_back,
    withdrawn_tasks,
)

_BY = "label-studio"  # who deletes there is not told
# More than this at once is no person who deletes answers, but a Label Studio that was restored from a backup.
_FEW, _SHARE = 20, 0.5


@dataclass(frozen=True)
class TidyReport:
    """What was set right; `problem` is None where Label Studio could be asked and gave no cause for suspicion."""

    taken_back: int = 0
    withdrawn: int = 0
    removed: int = 0
    problem: str | None = None


def tidy(loop: Loop, release_id: str | None) -> TidyReport:
    """Take back the labels of deleted answers, withdraw questions that nobody needs, and remove their tasks.

    Args:
        loop: the run.
        release_id: the release in force, which has judged every photo; None before the first.
    """
    with loop.parts.warehouse.read() as db:
        stale = stale_questions(db, release_id, doubts(db, release_id, settled_labels(db))) if release_id else []
        wanted = bool(open_questions(db) or withdrawn_tasks(db) or _from_label_studio(annotators_statements(db)))
    unseen = [row for row in stale if row.task_id is None]
    withdrawn = _withdraw(loop, unseen, release_id)
    if not wanted:
        return TidyReport(withdrawn=withdrawn)  # nothing is there: Label Studio need not even run
    try:
        client, project_id = connect(loop.parts)
        every = list(client.task_states(project_id))
        taken_back, problem = take_back_deleted(loop, client, project_id, every)
        states = {state.key: state for state in every}
        withdrawn += _withdraw(loop, [row for row in stale if row.task_id and _is_free(states, row)], release_id)
        removed = remove_withdrawn_tasks(loop, client, project_id, states)
    except LabellingError as error:
        return TidyReport(withdrawn=withdrawn, problem=f"Label Studio: {error}")
    return TidyReport(taken_back, withdrawn, removed, problem)


def take_back_deleted(
    loop: Loop, client: LabelStudioClient, project_id: int, states: Sequence[TaskState]
) -> tuple[int, str | None]:
    """Take back what annotations said that are no longer in Label Studio: no pull would ever say so.

    Only annotations of the present project count: those of one that was lost as a whole were deleted by nobody.

    Args:
        loop: the run.
        client: of the Label Studio that holds the project.
        project_id: from `ensure_project`.
        states: of all tasks, looked up when everything was said that is stored.

    Returns:
        The number of labels that were taken back, and the problem where so many are gone that none was.
    """
    with loop.parts.warehouse.read() as db:
        every = _from_label_studio(annotators_statements(db))
    if not every:
        return 0, None
    began = client.project_began(project_id)
    said = [row for row in every if row.at >= began]
    there = {(state.key, annotation) for state in states for annotation in state.annotations}
    gone = [row for row in said if (row.question_key, row.annotation_id) not in there]
    if _is_suspicious(gone, said):
        return 0, (
            f"{len(_annotations(gone))} of {len(_annotations(said))} answers are no longer in Label Studio, as after "
            "a backup was restored: no label was taken back. If they were deleted on purpose, take them back with "
            "`skuloop labels revert`."
        )
    return _take_back(loop, gone, {state.key for state in states}), None


def remove_withdrawn_tasks(
    loop: Loop, client: LabelStudioClient, project_id: int, states: Mapping[str, TaskState]
) -> int:
    """Delete the tasks of withdrawn questions, but for those that hold an answer or the beginning of one."""
    with loop.parts.warehouse.read() as db:
        tasks, spent = withdrawn_tasks(db), spent_annotations(db)
    free = [key for key in tasks if key not in states or _is_removable(states[key], spent)]
    client.delete_tasks(project_id, [states[key].task_id for key in free if key in states])
    with loop.parts.warehouse.write() as db:
        forget_tasks(db, free)
    return len(free)


def _is_free(states: Mapping[str, TaskState], row: StaleQuestion) -> bool:
    state = states.get(row.question_key)
    return state is None or not (state.is_answered or state.is_drafted)


def _is_removable(state: TaskState, spent: set[tuple[str, int]]) -> bool:
    """Skipping is no answer, and an answer that was taken back is none any more."""
    if state.is_drafted:
        return False
    return not state.is_answered or all((state.key, annotation) in spent for annotation in state.annotations)


def _withdraw(loop: Loop, stale: Sequence[StaleQuestion], release_id: str | None) -> int:
    if not stale:
        return 0
    with loop.parts.warehouse.write() as db:
        record_decisions(db, [_why_withdrawn(loop, row, release_id) for row in stale])
        return mark_closed(db, [row.question_key for row in stale], QuestionStatus.WITHDRAWN)


def _why_withdrawn(loop: Loop, row: StaleQuestion, release_id: str | None) -> DecisionRow:
    return decision(
        loop.run_id,
        SubjectKind.QUESTION,
        row.question_key,
        "withdraw",
        row.reason,
        release=release_id,
        task=row.task_id,
    )


def _take_back(loop: Loop, gone: Sequence[LabelEventRow], keys_there: set[str]) -> int:
    """Withdraw the statements; their questions wait again, in Label Studio where the task is left."""
    if not gone:
        return 0
    with loop.parts.warehouse.write() as db:
        count = withdraw_statements(db, gone, _BY, datetime.now(UTC))
        unanswered = {row.question_key for row in gone if row.question_key is not None}
        unanswered -= {row.question_key for row in annotators_statements(db)}
        reopen(db, sorted(unanswered & keys_there))
        take_back(db, sorted(unanswered - keys_there), QuestionStatus.LOST)
        record_decisions(db, list(_why_taken_back(loop, gone)))
    return count


def _why_taken_back(loop: Loop, gone: Sequence[LabelEventRow]) -> Iterable[DecisionRow]:
    for row in gone:
        yield decision(
            loop.run_id,
            SubjectKind.IMAGE,
            row.sha256,
            "take back label",
            "annotation_deleted",
            key=row.event_id,
            sku=row.sku,
            annotator=row.actor,
            question=row.question_key,
        )


def _is_suspicious(gone: Sequence[LabelEventRow], said: Sequence[LabelEventRow]) -> bool:
    return len(_annotations(gone)) > max(_FEW, _SHARE * len(_annotations(said)))


def _annotations(rows: Iterable[LabelEventRow]) -> set[tuple[str | None, int | None]]:
    return {(row.question_key, row.annotation_id) for row in rows}


def _from_label_studio(rows: Iterable[LabelEventRow]) -> list[LabelEventRow]:
    return [row for row in rows if row.annotation_id is not None]
