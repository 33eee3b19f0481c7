"""Labels that training holds for wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class SuspicionRow:
    """A photo whose label is probably wrong; `score` is by how much the rival is more probable."""

    sha256: str
    sku: str
    rival: str
    score: float


def add_suspicions(db: Session, taught: str, rows: Sequence[SuspicionRow]) -> int:
    """Store what a training found, by the digest of what it was taught; return how many are new."""
    return db.run_over("suspicions/add", rows, taught=taught)


def suspicions(db: Session, taught: str) -> list[SuspicionRow]:
    """Return the suspicions of the training with that digest, strongest first."""
    return db.rows(SuspicionRow, "suspicions/of_training", taught=taught)
