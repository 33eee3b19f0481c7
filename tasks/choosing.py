"""Choose tonight's questions: gather what may be asked about, let `recognition.asking` choose, store the choice."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

import numpy as np

from recognition.asking.effort import Effort
from recognition.asking.groups import Sheets
from recognition.asking.night import ChosenQuestion, Experience, ReviewPolicy, choose_questions
from recognition.asking.proposals import Photo
from recognition.release.pointer import open_current
from recognition.release.recogniser import Recogniser
from recognition.triage.verdict import Candidate
from recognition.vocabulary import QuestionArm, QuestionKind
from tasks.doubts import labels_in_doubt
from tasks.ledger import decision
from tasks.loop import Loop
from warehouse.answers import answer_seconds
from warehouse.audits import class_rows
from warehouse.images import duplicate_groups
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.predictions import PredictionRow, predictions_for_review, waiting_since
from warehouse.questions import QuestionRow, add_questions, answered_sheets, asked_in, photos_to_ask_alone
from warehouse.session import Session

_REASONS = {
    QuestionArm.UNSEEN: "no known product is near enough",
    QuestionArm.UNSURE: "a known product, but not sure which",
    QuestionArm.FEW_SAMPLES: "its class lacks few samples",
    QuestionArm.CONFLICT: "its labels contradict each other",
    QuestionArm.SUSPECT: "its label is probably wrong",
    QuestionArm.GOLDEN: "the answer is known: it measures how well people answer",
    QuestionArm.RANDOM: "control arm, drawn at random",
}


def choose(loop: Loop) -> int:
    """Store tonight's questions, what its budget still holds after an earlier run of it; return how many."""
    bundle = open_current(loop.parts.paths.releases)
    recogniser = Recogniser.of_bundle(bundle)
    random = _generator(loop.label)
    with loop.parts.warehouse.read() as db:
        asked, experience = asked_in(db, loop.label), _experience(db)
    policy = _what_is_left(loop, asked, experience.effort)
    beliefs = _beliefs(loop, bundle.manifest.release_id)
    doubted = labels_in_doubt(loop.parts, bundle.manifest.release_id, recogniser, policy.budget, random)
    found = {photo.sha256: photo for photo in (*beliefs, *doubted)}
    sha256s, vectors = loop.parts.vectors.load(loop.parts.fingerprint, sorted(found))
    chosen = choose_questions(
        [found[sha256] for sha256 in sha256s],
        recogniser.whiten(vectors) if sha256s else vectors,
        bundle.manifest.thresholds.familiarity,
        policy,
        random,
        experience,
    )
    rows = [_row(loop, bundle.manifest.release_id, question) for question in chosen]
    with loop.parts.warehouse.write() as db:
        added = add_questions(db, rows)
        record_decisions(db, list(map(_why_asked, rows, chosen)))
    return added


def _experience(db: Session) -> Experience:
    return Experience(
        samples={row.sku: row.samples for row in class_rows(db)},
        effort=Effort.timed(answer_seconds(db)),
        sheets=Sheets(*answered_sheets(db)),
    )


def _what_is_left(loop: Loop, asked: Mapping[QuestionKind, int], effort: Effort) -> ReviewPolicy:
    """The night's policy, less what an earlier run of it asked.

    The control arm and the golden questions are drawn once a night: a night that is run again must not draw from what
    it left out.
    """
    limits, again = loop.parts.settings.review, bool(asked)
    return ReviewPolicy(
        budget=limits.budget - sum(asked.values()),
        minutes=limits.minutes - sum(effort.of(kind) * count for kind, count in asked.items()) / 60,
        random_share=0.0 if again else limits.random_share,
        golden_share=0.0 if again else limits.golden_share,
        unseen_share=limits.unseen_share,
        few_samples_share=limits.few_samples_share,
        doubt_share=limits.doubt_share,
        enough=loop.parts.settings.audit.trained_minimum,
    )


def _beliefs(loop: Loop, release_id: str) -> Iterable[Photo]:
    """The photos that nobody labelled or is asked about, with what the release believes of each."""
    with loop.parts.warehouse.read() as db:
        rows = predictions_for_review(db, release_id)
        since, groups, alone = waiting_since(db), duplicate_groups(db), photos_to_ask_alone(db)
    now = datetime.now(UTC)
    return (_photo(row, (now - since[row.sha256]).days, groups, alone) for row in rows)


def _photo(row: PredictionRow, days: int, groups: Mapping[str, str], alone: Collection[str]) -> Photo:
    return Photo(
        sha256=row.sha256,
        verdict=row.verdict,
        confidence=row.confidence,
        candidates=tuple(Candidate(sku, score) for sku, score in row.candidates),
        group=groups.get(row.sha256, ""),
        days=days,
        alone=row.sha256 in alone,
    )


def _generator(label: str) -> np.random.Generator:
    """The night's own random numbers: a rerun of the night draws the same control arm."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big"))


def _row(loop: Loop, release_id: str, question: ChosenQuestion) -> QuestionRow:
    return QuestionRow(
        question_key=question.key,
        kind=question.kind,
        arm=question.arm,
        run_id=loop.run_id,
        night_id=loop.label,
        release_id=release_id,
        sheet_path=None,
        score=question.score,
        reason=_REASONS[question.arm],
        asked_at=datetime.now(UTC),
        images=question.images,
        candidates=tuple((candidate.sku, candidate.score) for candidate in question.candidates),
    )


def _why_asked(row: QuestionRow, chosen: ChosenQuestion) -> DecisionRow:
    subject = (SubjectKind.QUESTION, row.question_key)
    return decision(
        row.run_id,
        *subject,
        "ask",
        row.arm,
        score=row.score,
        seconds=chosen.seconds,
        images=row.images,
        release=row.release_id,
    )
