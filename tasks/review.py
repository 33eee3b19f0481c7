"""Ask people: tidy up, have tonight's questions chosen, draw their sheets, push them into Label Studio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

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
from recognition.vocabulary import QuestionKind
from tasks.choosing import choose
from tasks.label_studio import connect
from tasks.loop import Loop, stage
from tasks.recognise import RecogniseReport
from tasks.tidying import tidy
from warehouse.images import image_paths, portraits
from warehouse.products import titles
from warehouse.questions import QuestionRow, mark_pushed, pending_questions

SHEETS = "sheets"  # under the images root, because Label Studio may serve nothing else
_PROMPTS = {
    QuestionKind.WHICH_PRODUCT: "Which product is this?",
    QuestionKind.ONE_PRODUCT: "Do all of these photos show one product? Which?",
    QuestionKind.RIGHT_LABEL: "Is it labelled right? The first one is what it is said to be.",
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
        chosen = choose(loop) if recognised.release_id is not None else 0
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
        prompt=_PROMPTS[row.kind],
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
