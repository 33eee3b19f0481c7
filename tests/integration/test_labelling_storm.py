"""A thousand questions, five people at once, every delivery thrice and out of order, the server killed in between.

What is there afterwards must be what one quiet delivery of everything would have left.
"""

import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from labelling.client import LabelStudioClient
from labelling.errors import LabelStudioDownError
from labelling.payloads import Answer, AnswerKind, Candidate, Question, answer_result
from labelling.processes import is_running
from labelling.sync import PullResult, missed, pull, push
from recognition.vocabulary import QuestionKind
from tests.conftest import LabelStudioUnderTest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # minutes, and more where others compute

QUESTIONS, PEOPLE, DELIVERIES = 1000, 5, 3
KINDS = [AnswerKind.SKU, AnswerKind.NEW_PRODUCT, AnswerKind.NOT_A_PRODUCT, AnswerKind.BAD_PHOTO]
T = TypeVar("T")
PATIENCE = 200.0  # seconds that a delivery waits for a killed server


@dataclass(frozen=True)
class Delivery:
    """One answer on its way: who says what of which question, under which id."""

    question: Question
    annotator: str
    client: LabelStudioClient
    kind: AnswerKind

    @property
    def said(self) -> tuple[str, str, AnswerKind, str | None, str | None]:
        sku = f"SKU-{len(self.question.key)}" if self.kind is AnswerKind.SKU else None
        name = f"Name of {self.question.key}" if self.kind is AnswerKind.NEW_PRODUCT else None
        return self.question.key, self.annotator, self.kind, sku, name

    def deliver(self, task_id: int) -> bool:
        """Whether it was new; a server that is down is asked again, as a browser's user would."""
        _, _, kind, sku, name = self.said
        result = answer_result(self.question, kind, sku, name)
        unique_id = str(uuid5(NAMESPACE_URL, f"storm/{self.question.key}"))
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.client.submit_annotation(task_id, result, unique_id, 1.0)
            except LabelStudioDownError:
                assert time.monotonic() < deadline, "the server did not come back"
                time.sleep(0.5)


def ask(number: int) -> Question:
    return Question(
        key=f"storm-{number}",
        kind=QuestionKind.WHICH_PRODUCT,
        images=(f"{number:064}",),
        sheet="ab/photo.jpg",
        references="ab/photo.jpg",
        candidates=(Candidate("SKU-7", "Seven", 0.5), Candidate("SKU-8", "Eight", 0.3), Candidate("SKU-9", "N", 0.1)),
        prompt="Which product is this?",
        release_id="r-1",
    )


def shuffle(things: Sequence[T], seed: int) -> list[T]:
    return [things[at] for at in np.random.default_rng(seed).permutation(len(things))]


def people(site: LabelStudioUnderTest, count: int) -> dict[str, LabelStudioClient]:
    """Clients of so many annotators, each of whom signed up by the invitation of the first user."""
    invitation = site.request("GET", "/api/invite").json()["invite_url"]
    joined = {}
    for number in range(count):
        email = f"storm-{number}@example.org"
        with httpx.Client(base_url=site.url, follow_redirects=True, timeout=60, trust_env=False) as session:
            session.get(invitation).raise_for_status()
            form = {"csrfmiddlewaretoken": session.cookies["csrftoken"], "email": email, "password": f"Storm-{number}!"}
            session.post(invitation, data=form, headers={"Referer": site.url}).raise_for_status()
            token = session.get("/api/current-user/token").raise_for_status().json()["token"]
        joined[email] = LabelStudioClient(site.url, SecretStr(token))
    return joined


def kill(site: LabelStudioUnderTest) -> None:
    running = site.server.info()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    while is_running(running.pid):
        time.sleep(0.05)


def push_through_a_kill(site: LabelStudioUnderTest, project: int, asked: Sequence[Question]) -> dict[str, int]:
    """Push all of them, thrice and shuffled each time, while the server is killed once."""
    killer = threading.Timer(0.7, kill, [site])
    killer.start()
    shuffled = list(asked)
    for turn in range(DELIVERIES):
        shuffled = shuffle(shuffled, turn)
        while True:
            try:
                tasks = push(site.client(), project, shuffled)
                break
            except LabelStudioDownError:
                killer.join()
                site.server.start()
    killer.join()
    site.server.start()
    return tasks


def fold(state: dict[tuple[str, str], Answer], found: PullResult) -> None:
    """What the warehouse does with a pull: an answer that comes again changes nothing."""
    assert found.rejected == ()
    for answer in found.answers:
        state[answer.question_key, answer.annotator] = answer


def said(answers: Sequence[Answer]) -> Counter[tuple[str, str, AnswerKind, str | None, str | None]]:
    return Counter((one.question_key, one.annotator, one.kind, one.sku, one.product_name) for one in answers)


def test_a_thousand_answers_delivered_thrice_through_a_killed_server_are_a_thousand_answers(
    label_studio: LabelStudioUnderTest,
) -> None:
    site, project, asked = label_studio, label_studio.project(), [ask(number) for number in range(QUESTIONS)]
    with closing(sqlite3.connect(site.data_dir / "label_studio.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    tasks = push_through_a_kill(site, project, asked)
    assert len(tasks) == QUESTIONS
    crowd = list(people(site, PEOPLE).items())
    once = [Delivery(one, *crowd[at % PEOPLE], KINDS[at % len(KINDS)]) for at, one in enumerate(asked)]
    thrice = shuffle(once * DELIVERIES, 7)

    state: dict[tuple[str, str], Answer] = {}
    cursor: str | None = None
    with ThreadPoolExecutor(PEOPLE) as pool, ExitStack() as failing:
        failing.callback(pool.shutdown, wait=False, cancel_futures=True)
        under_way = [pool.submit(one.deliver, tasks[one.question.key]) for one in thrice]
        while sum(one.done() for one in under_way) < len(thrice) // 3:
            time.sleep(0.2)
        found = pull(site.client(), project, cursor, set())  # in the middle of it all
        fold(state, found)
        cursor = found.cursor
        kill(site)
        site.server.start()
        fresh = sum(one.result() for one in under_way)

    fold(state, pull(site.client(), project, cursor, set()))
    known = {(one.question_key, one.annotation_id) for one in state.values()}
    fold(
        state, missed(site.client(), project, site.client().task_states(project), known, set())
    )  # what the kill left on tasks that look untouched
    expected = Counter(one.said for one in once)
    everything = pull(site.client(), project, None, set())
    # An answer that was stored before the kill, and whose receipt was lost, is met as known: never more than all.
    assert QUESTIONS - PEOPLE <= fresh <= QUESTIONS
    assert said(everything.answers) == expected, "what is there is not what was said once"
    assert said(list(state.values())) == expected, "increments and the whole differ"
    assert (everything.seen_tasks, everything.rejected) == (QUESTIONS, ())
