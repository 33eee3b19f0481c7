"""Pull the answers: label events for what people said, rows with a reason for what cannot be used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from labelling.errors import LabellingError
from labelling.payloads import Answer, AnswerKind, RejectedAnswer, new_sku
from labelling.sync import PullResult, lost_keys, pull
from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.vocabulary import LabelKind, LabelOrigin
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
    lost = lost_keys(client, project_id, [row.question_key for row in still_open])
    return _store(loop, found, lost)


def _store(loop: Loop, found: PullResult, lost: Iterable[str]) -> AnswersReport:
    with loop.parts.warehouse.write() as db:  # labels and cursor in one transaction: nothing is pulled and forgotten
        questions = questions_by_key(db, [answer.question_key for answer in found.answers])
        new = [_product(answer, loop.run_id) for answer in found.answers if answer.kind is AnswerKind.NEW_PRODUCT]
        products = upsert_products(db, list({row.sku: row for row in new}.values()))
        labels = append_label_events(db, list(_events(found.answers, questions)))
        rejected = append_rejected_answers(db, [_rejected(answer) for answer in found.rejected])
        mark_closed(db, sorted(questions), QuestionStatus.ANSWERED)
        closed = mark_closed(db, sorted(lost), QuestionStatus.LOST)
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
    return AnswersReport(len(found.answers), labels, products.new, rejected, closed)


def _events(answers: Iterable[Answer], questions: Mapping[str, QuestionRow]) -> Iterable[LabelEventRow]:
    """One event for each photo of the question; an edited answer is a newer event, not another row of the old one."""
    for answer in answers:
        question = questions.get(answer.question_key)
        for sha256 in question.images if question else ():
            yield LabelEventRow(
                event_id=f"annotation-{answer.annotation_id}-{answer.at.isoformat()}-{sha256}",
                sha256=sha256,
                kind=_KINDS[answer.kind],
                sku=_sku(answer),
                origin=LabelOrigin.ANNOTATOR,
                actor=answer.annotator,
                at=answer.at,
                question_key=answer.question_key,
                annotation_id=answer.annotation_id,
            )


def _sku(answer: Answer) -> str | None:
    return new_sku(answer.product_name) if answer.product_name is not None else answer.sku


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


def _rejected(answer: RejectedAnswer) -> RejectedAnswerRow:
    return RejectedAnswerRow(
        annotation_id=answer.annotation_id,
        task_id=answer.task_id,
        question_key=answer.question_key,
        reason=answer.reason,
        detail=answer.detail,
        at=datetime.now(UTC),
    )
