"""The tables of a result, for the terminal and for the docs: one content, two renderings."""

from dataclasses import dataclass

from benchmarks.grocery_accuracy import ReleaseAccuracy
from benchmarks.grocery_result import Result
from recognition.vocabulary import IsolationMethod
from skuloop.output import percent
from tasks.settings import PRODUCTION_ENCODER


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table as GitHub shows it."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


def notes(result: Result) -> list[str]:
    """What a reader must know before the figures."""
    return [_photos(result), _encoder(result), _annotator(result), _headline(result), _machine(result)]


def tables(result: Result) -> list[Table]:
    """Every table of a result."""
    return [
        *(_accuracy(result, accuracy) for accuracy in result.accuracies),
        _nights(result),
        _releases(result),
        _proofs(result),
        _stages(result),
    ]


def markdown(result: Result) -> str:
    """The block for the docs."""
    blocks = ["\n".join(f"- {note}" for note in notes(result)), *(table.markdown() for table in tables(result))]
    return "\n\n".join(blocks) + "\n"


def _photos(result: Result) -> str:
    setup = result.setup
    refused = ", ".join(f"{count} as {reason}" for reason, count in result.refused.items()) or "none"
    splits = f"{setup.train_photos} train, {setup.validation_photos} val and {setup.test_photos} test photos"
    return (
        f"Photos: Grocery Store Dataset (Klasson et al., WACV 2019, MIT), copies of 256 px; {setup.classes} products, "
        f"{splits} of the official split. The audit refused {refused}. The shop is "
        f"local, its prices are synthetic. The test photos arrive in an order drawn by seed {setup.seed}; at most "
        f"{setup.budget} questions a night."
    )


def _encoder(result: Result) -> str:
    setup = result.setup
    looks = (
        "It sees the whole picture."
        if setup.isolation is IsolationMethod.NONE
        else "It isolates products by a foreground head, taught with the iconic pictures, and sees their colours."
    )
    return (
        f"Encoder: {setup.encoder} at {setup.image_size} px, a supervised ViT-Tiny. It stands in for skuloop's default "
        f"encoder {PRODUCTION_ENCODER}. {looks}"
    )


def _annotator(result: Result) -> str:
    given, setup = result.annotator, result.setup
    return (
        "Annotator: SIMULATED. A program answers through the Label Studio API with the official label; of several "
        "photos in one question, with what most of them show, so a question about a mixed group can label some "
        f"of its photos wrong. Error rate {percent(setup.error_rate)}: "
        f"{given.mistakes} of {given.answered} answers were wrong on purpose."
    )


def _headline(result: Result) -> str:
    return (
        f"The headline is {_short(result.headline.release_id)}, the last release before the first test photo arrived. "
        "Test photos that were answered are training data of later releases; those are measured only on the photos of "
        "their own night, before any answer about them existed."
    )


def _machine(result: Result) -> str:
    machine = result.machine
    return (
        f"Machine: {machine.cpu}, {machine.cores} cores, no GPU used; load over the last 15 minutes "
        f"{machine.load:.1f}. The whole run took {result.seconds / 60:.1f} minutes"
        f"{', photos of the camera encoded before' if result.setup.known_vectors else ''}."
    )


def _accuracy(result: Result, found: ReleaseAccuracy) -> Table:
    role = "headline: " if found is result.headline else ""
    rows = [
        (accuracy.method, f"{accuracy.share:.2%}", f"{accuracy.right} of {accuracy.photos}")
        for accuracy in found.accuracies
    ]
    low, high = found.lead_low * 100, found.lead_high * 100
    interval = f"95 % interval {low:+.2f} to {high:+.2f} (paired bootstrap)"
    rows += [
        ("lead over nearest prototype", f"{found.lead * 100:+.2f} points", interval),
        ("coverage (answered sure)", percent(found.coverage), ""),
        ("right among the sure", percent(found.sure_right), f"promised {percent(found.promised)}"),
    ]
    title = (
        f"{role}{_short(found.release_id)} on the official test split, never seen in training "
        f"({found.training_photos} training photos for every method; published: {found.method}; "
        f"{found.not_recognised} test photos refused by the audit count as wrong)"
    )
    return Table(title, ("method", "top-1 accuracy", "photos"), tuple(rows))


def _nights(result: Result) -> Table:
    rows = [
        (
            night.night,
            ", ".join(map(_short, night.releases)) or "none yet",
            str(night.delivered),
            str(night.judged),
            percent(night.top1),
            percent(night.coverage),
            f"{percent(night.sure_right)} of {night.sure}",
            percent(night.promised),
            percent(night.manual_share),
            f"{night.answered} of {night.questions}",
            str(night.labels),
            percent(night.labels_right),
        )
        for night in (*result.nights, result.test_nights)
    ]
    columns = (
        "night", "release", "arrived", "judged", "top-1", "coverage", "right of sure", "promised", "manual share",
        "answered", "labels", "labels right",
    )  # fmt: skip
    title = (
        "Nights: every photo is judged before any of its answers exist (top-1 is prequential accuracy); "
        "'answered' are questions, 'labels' the photos that they name"
    )
    return Table(title, columns, tuple(rows))


def _releases(result: Result) -> Table:
    rows = [
        (
            _short(release.release_id),
            release.cycle,
            f"{release.status}: {release.reason}",
            release.method,
            str(release.training_photos),
            str(release.trained),
            str(release.gallery),
            str(release.quarantined),
            _fraction(release.holdout_top1),
            _fraction(release.best_baseline),
        )
        for release in result.releases
    ]
    columns = (
        "release", "cycle", "outcome", "method", "photos", "trained", "gallery", "quarantined", "holdout top-1",
        "best flat",
    )  # fmt: skip
    title = "Releases: training photos, classes by tier, top-1 on the gate's own holdout beside the best flat baseline"
    return Table(title, columns, tuple(rows))


def _proofs(result: Result) -> Table:
    rows = [
        (
            proof.what,
            f"{proof.tables} tables, {proof.rows} rows; {', '.join(proof.files)}; {proof.tasks} Label Studio tasks",
            ", ".join(proof.changed) or "nothing",
        )
        for proof in result.proofs
    ]
    checks = result.checks
    rows += [
        ("labels of people", "those that did not come through Label Studio", str(checks.answers_past_label_studio)),
        ("photos", "those with a label older than their first judgement", str(checks.photos_answered_before_judged)),
        ("answers", "those set aside as unusable", str(checks.answers_set_aside)),
    ]
    title = "Proofs: run again (all tables but the records of runs compared row by row), and counts that must be 0"
    return Table(title, ("what", "looked at", "found"), tuple(rows))


def _stages(result: Result) -> Table:
    rows = [
        (stage.stage, str(stage.runs), f"{stage.seconds:.1f}", f"{stage.slowest:.1f}", stage.slowest_run)
        for stage in result.stages
    ]
    return Table("Seconds per stage, over all runs", ("stage", "runs", "seconds", "slowest", "which"), tuple(rows))


def _short(release_id: str) -> str:
    """The number of a release without the digest of its content, which result.json has."""
    return release_id.partition("-")[0]


def _fraction(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"
