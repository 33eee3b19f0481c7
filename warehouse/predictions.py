"""What the published release believes of each photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.vocabulary import Verdict
from warehouse.images import UsableImage
from warehouse.rows import Candidates
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One belief: `sku` is None for an unseen product; `candidates` are SKUs with scores, best first."""

    sha256: str
    release_id: str
    run_id: str
    night_id: str
    sku: str | None
    confidence: float
    similarity: float
    verdict: Verdict
    candidates: Candidates
    predicted_at: datetime


def add_predictions(db: Session, rows: Sequence[PredictionRow]) -> int:
    """Store beliefs; return how many are new. A release believes one thing of a photo: the first stays."""
    return db.run_over("predictions/add", rows)


def unpredicted_camera_images(db: Session, release_id: str) -> list[UsableImage]:
    """Return the unlabelled camera images that this release has not seen, by sha256."""
    return db.rows(UsableImage, "predictions/unpredicted", release_id=release_id)


def predictions_for_review(db: Session, release_id: str) -> list[PredictionRow]:
    """Return what this release believes of usable photos that are neither labelled nor asked about, by sha256.

    All verdicts are given: the random arm also draws from the sure ones. A photo whose question was withdrawn or lost
    may be asked about again.
    """
    return db.rows(PredictionRow, "predictions/for_review", release_id=release_id)


def forget_old_predictions(db: Session, current: str | None, releases: int) -> int:
    """Delete what releases of long ago believed, and return how many rows.

    Kept are the first judgement of each photo, and all of the `current` release and of the last `releases` candidates.
    """
    return db.run("predictions/forget", current=current, releases=releases)


def waiting_since(db: Session) -> dict[str, datetime]:
    """Return when each photo was judged first, by any release."""
    return dict(db.tuples("predictions/waiting_since"))


def night_verdicts(db: Session, night_id: str) -> dict[Verdict, int]:
    """Return how many photos that a night judged first got each verdict; verdicts that nobody got are 0."""
    counts = dict(db.tuples("predictions/night_verdicts", night_id=night_id))
    return {verdict: counts.get(verdict, 0) for verdict in Verdict}
