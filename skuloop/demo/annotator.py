"""A SIMULATED annotator: a program that answers open questions through Label Studio's API, as people do in its pages.

It exists so that the demo can run unattended. Every line that it logs and every annotation that it leaves says so.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from labelling.answers import AnnotatedTask
from labelling.client import LabelStudioClient
from labelling.payloads import AnswerKind, Question, answer_result, new_sku, question_of

SIMULATED = "SIMULATED annotator"

_log = logging.getLogger(__name__)
_SECONDS = 1.0  # what a simulated answer claims to have taken
_BAD = object()  # the truth about a photo that nobody knows anything about


@dataclass(frozen=True, slots=True)
class AnnotatorReport:
    """What the SIMULATED annotator did.

    Attributes:
        answered: Questions that it answered; the others below are among them.
        new_products: Answers that named a product which is in no list.
        not_products: Answers "not a product".
        bad_photos: Answers "too bad to tell".
        mistakes: Answers that are wrong on purpose; each is also counted as what it says.
        foreign: Open tasks that carry no question of ours, left alone.
    """

    answered: int = 0
    new_products: int = 0
    not_products: int = 0
    bad_photos: int = 0
    mistakes: int = 0
    foreign: int = 0

    def __str__(self) -> str:
        return (
            f"{self.answered} answers ({self.new_products} name a new product, {self.not_products} say not a product, "
            f"{self.bad_photos} say bad photo), {self.mistakes} of them wrong on purpose"
        )


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """What to say to one question; `sku` and `product_name` as in `labelling.payloads.Answer`."""

    kind: AnswerKind
    sku: str | None = None
    product_name: str | None = None


def answer_open_questions(
    client: LabelStudioClient,
    project_id: int,
    truth: Mapping[str, str | None],
    names: Mapping[str, str],
    rng: np.random.Generator,
    error_rate: float = 0.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> AnnotatorReport:
    """Answer every open question of a project; answers that arrive twice count once.

    Args:
        client: Label Studio, seen with the token of whoever the answers shall come from.
        project_id: The project.
        truth: True SKU by photo (sha256); None is a photo of no product. A photo that is absent is too bad to tell.
        names: What to call the products that no one has named yet, by true SKU.
        rng: Decides which answers are wrong.
        error_rate: Share of answers that are wrong on purpose, in [0, 1].
        on_progress: Told how many questions of how many are done.

    Returns:
        What was answered.
    """
    tasks = list(client.open_tasks(project_id))
    _log.info("%s: %d open tasks in project %d", SIMULATED, len(tasks), project_id)
    counts: Counter[str] = Counter()
    for done, task in enumerate(tasks, 1):
        counts.update(_answer(client, task, truth, names, rng, error_rate))
        if on_progress is not None:
            on_progress(done, len(tasks))
    report = _report(counts)
    _log.info("%s: %s", SIMULATED, report)
    return report


def true_answer(question: Question, truth: Mapping[str, str | None], names: Mapping[str, str]) -> SimulatedAnswer:
    """Return what an annotator who makes no mistake says; of several photos, what most of them show."""
    seen = Counter(truth.get(sha256, _BAD) for sha256 in question.images)
    sku = seen.most_common(1)[0][0] if seen else _BAD
    if not isinstance(sku, str):
        return SimulatedAnswer(AnswerKind.BAD_PHOTO if sku is _BAD else AnswerKind.NOT_A_PRODUCT)
    # A product that somebody named in an earlier round is offered under the SKU that its name gave it.
    named = new_sku(names[sku]) if sku in names else sku
    for candidate in question.candidates:
        if candidate.sku in {sku, named}:
            return SimulatedAnswer(AnswerKind.SKU, sku=candidate.sku)
    if sku in names:
        return SimulatedAnswer(AnswerKind.NEW_PRODUCT, product_name=names[sku])
    return SimulatedAnswer(AnswerKind.SKU, sku=sku)


def _answer(
    client: LabelStudioClient,
    task: AnnotatedTask,
    truth: Mapping[str, str | None],
    names: Mapping[str, str],
    rng: np.random.Generator,
    error_rate: float,
) -> list[str]:
    """Answer one task and return what to count."""
    question = question_of(task.data)
    if question is None:
        _log.warning("%s: task %d carries no question of ours; left alone", SIMULATED, task.task_id)
        return ["foreign"]
    answer = true_answer(question, truth, names)
    mistaken = bool(rng.random() < error_rate)
    if mistaken:
        answer = _wrong_answer(question, answer, rng)
    _submit(client, task.task_id, question, answer)
    return ["answered", answer.kind, *(["mistakes"] if mistaken else [])]


def _report(counts: Counter[str]) -> AnnotatorReport:
    return AnnotatorReport(
        answered=counts["answered"],
        new_products=counts[AnswerKind.NEW_PRODUCT],
        not_products=counts[AnswerKind.NOT_A_PRODUCT],
        bad_photos=counts[AnswerKind.BAD_PHOTO],
        mistakes=counts["mistakes"],
        foreign=counts["foreign"],
    )


def _wrong_answer(question: Question, right: SimulatedAnswer, rng: np.random.Generator) -> SimulatedAnswer:
    """A slip of the finger: another candidate, or no product where there is no other candidate."""
    others = [candidate.sku for candidate in question.candidates if candidate.sku != right.sku]
    if others:
        return SimulatedAnswer(AnswerKind.SKU, sku=others[int(rng.integers(len(others)))])
    slip = AnswerKind.BAD_PHOTO if right.kind is AnswerKind.NOT_A_PRODUCT else AnswerKind.NOT_A_PRODUCT
    return SimulatedAnswer(slip)


def _submit(client: LabelStudioClient, task_id: int, question: Question, answer: SimulatedAnswer) -> None:
    result = _signed(answer_result(question, answer.kind, answer.sku, answer.product_name))
    # The id follows from the task, so an answer whose receipt was lost is not given twice.
    unique_id = str(uuid5(NAMESPACE_URL, f"{SIMULATED}/{task_id}/{question.key}"))
    fresh = client.submit_annotation(task_id, result, unique_id, _SECONDS)
    _log.debug("%s: %s to question %s%s", SIMULATED, answer.kind, question.key, "" if fresh else " (said before)")


def _signed(result: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each part of the annotation with a note that whoever looks at it in Label Studio can read."""
    return [{**part, "meta": {"text": [SIMULATED]}} for part in result]
