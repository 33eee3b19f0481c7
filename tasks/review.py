"""Ask people: tidy up, have tonight's questions chosen, draw their sheets, push them into Label Studio."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from labelling.errors import LabellingError
from labelling.sync import push
from tasks.choosing import choose
from tasks.label_studio import connect
from tasks.loop import Loop, stage
from tasks.question_pictures import QuestionPictures
from tasks.recognise import RecogniseReport
from tasks.tidying import tidy
from warehouse.questions import QuestionRow, mark_pushed, pending_questions


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
    pictures = QuestionPictures(loop.parts, pending)
    pictures.write_catalogue()
    questions = [pictures.question(row) for row in pending]
    task_ids = push(client, project_id, questions)
    with loop.parts.warehouse.write() as db:
        return mark_pushed(db, task_ids)
