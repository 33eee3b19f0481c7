"""Ask people: choose tonight's questions, draw their sheets, push them into Label Studio."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from prefect import task
from prefect.cache_policies import NO_CACHE

from labelling.errors import LabellingError
from labelling.payloads import Candidate, Question
from labelling.sync import push
from recognition.errors import UnreadablePictureError
from recognition.files import write_durably
from recognition.pictures.contact_sheet import Tile, contact_sheet
from recognition.pictures.reading import read_picture
from recognition.release.pointer import open_current
from recognition.release.recogniser import Recogniser
from recognition.triage.review import ChosenQuestion, Reviewable, ReviewPolicy, choose_questions
from recognition.triage.verdict import Candidate as RankedCandidate
from recognition.vocabulary import QuestionArm
from tasks.label_studio import connect
from tasks.ledger import decision
from tasks.loop import Loop, stage
from tasks.recognise import RecogniseReport
from tasks.tidying import tidy
from warehouse.images import image_paths, portraits
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.predictions import PredictionRow, predictions_for_review
from warehouse.products import titles
from warehouse.questions import (
    QuestionRow,
    add_questions,
    asked_in,
    mark_pushed,
    pending_questions,
    photos_to_ask_alone,
)

SHEETS = "sheets"  # under the images root, because Label Studio may serve nothing else
_SINGLE_PROMPT = "Which product is this?"
_GROUP_PROMPT = "Do all of these photos show one product? Which?"
_REASONS = {
    QuestionArm.UNSEEN: "no known product is near enough",
    QuestionArm.UNSURE: "a known product, but not sure which",
    QuestionArm.RANDOM: "control arm, drawn at random",
}


@dataclass(frozen=True)
class ReviewReport:
    """What was asked; `problem` is None where Label Studio took it all."""

    chosen: int = 0
    pushed: int = 0
    waiting: int = 0
    problem: str | None = None
    withdrawn: int = 0
    taken_back: int = 0


@task(name="review", cache_policy=NO_CACHE)
def review_queue(loop: Loop, recognised: RecogniseReport) -> ReviewReport:
    """Withdraw what nobody needs to answer, choose within the night's budget, and push.

    What cannot be pushed waits for the next night.
    """
    with stage(loop, "review") as done:
        tidied = tidy(loop, recognised.release_id)
        chosen = _choose(loop) if recognised.release_id is not None else 0
        with loop.parts.warehouse.read() as db:
            pending = pending_questions(db)
        problem, pushed = None, 0
        if pending:
            try:
                pushed = _push(loop, pending)
            except LabellingError as error:
                problem = f"Label Studio: {error}"
        problem = problem or tidied.problem
        waiting = len(pending) - pushed
        report = ReviewReport(chosen, pushed, waiting, problem, tidied.withdrawn, tidied.taken_back)
        done.summary = (
            f"{report.chosen} chosen, {report.pushed} pushed, {report.waiting} waiting, {report.withdrawn} withdrawn"
        )
    return report


def _choose(loop: Loop) -> int:
    """Store tonight's questions; what the night's budget still holds after an earlier run of it."""
    parts = loop.parts
    bundle = open_current(parts.paths.releases)
    release_id = bundle.manifest.release_id
    recogniser = Recogniser.of_bundle(bundle)
    with parts.warehouse.read() as db:
        predictions = {row.sha256: row for row in predictions_for_review(db, release_id)}
        spent, alone = asked_in(db, loop.label), photos_to_ask_alone(db)
    sha256s, vectors = parts.vectors.load(parts.fingerprint, sorted(predictions))
    limits = parts.settings.review
    chosen = choose_questions(
        [_reviewable(predictions[sha256], alone) for sha256 in sha256s],
        recogniser.whiten(vectors) if sha256s else vectors,
        bundle.manifest.thresholds.familiarity,
        # The control arm is drawn once a night: a night that is run again must not draw from what it left out.
        ReviewPolicy(limits.budget - spent, 0.0 if spent else limits.random_share, limits.unseen_share),
        _generator(loop.label),
    )
    rows = [_row(loop, release_id, question) for question in chosen]
    with parts.warehouse.write() as db:
        added = add_questions(db, rows)
        record_decisions(db, [_why_asked(row) for row in rows])
    return added


def _why_asked(row: QuestionRow) -> DecisionRow:
    subject = (SubjectKind.QUESTION, row.question_key)
    return decision(row.run_id, *subject, "ask", row.arm, score=row.score, images=row.images, release=row.release_id)


def _reviewable(row: PredictionRow, alone: Collection[str]) -> Reviewable:
    candidates = tuple(RankedCandidate(sku, score) for sku, score in row.candidates)
    return Reviewable(row.sha256, row.verdict, row.confidence, candidates, row.sha256 in alone)


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


def _push(loop: Loop, pending: Sequence[QuestionRow]) -> int:
    client, project_id = connect(loop.parts)
    with loop.parts.warehouse.read() as db:
        names, likenesses = titles(db), portraits(db)
        paths = image_paths(db, [sha256 for row in pending for sha256 in row.images])
    images = loop.parts.paths.images
    questions = [_question(images, row, names, likenesses, paths) for row in pending]
    task_ids = push(client, project_id, questions)
    with loop.parts.warehouse.write() as db:
        return mark_pushed(db, task_ids)


def _question(
    images: Path, row: QuestionRow, names: Mapping[str, str], likenesses: Mapping[str, str], paths: Mapping[str, str]
) -> Question:
    shown = [paths[sha256] for sha256 in row.images]
    several = len(shown) > 1
    candidates = tuple(Candidate(sku, names.get(sku, sku), score) for sku, score in row.candidates)
    likeness_tiles = [
        (likenesses.get(candidate.sku, ""), f"{place}. {candidate.title}")
        for place, candidate in enumerate(candidates, 1)
    ]
    return Question(
        key=row.question_key,
        kind=row.kind,
        images=row.images,
        sheet=_draw(images, row.question_key, [(path, "") for path in shown], columns=4) if several else shown[0],
        references=_draw(images, f"{row.question_key}-candidates", likeness_tiles, columns=len(candidates)),
        candidates=candidates,
        prompt=_GROUP_PROMPT if several else _SINGLE_PROMPT,
        release_id=row.release_id or "",
    )


def _draw(images: Path, name: str, tiles: Sequence[tuple[str, str]], columns: int) -> str:
    """Draw a contact sheet under the images root and return its path relative to it."""
    path = f"{SHEETS}/{name}.jpg"
    drawn = contact_sheet(
        [Tile(_picture(images, photo), caption) for photo, caption in tiles], columns=columns, side=200
    )
    stream = BytesIO()
    drawn.save(stream, format="JPEG", quality=88)
    write_durably(images / path, stream.getvalue())
    return path


def _picture(images: Path, path: str) -> Image.Image:
    """A stored photo, or a grey tile for a product that nobody has a photo of."""
    if path:
        try:
            return read_picture(images / path)
        except UnreadablePictureError:
            pass  # it was judged readable once; the annotator sees a grey tile rather than no question
    return Image.new("RGB", (200, 200), (225, 225, 228))
