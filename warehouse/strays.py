"""Photos that people took out of the group that they were shown in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class StrayRow:
    """One photo that one annotation says does not belong to the group of a question."""

    question_key: str
    sha256: str
    annotation_id: int


def replace_strays(db: Session, annotations: Collection[int], rows: Sequence[StrayRow]) -> None:
    """Store what the newest version of each of these annotations says, in place of what an older one said."""
    if annotations:
        kept = [f"{row.annotation_id}-{row.sha256}" for row in rows]
        db.run("strays/forget", annotations=sorted(annotations), kept=kept)
    db.run_over("strays/add", rows)
