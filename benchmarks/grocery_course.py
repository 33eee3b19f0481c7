"""The course of the benchmark: nights and cycles on real photos, with a simulated annotator in between."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from benchmarks.grocery_photos import (
    TEST,
    TRAIN,
    VALIDATION,
    Grocery,
    GroceryPhoto,
    deliver,
    in_nights,
    lay_out_labelled,
    read_grocery,
    shelf,
)
from benchmarks.grocery_proof import Proof, observe, prove
from benchmarks.grocery_taught import Taught, taught_photos
from benchmarks.grocery_workspace import Plan, write_settings
from benchmarks.parts_vectors import STORE
from benchmarks.recognition_grocery import grocery_foreground_head
from flows.cycle import cycle
from flows.nightly import nightly
from labelling.client import LabelStudioClient
from labelling.server import LocalLabelStudio, ServerInfo
from recognition.release.pointer import current_release_id
from skuloop.demo.annotator import AnnotatorReport, answer_open_questions
from skuloop.demo.shop import LocalShop
from skuloop.output import console, say
from skuloop.reports import print_cycle, print_night
from tasks.label_studio import connect, local_label_studio
from tasks.settings import load_settings
from tasks.wiring import Parts, build_parts

_TEST_NIGHTS = 3
_ANSWERS_SHOWN = 25


class NoReleaseAtAllError(Exception):
    """The first cycle published nothing, so there is nothing to measure."""


@dataclass
class Course:
    """What has happened so far.

    Attributes:
        delivered: the photos of each night, by its label.
        answered: what the simulated annotator did after each night.
        taught: what each release was taught that was published before the first test photo arrived.
        proofs: what a second run of a night or cycle changed.
        problems: everything that a night or cycle complained of.
    """

    plan: Plan
    grocery: Grocery
    parts: Parts
    config: str
    delivered: dict[str, tuple[GroceryPhoto, ...]] = field(default_factory=dict)
    answered: dict[str, AnnotatorReport] = field(default_factory=dict)
    taught: list[Taught] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def test_nights(self) -> list[str]:
        """The nights in which test photos arrived."""
        return [night for night, photos in self.delivered.items() if {photo.split for photo in photos} == {TEST}]


def run_course(plan: Plan) -> Course:
    """Run the whole loop in a prepared work folder.

    Raises:
        LabelStudioServerError: the local Label Studio does not start.
        NoReleaseAtAllError: the first cycle published nothing.
    """
    begun = time.monotonic()
    grocery = read_grocery(plan.data, plan.classes)
    lay_out_labelled(grocery.of(TRAIN), plan.labelled)
    with LocalShop(shelf(grocery), "Grocery Store") as shop:
        head = None if plan.whole_picture else grocery_foreground_head(plan.shared, read_grocery(plan.data))
        config = write_settings(plan, shop.url, head)
        course = Course(plan, grocery, build_parts(load_settings(config)), str(config))
        if plan.known_vectors:
            _take_known_vectors(course)
        with _label_studio(local_label_studio(course.parts)) as server:
            _first_release(course)
            say("waiting for Label Studio (its first start takes about a minute) ...")
            server.result()
            _second_release(course)
            _test_nights(course)
    course.seconds = time.monotonic() - begun
    return course


def _take_known_vectors(course: Course) -> None:
    """Encoding takes longest and is measured elsewhere: photos that the same encoder has seen need not be encoded."""
    sha256s, vectors = STORE.load(course.parts.fingerprint, [photo.sha256 for photo in course.grocery.photos])
    course.parts.vectors.append(course.parts.fingerprint, sha256s, vectors)
    say(f"{len(sha256s)} photos were encoded by another benchmark")


def _first_release(course: Course) -> None:
    """The validation photos are in the inbox already: without a release they wait."""
    _night(course, "night-1", course.grocery.of(VALIDATION))
    _cycle(course, "cycle-1")
    if current_release_id(course.parts.paths.releases) is None:
        raise NoReleaseAtAllError("cycle-1 published no release: " + "; ".join(course.problems))
    _remember_taught(course)


def _second_release(course: Course) -> None:
    """The night recognises the validation photos; what people say of them makes the release of the headline."""
    _night(course, "night-2", ())
    _answer(course, "night-2")
    _cycle(course, "cycle-2")
    _remember_taught(course)


def _test_nights(course: Course) -> None:
    """Each third of the test photos is recognised before any of its answers exist."""
    thirds = in_nights(course.grocery.of(TEST), _TEST_NIGHTS, course.plan.seed)
    for number, photos in enumerate(thirds, start=3):
        night, cycle_label, last = f"night-{number}", f"cycle-{number}", number == len(thirds) + 2
        _night(course, night, photos)
        if last:
            _prove(course, night, _run_night)
        _answer(course, night)
        _cycle(course, cycle_label)
        if last:
            _prove(course, cycle_label, _cycle)


def _night(course: Course, label: str, photos: tuple[GroceryPhoto, ...]) -> None:
    console.rule(f"[bold]{label}: {len(photos)} photos arrive", align="left")
    deliver(photos, course.plan.inbox, label)
    course.delivered[label] = photos
    _run_night(course, label)


def _run_night(course: Course, label: str) -> None:
    report = nightly(config=course.config, label=label)
    print_night(report)
    course.problems += [f"{label}: {problem}" for problem in report.problems]


def _cycle(course: Course, label: str) -> None:
    console.rule(f"[bold]{label}", align="left")
    report = cycle(config=course.config, label=label)
    print_cycle(report)
    course.problems += [f"{label}: {problem}" for problem in report.problems]


def _answer(course: Course, night: str) -> None:
    client, project = connect(course.parts)
    rng = np.random.default_rng([course.plan.seed, len(course.answered)])
    course.answered[night] = answer_open_questions(
        client,
        project,
        course.grocery.truth,
        {},  # the shop lists every product: none is new
        rng,
        error_rate=course.plan.error_rate,
        on_progress=_every(_ANSWERS_SHOWN, "answers by the SIMULATED annotator"),
    )


def _remember_taught(course: Course) -> None:
    found = taught_photos(course.parts)
    if found is not None and found.release_id not in {taught.release_id for taught in course.taught}:
        course.taught.append(found)


def _prove(course: Course, label: str, run: Callable[[Course, str], None]) -> None:
    """Run the night or cycle of this label once more, and note what that changed."""
    say(f"{label} again: nothing may change")
    client, project = connect(course.parts)
    before = observe(course.parts, _tasks(client, project))
    run(course, label)
    course.proofs.append(prove(f"{label} again", before, observe(course.parts, _tasks(client, project))))


def _tasks(client: LabelStudioClient, project: int) -> int:
    return sum(1 for _ in client.tasks_updated_since(project, None))


@contextmanager
def _label_studio(label_studio: LocalLabelStudio) -> "Iterator[Future[ServerInfo]]":
    """Label Studio on its way up while the first night runs, and stopped at the end."""
    try:
        with ThreadPoolExecutor(1) as pool:
            yield pool.submit(label_studio.start)
    finally:
        label_studio.stop()


def _every(step: int, what: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if done % step == 0 or done == total:
            say(f"{done} of {total} {what}")

    return show
