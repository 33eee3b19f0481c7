"""What the published tables say of nights, releases and stages: the same queries that a data team would write."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from recognition.vocabulary import Verdict
from warehouse.snapshot import query_snapshot

_JUDGED = """
SELECT night_id, sha256, release_id, verdict, prediction.sku, candidates[1].sku AS best
FROM first_judgement JOIN prediction USING (sha256, release_id, night_id, verdict)
ORDER BY night_id, sha256
"""
_PROMISED = "SELECT release_id, value FROM release_metric WHERE metric = 'promised_precision'"
_ASKED = "SELECT night_id, count(*), count(*) FILTER (status = 'answered') FROM question GROUP BY night_id"
_LABELLED = """
SELECT question.night_id, label_event.sha256, label_event.sku
FROM label_event JOIN question USING (question_key)
WHERE label_event.origin = 'annotator'
"""
_RELEASES = """
SELECT release_id, cycle_id, status, reason, published_method, samples, classes_trained, classes_gallery,
    classes_quarantined,
    (SELECT value FROM release_metric AS m WHERE m.release_id = release.release_id AND metric = 'top1'
        AND method = 'this release') AS holdout,
    (SELECT max(value) FROM release_metric AS m WHERE m.release_id = release.release_id AND metric = 'top1'
        AND method <> 'this release') AS baseline
FROM release ORDER BY seq
"""
_STAGES = """
SELECT stage, count(*), sum(seconds), max(seconds), arg_max(label, seconds)
FROM run_stage JOIN run USING (run_id) GROUP BY stage ORDER BY sum(seconds) DESC
"""
# Every label of a person must have come through Label Studio, none before the judgement that it is set against.
_ANSWERS_WITHOUT_LABEL_STUDIO = "SELECT count(*) FROM label_event WHERE origin = 'annotator' AND annotation_id IS NULL"
_ANSWERED_BEFORE_JUDGED = """
SELECT count(DISTINCT sha256) FROM label_event JOIN first_judgement USING (sha256) WHERE labelled_at <= predicted_at
"""
_SET_ASIDE = "SELECT count(*) FROM rejected_answer"
_REFUSED = "SELECT reason, count(*) FROM image WHERE reason <> 'ok' GROUP BY reason ORDER BY reason"


@dataclass(frozen=True, slots=True)
class NightFigures:
    """One night, measured by the photos that it judged first; shares are None where nothing was judged.

    Attributes:
        releases: that judged them.
        delivered: photos put into the inbox for this night.
        judged: photos that it was the first to judge.
        sure: how many of them it is sure of.
        coverage: the same as a share.
        sure_right: share of the sure answers that are the official label.
        promised: what the release promises of sure answers.
        manual_share: 1 - coverage.
        top1: share whose best candidate is the official label, whatever the verdict: prequential accuracy.
        questions: asked that night.
        answered: of those, answered and pulled.
        labels: photos that got a label from the answers; golden questions bring none.
        labels_right: share of those labels that are the official label.
    """

    night: str
    releases: tuple[str, ...]
    delivered: int
    judged: int
    sure: int
    coverage: float | None
    sure_right: float | None
    promised: float | None
    manual_share: float | None
    top1: float | None
    questions: int
    answered: int
    labels: int
    labels_right: float | None


@dataclass(frozen=True, slots=True)
class ReleaseFigures:
    """One candidate: classes by tier, and top-1 on its own holdout beside the best flat baseline."""

    release_id: str
    cycle: str
    status: str
    reason: str
    method: str
    training_photos: int
    trained: int
    gallery: int
    quarantined: int
    holdout_top1: float | None
    best_baseline: float | None


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One stage over all runs, in seconds."""

    stage: str
    runs: int
    seconds: float
    slowest: float
    slowest_run: str


@dataclass(frozen=True, slots=True)
class Checks:
    """Counts that must be zero for the figures to mean what they say."""

    answers_past_label_studio: int
    photos_answered_before_judged: int
    answers_set_aside: int


