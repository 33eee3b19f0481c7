"""What Label Studio sends, checked before anybody uses it."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from labelling.answers import AnnotatedTask, Annotation


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True, extra="ignore")


class WireAnnotation(_Wire):
    """An annotation; `completed_by` is the id of a user, None once the user is deleted."""

    id: int
    updated_at: AwareDatetime
    completed_by: int | None = None
    was_cancelled: bool = False
    result: Any = None


class WireTask(_Wire):
    """A task; `annotations` is None where they were not asked for."""

    id: int
    updated_at: AwareDatetime
    data: dict[str, Any] = {}
    annotations: tuple[WireAnnotation, ...] | None = None

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
                )
                for annotation in annotations
            ),
        )
