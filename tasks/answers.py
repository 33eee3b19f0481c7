"""Pull the answers: label events for what people said, rows with a reason for what cannot be used."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

from prefect import task
from prefect.cache_policies import NO_CACHE

from labelling.client import LabelStudioClient
from labelling.errors import LabellingError
from labelling.payloads import Answer, AnswerKind, RejectedAnswer
from labelling.sync import PullResult, lost_keys, missed, pull
from labelling.wire import TaskState
from recognition.vocabulary import AnswerReason, LabelOrigin, QuestionArm
from tasks.label_studio import connect
from tasks.labels import KIND_OF_LABEL
from tasks.ledger import decision
from tasks.loop import Loop, stage
from tasks.naming import AmbiguousName, KnownNames, Meaning, folded
from tasks.tidying import take_back_deleted
from warehouse.answers import AnswerRow, add_answers
from warehouse.labels import (
    LabelEventRow,
    RejectedAnswerRow,
    annotators_statements,
    append_label_events,
    append_rejected_answers,
    known_annotations,
    withdraw_statements,
)
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.products import ProductRow, all_products, titles, upsert_products
from warehouse.questions import (
    QuestionRow,
    QuestionStatus,
    ask_again,
    get_cursor,
    mark_closed,
    mark_settled,
    open_questions,
    questions_by_key,
    set_cursor,
)
from warehouse.session import Session
from warehouse.strays import StrayRow, replace_strays

Version: TypeAlias = tuple[int, datetime]
"""An annotation as it was at one time: an edited one means something else."""

_CURSOR = "label_studio"
_LONGEST_DETAIL = 300


@dataclass(frozen=True)
class AnswersReport:
    """What came back; `problem` is None where Label Studio could be asked."""

    answers: int = 0
    labels: int = 0
    new_products: int = 0
    rejected: int = 0
    lost: int = 0
    problem: str | None = None
    taken_back: int = 0


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
            f"{report.rejected} set aside, {report.taken_back} labels taken back, {report.lost} tasks lost"
        )
    return report


def _pull(loop: Loop) -> AnswersReport:
    warehouse = loop.parts.warehouse
    with warehouse.read() as db:
        cursor, known_skus, still_open = get_cursor(db, _CURSOR), set(titles(db)), open_questions(db)
        names = KnownNames(all_products(db))
    if cursor is None and not still_open:
        return AnswersReport()  # nothing was ever asked: Label Studio need not even run
    client, project_id = connect(loop.parts)
    found = pull(client, project_id, cursor, known_skus)
    states = list(client.task_states(project_id))  # after the pull, so all that it brought is in them
    found = _without_ambiguous(_with_missed(loop, client, project_id, found, states, known_skus), names)
    report = _store(loop, found, names)
    dropped = _drop_spoilt(client, project_id, found, still_open)
    states = [state for state in states if state.task_id not in dropped]
    taken_back, problem = take_back_deleted(loop, client, project_id, states)
    closed = _close_lost(loop, client, project_id, states, still_open)
    return replace(report, lost=closed, taken_back=taken_back, problem=problem)


def _with_missed(
    loop: Loop,
    client: LabelStudioClient,
    project_id: int,
    found: PullResult,
    states: Sequence[TaskState],
    known_skus: Collection[str],
) -> PullResult:
    """Add the answers that a Label Studio which was killed keeps on tasks that look untouched."""
    with loop.parts.warehouse.read() as db:
        known = known_annotations(db)
    known |= {(answer.question_key, answer.annotation_id) for answer in found.answers}
    known |= {(row.question_key or "", row.annotation_id) for row in found.rejected}
    return found.with_late(missed(client, project_id, states, known, known_skus))


def _close_lost(
    loop: Loop,
    client: LabelStudioClient,
    project_id: int,
    states: Sequence[TaskState],
    still_open: Sequence[QuestionRow],
) -> int:
    """Close the questions whose tasks somebody deleted; where the whole project was lost, they are pushed anew."""
    lost = lost_keys(states, [row.question_key for row in still_open])
    is_all = bool(lost) and len(lost) == len(still_open) and not states
    began = client.project_began(project_id) if is_all else None
    is_new_project = began is not None and all(row.asked_at < began for row in still_open)
    with loop.parts.warehouse.write() as db:
        if is_new_project:
            ask_again(db, sorted(lost))
            return 0
        return mark_closed(db, sorted(lost), QuestionStatus.LOST)


def _without_ambiguous(found: PullResult, names: KnownNames) -> PullResult:
    """Set aside the names that several products have: nobody guesses which was meant."""
    kept, rejected = [], list(found.rejected)
    for answer in found.answers:
        meant = None if answer.product_name is None else _looked_up(answer, names)
        if isinstance(meant, AmbiguousName):
            detail = f"{answer.product_name!r}: {meant}"
            reason = AnswerReason.UNKNOWN_CLASS
            rejected.append(
                RejectedAnswer(
                    answer.annotation_id, answer.task_id, answer.question_key, reason, detail[:_LONGEST_DETAIL]
                )
            )
        else:
            kept.append(answer)
    return replace(found, answers=tuple(kept), rejected=tuple(rejected))


def _drop_spoilt(
    client: LabelStudioClient, project_id: int, found: PullResult, still_open: Iterable[QuestionRow]
) -> set[int]:
    """Delete the tasks whose every answer was set aside, so that a later night may ask about their photos again.

    Label Studio holds such a task for answered and would never show it again. Its question is closed as lost.
    """
    answered = {answer.question_key for answer in found.answers}
    spoilt = {answer.question_key for answer in found.rejected} - answered
    tasks = {row.task_id for row in still_open if row.question_key in spoilt and row.task_id is not None}
    if tasks:
        client.delete_tasks(project_id, sorted(tasks))
    return tasks


def _store(loop: Loop, found: PullResult, names: KnownNames) -> AnswersReport:
    with loop.parts.warehouse.write() as db:  # labels and cursor in one transaction: nothing is pulled and forgotten
        questions = questions_by_key(db, [answer.question_key for answer in found.answers])
        ours = [answer for answer in found.answers if answer.question_key in questions]
        strangers = [answer for answer in found.answers if answer.question_key not in questions]
        meant = {_version(answer): _meaning(answer, names) for answer in ours if answer.product_name is not None}
        named = [answer for answer in ours if answer.product_name is not None and not _is_golden(answer, questions)]
        new = [
            _product(answer, sku, loop.run_id) for answer in named if (sku := meant[_version(answer)].sku) not in names
        ]
        products = upsert_products(db, list({row.sku: row for row in new}.values()))
        labels = append_label_events(db, list(_events(ours, questions, meant)))
        add_answers(db, [_answer(loop, answer, meant) for answer in ours])
        rejected = append_rejected_answers(db, [*map(_rejected, found.rejected), *map(_stranger, strangers)])
        last_version = {answer.annotation_id: answer for answer in ours}
        replace_strays(db, last_version, list(_stray_rows(last_version.values())))
        _dissolve(loop, db, [answer for answer in ours if answer.kind is AnswerKind.SPLIT], questions)
        last = {answer.question_key: answer.kind for answer in ours}
        dissolved = sorted(key for key, kind in last.items() if kind is AnswerKind.SPLIT)
        mark_settled(db, dissolved, QuestionStatus.DISSOLVED)
        mark_settled(db, sorted(last.keys() - set(dissolved)), QuestionStatus.ANSWERED)
        record_decisions(db, [_why_product(loop, answer, meant[_version(answer)]) for answer in named])
        if found.cursor is not None:
            set_cursor(db, _CURSOR, found.cursor)
    return AnswersReport(len(found.answers), labels, products.new, rejected)


def _dissolve(loop: Loop, db: Session, splits: Sequence[Answer], questions: Mapping[str, QuestionRow]) -> None:
    """Record who took a group apart; what the same annotation said of it before, it no longer says."""
    standing = annotators_statements(db) if splits else []
    for split in splits:
        before = [row for row in standing if row.annotation_id == split.annotation_id and row.at < split.at]
        before = [row for row in before if row.question_key == split.question_key]
        withdraw_statements(db, before, split.annotator, split.at)
    record_decisions(db, [_why_dissolved(loop, split, questions[split.question_key]) for split in splits])


def _why_dissolved(loop: Loop, split: Answer, asked: QuestionRow) -> DecisionRow:
    key = f"annotation-{split.annotation_id}-{split.at.isoformat()}"
    subject = (SubjectKind.QUESTION, split.question_key)
    return decision(
        loop.run_id, *subject, "dissolve", "not_one_product", key=key, annotator=split.annotator, images=asked.images
    )


def _why_product(loop: Loop, answer: Answer, meant: Meaning) -> DecisionRow:
    """A name that made a product, or was taken for one that is known; each name of a product has one row."""
    subject = (SubjectKind.SKU, meant.sku)
    if meant.reason is None:
        return decision(loop.run_id, *subject, "create", "named_by_annotator", key=meant.sku, title=answer.product_name)
    key = f"{meant.sku}|{folded(answer.product_name or '')}"
    typed = {"typed": answer.product_name, "annotator": answer.annotator}
    return decision(loop.run_id, *subject, "merge name", meant.reason, key=key, name=typed)


def _looked_up(answer: Answer, names: KnownNames) -> Meaning | AmbiguousName:
    return names.meaning(answer.product_name or "", answer.brand, answer.gtin)


def _version(answer: Answer) -> Version:
    return answer.annotation_id, answer.at


def _meaning(answer: Answer, names: KnownNames) -> Meaning:
    meant = _looked_up(answer, names)
    if isinstance(meant, AmbiguousName):  # those were set aside before
        raise TypeError(str(meant))
    return meant


def _events(
    answers: Iterable[Answer], questions: Mapping[str, QuestionRow], meant: Mapping[Version, Meaning]
) -> Iterable[LabelEventRow]:
    """One event for each photo of the question; an edited answer is a newer event, not another row of the old one."""
    for answer in answers:
        if answer.kind is AnswerKind.SPLIT or _is_golden(answer, questions):
            continue
        for sha256 in questions[answer.question_key].images:
            if sha256 in answer.strays:
                continue
            yield LabelEventRow(
                event_id=f"annotation-{answer.annotation_id}-{answer.at.isoformat()}-{sha256}",
                sha256=sha256,
                kind=KIND_OF_LABEL[answer.kind],
                sku=answer.sku if answer.product_name is None else meant[_version(answer)].sku,
                origin=LabelOrigin.ANNOTATOR,
                actor=answer.annotator,
                at=answer.at,
                question_key=answer.question_key,
                annotation_id=answer.annotation_id,
            )


def _stray_rows(answers: Iterable[Answer]) -> Iterable[StrayRow]:
    for answer in answers:
        for sha256 in answer.strays:
            yield StrayRow(answer.question_key, sha256, answer.annotation_id)


def _is_golden(answer: Answer, questions: Mapping[str, QuestionRow]) -> bool:
    """A golden question measures who answers it: its photo has its label, and keeps it."""
    return questions[answer.question_key].arm is QuestionArm.GOLDEN


def _answer(loop: Loop, answer: Answer, meant: Mapping[Version, Meaning]) -> AnswerRow:
    return AnswerRow(
        annotation_id=answer.annotation_id,
        at=answer.at,
        question_key=answer.question_key,
        annotator=answer.annotator,
        kind=answer.kind,
        sku=answer.sku if answer.product_name is None else meant[_version(answer)].sku,
        seconds=answer.seconds,
        run_id=loop.run_id,
    )


def _product(answer: Answer, sku: str, run_id: str) -> ProductRow:
    name = answer.product_name or ""
    return ProductRow(
        sku=sku,
        title=name,
        brand=answer.brand,
        category=None,
        gtin=answer.gtin,
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
