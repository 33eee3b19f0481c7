"""Questions out, answers in. Both can be repeated at any time, and end in the same state."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from labelling.answers import read_answers
from labelling.client import LabelStudioClient
from labelling.errors import LabellingError
from labelling.payloads import Answer, Question, RejectedAnswer, question_of, question_payload
from labelling.wire import TaskState

_BATCH = 100  # questions of one request: a request is all or nothing
# A request that began earlier may become visible later: look back a little. Meeting an answer twice does no harm.
_OVERLAP = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class PullResult:
    """What one pull brought.

    Attributes:
        answers: oldest first; those of the last minute before the cursor come again, and are known by id and time.
        rejected: annotations that cannot become labels.
        cursor: where the next pull begins; store it together with the answers.
        seen_tasks: how many tasks were looked at.
    """

    answers: tuple[Answer, ...]
    rejected: tuple[RejectedAnswer, ...]
    cursor: str | None
    seen_tasks: int = 0

    def with_late(self, late: "PullResult") -> "PullResult":
        """This and what `missed` found beside it."""
        answers = tuple(sorted((*self.answers, *late.answers), key=_age))
        return replace(self, answers=answers, rejected=(*self.rejected, *late.rejected))


def push(client: LabelStudioClient, project_id: int, questions: Sequence[Question]) -> dict[str, int]:
    """Make sure that each question has its task; return the task of each question's key.

    A task that is deleted this very moment is left out; `lost_keys` says so later.

    Raises:
        LabellingError: some tasks could not be imported. Others may have been: push all of them again later.
    """
    wanted = {question.key: question for question in questions}
    there = client.task_ids_by_key(project_id)
    missing = [question for key, question in wanted.items() if key not in there]
    for start in range(0, len(missing), _BATCH):
        _import(client, project_id, missing[start : start + _BATCH])
    if missing:
        there = client.task_ids_by_key(project_id)
    refresh(client, project_id)
    return {key: there[key] for key in wanted if key in there}


def refresh(client: LabelStudioClient, project_id: int) -> int:
    """Bring the tasks that wait for an answer to what today's interface shows; return how many were not.

    An earlier skuloop made tasks without what its interface did not have yet.
    """
    stale = 0
    for task in client.open_tasks(project_id):
        question = question_of(task.data)
        data = None if question is None else question_payload(question)["data"]
        if data is not None and data != task.data:
            client.update_task(task.task_id, data)
            stale += 1
    return stale


def pull(client: LabelStudioClient, project_id: int, cursor: str | None, known_skus: Collection[str]) -> PullResult:
    """Read every answer that was given or changed since the cursor (None: since ever).

    Args:
        client: of the Label Studio that holds the project.
        project_id: from `ensure_project`.
        cursor: of the last pull; Label Studio's own clock, not ours.
        known_skus: products that an annotator may name beside a question's candidates.
    """
    last, reads = _moment(cursor), _Reads()
    for task in client.tasks_updated_since(project_id, last - _OVERLAP if last else None):
        last = max(last, task.updated_at) if last else task.updated_at
        reads.add(read_answers(task, known_skus))
    return reads.result(last.isoformat() if last else None)


def missed(
    client: LabelStudioClient,
    project_id: int,
    states: Iterable[TaskState],
    known: Collection[tuple[str, int]],
    known_skus: Collection[str],
) -> PullResult:
    """Read the answers that no pull since a cursor brings, by comparing ids.

    Label Studio stores an annotation first and notes the time on its task afterwards. Killed in between, it keeps an
    answer on a task that looks untouched.

    Args:
        client: of the Label Studio that holds the project.
        project_id: from `ensure_project`.
        states: of all tasks. Answers that are not in them are left to the next pull: whoever compares what was stored
            with these states would take them for deleted.
        known: question key and annotation id of everything that was pulled before.
        known_skus: products that an annotator may name beside a question's candidates.
    """
    unmet = {state.task_id: state for state in states if _has_unmet(state, known)}
    reads = _Reads()
    for task in client.tasks_by_id(project_id, unmet):
        every, there = read_answers(task, known_skus), unmet[task.task_id].annotations
        reads.add(
            read
            for read in every
            if read.annotation_id in there and (read.question_key, read.annotation_id) not in known
        )
    return reads.result(None)


@dataclass
class _Reads:
    """What was read of tasks, one after the other."""

    answers: list[Answer] = field(default_factory=list)
    rejected: list[RejectedAnswer] = field(default_factory=list)
    tasks: int = 0

    def add(self, of_task: Iterable[Answer | RejectedAnswer]) -> None:
        self.tasks += 1
        for read in of_task:
            if isinstance(read, Answer):
                self.answers.append(read)
            else:
                self.rejected.append(read)

    def result(self, cursor: str | None) -> PullResult:
        return PullResult(tuple(sorted(self.answers, key=_age)), tuple(self.rejected), cursor, self.tasks)


def _age(answer: Answer) -> tuple[datetime, int]:
    return answer.at, answer.annotation_id


def _has_unmet(state: TaskState, known: Collection[tuple[str, int]]) -> bool:
    """Skipping is no answer: a task that was only ever skipped is not looked at again and again."""
    may_be_answered = state.is_answered or not state.is_counted
    return may_be_answered and any((state.key, annotation) not in known for annotation in state.annotations)


def lost_keys(states: Iterable[TaskState], open_keys: Iterable[str]) -> set[str]:
    """Those of the keys whose task was deleted in Label Studio; no pull would ever say so."""
    return set(open_keys) - {state.key for state in states}


def _import(client: LabelStudioClient, project_id: int, questions: Sequence[Question]) -> None:
    """Import a batch. An error does not say whether Label Studio kept it, so look, and send nothing twice.

    Where something is missing the error goes on: a request that merely took too long may yet be carried out, and only
    a later push can tell.
    """
    try:
        client.import_tasks(project_id, [question_payload(question) for question in questions])
    except LabellingError:
        if not {question.key for question in questions} <= client.task_ids_by_key(project_id).keys():
            raise


def _moment(cursor: str | None) -> datetime | None:
    """A cursor that cannot be read costs a full pull, not an answer."""
    try:
        return datetime.fromisoformat(cursor) if cursor else None
    except ValueError:
        return None