def nights(snapshot: Path, truth: Mapping[str, str], delivered: Mapping[str, int]) -> list[NightFigures]:
    """The figures of every night of `delivered`, which says how many photos arrived."""
    found = _Found.of(snapshot, truth)
    return [found.figures(night, [night], photos) for night, photos in delivered.items()]


def together(name: str, snapshot: Path, truth: Mapping[str, str], delivered: Mapping[str, int]) -> NightFigures:
    """The figures of several nights as if they were one, under a name of its own."""
    return _Found.of(snapshot, truth).figures(name, list(delivered), sum(delivered.values()))


def releases(snapshot: Path) -> list[ReleaseFigures]:
    """Every candidate, oldest first."""
    return [ReleaseFigures(*row) for row in _rows(snapshot, _RELEASES)]


def stages(snapshot: Path) -> list[StageFigures]:
    """Seconds of each stage, the most expensive first. The last run's own snapshot is not in it yet."""
    return [StageFigures(*row) for row in _rows(snapshot, _STAGES)]


def refused(snapshot: Path) -> dict[str, int]:
    """How many photos the audit refused for which reason: they are neither taught nor judged."""
    return dict(_rows(snapshot, _REFUSED))


def checks(snapshot: Path) -> Checks:
    """The counts that must be zero."""
    queries = (_ANSWERS_WITHOUT_LABEL_STUDIO, _ANSWERED_BEFORE_JUDGED, _SET_ASIDE)
    return Checks(*(int(_rows(snapshot, query)[0][0]) for query in queries))


@dataclass(frozen=True, slots=True)
class _Found:
    """What the tables say, by night."""

    truth: Mapping[str, str]
    judged: Mapping[str, list[tuple[Any, ...]]]
    labelled: Mapping[str, list[tuple[Any, ...]]]
    asked: Mapping[str, tuple[int, int]]
    promised: Mapping[str, float]

    @classmethod
    def of(cls, snapshot: Path, truth: Mapping[str, str]) -> Self:
        return cls(
            truth=truth,
            judged=_by_night(_rows(snapshot, _JUDGED)),
            labelled=_by_night(_rows(snapshot, _LABELLED)),
            asked={night: (questions, answered) for night, questions, answered in _rows(snapshot, _ASKED)},
            promised=dict(_rows(snapshot, _PROMISED)),
        )

    def figures(self, name: str, nights: Sequence[str], delivered: int) -> NightFigures:
        judged = [row for night in nights for row in self.judged.get(night, ())]
        asked = [self.asked.get(night, (0, 0)) for night in nights]
        releases = tuple(sorted({row[1] for row in judged}))
        sure = [sku == self.truth[sha256] for sha256, _, verdict, sku, _ in judged if verdict == Verdict.SURE]
        labels = [sku == self.truth[sha256] for night in nights for sha256, sku in self.labelled.get(night, ())]
        coverage = len(sure) / len(judged) if judged else None
        return NightFigures(
            night=name,
            releases=releases,
            delivered=delivered,
            judged=len(judged),
            sure=len(sure),
            coverage=coverage,
            sure_right=_share(sure),
            promised=min((self.promised[release] for release in releases), default=None),
            manual_share=None if coverage is None else 1 - coverage,
            top1=_share([best == self.truth[sha256] for sha256, _, _, _, best in judged]),
            questions=sum(questions for questions, _ in asked),
            answered=sum(answered for _, answered in asked),
            labels=len(labels),
            labels_right=_share(labels),
        )


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


def _by_night(rows: Sequence[tuple[Any, ...]]) -> defaultdict[str, list[tuple[Any, ...]]]:
    """Rows without their first column, by that column."""
    found: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for night, *rest in rows:
        found[night].append(tuple(rest))
    return found


def _rows(snapshot: Path, query: str) -> list[tuple[Any, ...]]:
    return query_snapshot(snapshot, query).rows
