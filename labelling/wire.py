"""What Label Studio is asked, and what it sends, checked before anybody uses it. Pure."""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict

from labelling.answers import AnnotatedTask, Annotation

_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"  # the only way of writing a time that its filters read


@dataclass(frozen=True, slots=True)
class TaskState:
    """How a task of one of our questions stands.

    Attributes:
        key: of its question.
        task_id: in Label Studio.
        annotations: ids of everything that was said or skipped.
        is_answered: whether anybody has answered it; skipping is not answering.
        is_counted: whether Label Studio has counted all of them; killed after it stored one, it has not.
        is_drafted: whether somebody has begun to.
    """

    key: str
    task_id: int
    annotations: frozenset[int]
    is_answered: bool
    is_counted: bool
    is_drafted: bool


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True, extra="ignore")


class WireProject(_Wire):
    """A project."""

    created_at: AwareDatetime


class WireAnnotation(_Wire):
    """An annotation; `completed_by` is the id of a user, None once the user is deleted."""

    id: int
    updated_at: AwareDatetime
    completed_by: int | None = None
    was_cancelled: bool = False
    lead_time: float | None = None
    result: Any = None


class WireTask(_Wire):
    """A task; `annotations` is None where they were not asked for."""

    id: int
    updated_at: AwareDatetime
    data: dict[str, Any] = {}
    annotations: tuple[WireAnnotation, ...] | None = None
    annotations_ids: str | None = None
    total_annotations: int | None = None
    cancelled_annotations: int | None = None
    draft_exists: bool | None = None

    def state(self, key: str) -> TaskState:
        """How the task of a question stands, where Label Studio was asked for it."""
        ids = frozenset(int(number) for number in (self.annotations_ids or "").split(",") if number.strip())
        answered = self.total_annotations or 0
        counted = answered + (self.cancelled_annotations or 0)
        return TaskState(key, self.id, ids, bool(answered), counted >= len(ids), bool(self.draft_exists))

    def annotated(self, usernames: Mapping[int, str]) -> AnnotatedTask:
        """The task in our words; an annotator without a name is called by number."""
        annotations = sorted(self.annotations or (), key=lambda annotation: (annotation.updated_at, annotation.id))
        return AnnotatedTask(
            task_id=self.id,
            updated_at=self.updated_at,
            data=self.data,
            annotations=tuple(
                Annotation(
                    annotation_id=annotation.id,
                    annotator=usernames.get(annotation.completed_by or 0, f"user-{annotation.completed_by}"),
                    at=annotation.updated_at,
                    skipped=annotation.was_cancelled,
                    result=annotation.result,
                    seconds=annotation.lead_time,
                )
                for annotation in annotations
            ),
        )


def task_filter(column: str, operator: str, value: int | datetime) -> dict[str, Any]:
    """One condition on the tasks of a list, in Label Studio's words."""
    kind, written = ("Number", value) if isinstance(value, int) else ("Datetime", _utc(value))
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": written}


def task_query(filters: Sequence[Mapping[str, Any]], ordering: str) -> str:
    """The tasks that meet all of the conditions, in ascending order of a column."""
    return json.dumps({"filters": {"conjunction": "and", "items": list(filters)}, "ordering": [f"tasks:{ordering}"]})


def is_loopback(url: str) -> bool:
    """Whether an address is on this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_MOMENT)
