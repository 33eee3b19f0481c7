"""Pull the answers: label events for what people said, rows with a reason for what cannot be used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from labelling.client import LabelStudioClient
from labelling.errors import LabellingError
from labelling.payloads import Answer, AnswerKind, RejectedAnswer, new_sku
from labelling.sync import PullResult, lost_keys, pull
from recognition.vocabulary import AnswerReason, LabelKind, LabelOrigin
from tasks.label_studio import connect
from tasks.ledger import decision
from tasks.loop import Loop, stage
from warehouse.labels import LabelEventRow, RejectedAnswerRow, append_label_events, append_rejected_answers
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.products import ProductRow, titles, upsert_products
from warehouse.questions import (
    QuestionRow,
    QuestionStatus,
    get_cursor,
    mark_closed,
    open_questions,
    questions_by_key,
    set_cursor,
)

_CURSOR = "label_studio"
_KINDS = {
    AnswerKind.SKU: LabelKind.SKU,
    AnswerKind.NEW_PRODUCT: LabelKind.SKU,
    AnswerKind.NOT_A_PRODUCT: LabelKind.NOT_A_PRODUCT,
    AnswerKind.BAD_PHOTO: LabelKind.BAD_PHOTO,
}


@dataclass(frozen=True)
class AnswersReport:
    """What came back; `problem` is None where Label Studio could be asked."""

    answers: int = 0
    labels: int = 0
    new_products: int = 0
    rejected: int = 0
    lost: int = 0
    problem: str | None = None


@task(name="pull answers", cache_policy=NO_CACHE)
def pull_answers(loop: Loop) -> AnswersReport:
    """Fold every answer since the last pull; an unreachable Label Studio is a problem, its answers wait there."""
    with stage(loop, "pull") as done:
        try:
            report = _pull(loop)
        except LabellingError as error:
            report = AnswersReport(problem=f"Label Studio: {error}")
        done.summary = (
            f"{report.answers} answers, {report.labels} labels, {report.new_products} new products, "
            f"{report.rejected} set aside, {report.lost} tasks lost"
        )
    return report


def _pull(loop: Loop) -> AnswersReport:
    warehouse = loop.parts.warehouse
    with warehouse.read() as db:
        cursor, known_skus, still_open = get_cursor(db, _CURSOR), set(titles(db)), open_questions(db)
    if cursor is None and not still_open:
        return AnswersReport()  # nothing was ever asked: Label Studio need not even run
    client, project_id = connect(loop.parts)
    found = pull(client, project_id, cursor, known_skus)
    report = _store(loop, found)
    _drop_spoilt(client, project_id, found, still_open)
    lost = lost_keys(client, project_id, [row.question_key for row in still_open])
    with warehouse.write() as db:
        closed = mark_closed(db, sorted(lost), QuestionStatus.LOST)
    return replace(report, lost=closed)


def _drop_spoilt(
    client: LabelStudioClient, project_id: int, found: PullResult, still_open: Iterable[QuestionRow]
) -> None:
    """Delete the tasks whose every answer was set aside, so that a later night may ask about their photos again.

    Label Studio holds such a task for answered and would never show it again. Its question is closed as lost.
    """
    answered = {answer.question_key for answer in found.answers}
    spoilt = {answer.question_key for answer in found.rejected} - answered
    tasks = [row.task_id for row in still_open if row.question_key in spoilt and row.task_id is not None]
    if tasks:
        client.delete_tasks(project_id, tasks)


def _store(loop: Loop, found: PullResult) -> AnswersReport:
    with loop.parts.warehouse.write() as db:  # labels and cursor in one transaction: nothing is pulled and forgotten
        questions = questions_by_key(db, [answer.question_key for answer in found.answers])
        ours = [answer for answer in found.answers if answer.question_key in questions]
        strangers = [answer for answer in found.answers if answer.question_key not in questions]
        sku_of_title = {title.casefold(): sku for sku, title in titles(db).items()}
        new = [
            _product(answer, loop.run_id)
            for answer in ours
            if answer.product_name is not None and answer.product_name.casefold() not in sku_of_title
        ]
        products = upsert_products(db, list({row.sku: row for row in new}.values()))
        labels = append_label_events(db, list(_events(ours, questions, sku_of_title)))
        rejected = append_rejected_answers(db, [*map(_rejected, found.rejected), *map(_stranger, strangers)])
        mark_closed(db, sorted(questions), QuestionStatus.ANSWERED)
        record_decisions(
            db,
            [
                decision(
                    loop.run_id, SubjectKind.SKU, row.sku, "create", "named_by_annotator", key=row.sku, title=row.title
                )
                for row in new
            ],
        )
        if found.cursor is not None:
            set_cursor(db, _CURSOR, found.cursor)
    return AnswersReport(len(found.answers), labels, products.new, rejected)


def _events(
    answers: Iterable[Answer], questions: Mapping[str, QuestionRow], sku_of_title: Mapping[str, str]
) -> Iterable[LabelEventRow]:
    """One event for each photo of the question; an edited answer is a newer event, not another row of the old one."""
    for answer in answers:
        for sha256 in questions[answer.question_key].images:
            yield LabelEventRow(
                event_id=f"annotation-{answer.annotation_id}-{answer.at.isoformat()}-{sha256}",
                sha256=sha256,
                kind=_KINDS[answer.kind],
                sku=_sku(answer, sku_of_title),
                origin=LabelOrigin.ANNOTATOR,
                actor=answer.annotator,
                at=answer.at,
                question_key=answer.question_key,
                annotation_id=answer.annotation_id,
            )


def _sku(answer: Answer, sku_of_title: Mapping[str, str]) -> str | None:
    """The SKU that was meant; who types the title of a known product means that product, not another of its name."""
    if answer.product_name is None:
        return answer.sku
    return sku_of_title.get(answer.product_name.casefold()) or new_sku(answer.product_name)


def _product(answer: Answer, run_id: str) -> ProductRow:
    name = answer.product_name or ""
    return ProductRow(
        sku=new_sku(name),
        title=name,
        brand=None,
        category=None,
        gtin=None,
        description=None,
        url=None,
        source="label-studio",
        named_by=LabelOrigin.ANNOTATOR,
        first_seen_run=run_id,
        updated_at=answer.at,
    )


def _stranger(answer: Answer) -> RejectedAnswerRow:
    """An answer to a question that this warehouse does not hold, as after a database was restored."""
    return RejectedAnswerRow(
        annotation_id=answer.annotation_id,
        task_id=answer.task_id,
        question_key=answer.question_key,
        reason=AnswerReason.UNKNOWN_TASK,
        detail=f"no question {answer.question_key} in the warehouse; the answer was {answer.kind} {answer.sku or ''}",
        at=datetime.now(UTC),
    )


def _rejected(answer: RejectedAnswer) -> RejectedAnswerRow:
    return RejectedAnswerRow(
        annotation_id=answer.annotation_id,
        task_id=answer.task_id,
        question_key=answer.question_key,
        reason=answer.reason,
        detail=answer.detail,
        at=datetime.now(UTC),
    )
