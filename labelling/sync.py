"""Questions out, answers in. Both can be repeated at any time, and end in the same state."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from labelling.answers import read_answers
from labelling.client import LabelStudioClient
from labelling.errors import LabellingError
from labelling.payloads import Answer, Question, RejectedAnswer, question_payload
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
    return {key: there[key] for key in wanted if key in there}


def pull(client: LabelStudioClient, project_id: int, cursor: str | None, known_skus: Collection[str]) -> PullResult:
    """Read every answer that was given or changed since the cursor (None: since ever).

    Args:
        client: of the Label Studio that holds the project.
        project_id: from `ensure_project`.
        cursor: of the last pull; Label Studio's own clock, not ours.
        known_skus: products that an annotator may name beside a question's candidates.
    """
    last = _moment(cursor)
    answers: list[Answer] = []
    rejected: list[RejectedAnswer] = []
    seen = 0
    for task in client.tasks_updated_since(project_id, last - _OVERLAP if last else None):
        seen += 1
        last = max(last, task.updated_at) if last else task.updated_at
        for read in read_answers(task, known_skus):
            if isinstance(read, Answer):
                answers.append(read)
            else:
                rejected.append(read)
    answers.sort(key=lambda answer: (answer.at, answer.annotation_id))
    return PullResult(tuple(answers), tuple(rejected), last.isoformat() if last else None, seen)


def missed(
    client: LabelStudioClient, project_id: int, known: Collection[tuple[str, int]], known_skus: Collection[str]
) -> PullResult:
    """Read the answers that no pull since a cursor brings, by comparing ids.

    Label Studio stores an annotation first and notes the time on its task afterwards. Killed in between, it keeps an
    answer on a task that looks untouched.

    Args:
        client: of the Label Studio that holds the project.
        project_id: from `ensure_project`.
        known: question key and annotation id of everything that was pulled before.
        known_skus: products that an annotator may name beside a question's candidates.
    """
    unmet = [state.task_id for state in client.task_states(project_id) if _has_unmet(state, known)]
    answers: list[Answer] = []
    rejected: list[RejectedAnswer] = []
    for task in client.tasks_by_id(project_id, unmet):
        for read in read_answers(task, known_skus):
            if (read.question_key, read.annotation_id) in known:
                continue
            if isinstance(read, Answer):
                answers.append(read)
            else:
                rejected.append(read)
    answers.sort(key=lambda answer: (answer.at, answer.annotation_id))
    return PullResult(tuple(answers), tuple(rejected), None, len(unmet))


def _has_unmet(state: TaskState, known: Collection[tuple[str, int]]) -> bool:
    """By ids alone: a killed Label Studio has not counted its last answer either. Skipped tasks are read each time."""
    return any((state.key, annotation) not in known for annotation in state.annotations)


def lost_keys(client: LabelStudioClient, project_id: int, open_keys: Iterable[str]) -> set[str]:
    """Those of the keys whose task was deleted in Label Studio; no pull would ever say so."""
    return set(open_keys) - client.task_ids_by_key(project_id).keys()


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
