"""Questions out, answers in: both can be repeated at any time and end in the same state."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from labelling.client import LabelStudioClient
from labelling.payloads import Answer, Question, RejectedAnswer

CandidatesOf = Callable[[Sequence[str]], Mapping[str, Collection[str]]]
"""Question keys in; for those that are ours, the SKUs each of them offered out."""


@dataclass(frozen=True, slots=True)
class PullResult:
    """What one pull brought.

    Attributes:
        answers: Valid answers, oldest first; some may have been pulled before.
        rejected: Annotations that cannot become labels.
        cursor: Where the next pull starts; store it after the answers are stored.
        seen_tasks: How many tasks were looked at.
    """

    answers: tuple[Answer, ...]
    rejected: tuple[RejectedAnswer, ...]
    cursor: str | None
    seen_tasks: int


def push(client: LabelStudioClient, project_id: int, questions: Sequence[Question]) -> dict[str, int]:
    """Make sure every question has exactly one task; return the task id of each question key."""
    raise NotImplementedError


def pull(
    client: LabelStudioClient, project_id: int, cursor: str | None, questions: CandidatesOf, known_skus: Collection[str]
) -> PullResult:
    """Return the answers of all tasks touched since `cursor` (None: since ever)."""
    raise NotImplementedError


def lost_keys(client: LabelStudioClient, project_id: int, open_keys: Iterable[str]) -> set[str]:
    """Return the keys of questions we hold for open whose task somebody deleted in Label Studio."""
    raise NotImplementedError
