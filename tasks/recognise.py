"""Recognise the unlabelled camera photos that the published release has not seen."""

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.index.opening import open_store
from recognition.release.pointer import open_current
from recognition.release.recogniser import Recogniser
from recognition.vocabulary import Verdict
from tasks.loop import Loop, stage
from tasks.published import follow_history
from warehouse.predictions import PredictionRow, add_predictions, night_verdicts, unpredicted_camera_images


@dataclass(frozen=True)
class RecogniseReport:
    """Verdicts of one night; `release_id` is None before the first release, when every photo waits."""

    release_id: str | None
    sure: int = 0
    unsure: int = 0
    unseen: int = 0

    @property
    def manual_share(self) -> float | None:
        """Share of the night's photos that a person must look at; None where there was no photo."""
        judged = self.sure + self.unsure + self.unseen
        return (self.unsure + self.unseen) / judged if judged else None


@task(name="recognise", cache_policy=NO_CACHE)
def recognise_new(loop: Loop) -> RecogniseReport:
    """Store a verdict for each new photo.

    Raises:
        ReleaseDamagedError: a file of the release is missing or altered.
        EncoderMismatchError: the configured encoder is not that of the release.
    """
    parts = loop.parts
    with stage(loop, "recognise") as done:
        if follow_history(parts) is None:
            done.summary = "no release yet: the photos wait for the first cycle"
            return RecogniseReport(None)
        bundle = open_current(parts.paths.releases)
        release_id = bundle.manifest.release_id
        with parts.warehouse.read() as db:
            waiting = unpredicted_camera_images(db, release_id)
        sha256s, vectors = parts.vectors.load(parts.fingerprint, [image.sha256 for image in waiting])
        recogniser = Recogniser.of_bundle(bundle, open_store(parts.settings.index.address))
        recognitions = recogniser.recognise(vectors, parts.fingerprint)
        now = datetime.now(UTC)
        rows = [
            PredictionRow(
                sha256=sha256,
                release_id=release_id,
                run_id=loop.run_id,
                night_id=loop.label,
                sku=found.sku,
                confidence=found.confidence,
                similarity=found.familiarity,
                verdict=found.verdict,
                candidates=tuple((candidate.sku, candidate.score) for candidate in found.candidates),
                predicted_at=now,
            )
            for sha256, found in zip(sha256s, recognitions, strict=True)
        ]
        with parts.warehouse.write() as db:
            add_predictions(db, rows)
            verdicts = night_verdicts(db, loop.label)
        report = RecogniseReport(release_id, verdicts[Verdict.SURE], verdicts[Verdict.UNSURE], verdicts[Verdict.UNSEEN])
        done.summary = f"{report.sure} sure, {report.unsure} unsure, {report.unseen} unseen by {release_id}"
    return report
