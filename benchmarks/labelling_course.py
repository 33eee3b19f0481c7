"""A labelling course: night after night, questions are chosen, simulated people answer, a release is trained.

Choosing, training and judging are those of the loop. Only the people are simulated.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from benchmarks.labelling_pool import Pool
from recognition.asking.groups import Sheets
from recognition.asking.night import ChosenQuestion, Experience, ReviewPolicy, choose_questions
from recognition.asking.proposals import Doubt, Photo, question_key
from recognition.asking.suspects import find_suspects
from recognition.heads.samples import Samples
from recognition.heads.scoring import rank
from recognition.heads.training import TrainedHeads, TrainingPolicy, train_heads
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import calibrate
from recognition.triage.verdict import Candidate, Recognition
from recognition.vocabulary import QuestionArm, QuestionKind, SuperclassMethod, Tier, Verdict

_ENCODER = "of the benchmark"
_TRAINING = TrainingPolicy(
    folds=3, learn=False, coarse_weights=(0.0,), superclass_methods=(SuperclassMethod.WARD,), photos_per_scene=1
)  # class means, flat: hundreds of releases are trained
_ALL_NIGHT = 1e6  # minutes: every queue is compared by answers


class Queue(StrEnum):
    """How questions are chosen."""

    OURS = "our queue"
    OURS_SINGLE = "our queue, one by one"
    RANDOM = "random"
    UNCERTAINTY = "pure uncertainty"


@dataclass(frozen=True)
class Point:
    """How far a course has come: answers given, photos labelled by them, top-1 on the test photos."""

    answers: int
    labels: int
    wrong_labels: int
    accuracy: float


@dataclass
class Course:
    """One course under way.

    Attributes:
        labels: what people said of each camera photo, by row.
        alone: rows that a group was taken apart into.
        checked: rows whose label was asked about.
        sheets: what was said of groups.
        answers: how many were given, to golden questions too.
        answers_about_new: how many of them were about new products.
        new_labelled: rows of new products that have a label.
        points: how far the course had come before each night, and at its end.
    """

    pool: Pool
    queue: Queue
    error_rate: float
    random: np.random.Generator
    labels: dict[int, str] = field(default_factory=dict)
    alone: set[int] = field(default_factory=set)
    checked: set[int] = field(default_factory=set)
    sheets: Sheets = field(default_factory=Sheets)
    answers: int = 0
    answers_about_new: int = 0
    new_labelled: set[int] = field(default_factory=set)
    points: list[Point] = field(default_factory=list)


def run_course(
    pool: Pool, queue: Queue, error_rate: float, draw: int, nights: int, budget: int, policy: ReviewPolicy | None = None
) -> Course:
    """Run a course of so many nights with so many questions each.

    Args:
        pool: the photos.
        queue: how questions are chosen.
        error_rate: share of wrong answers.
        draw: of the control arm and the mistakes.
        nights: how many.
        budget: answers of a night.
        policy: how our queue shares out a night; by default as it comes.
    """
    course = Course(pool, queue, error_rate, np.random.default_rng([draw, list(Queue).index(queue)]))
    policy = replace(policy or ReviewPolicy(), budget=budget, minutes=_ALL_NIGHT)
    for _ in range(nights):
        trained, recogniser = _release(course)
        _measure(course, recogniser)
        for question in _questions(course, trained, recogniser, policy):
            _answer(course, question)
    _measure(course, _release(course)[1])
    return course


def _release(course: Course) -> tuple[TrainedHeads, Recogniser]:
    samples = _taught(course)
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY), _TRAINING)
    return trained, Recogniser.of_heads(trained.heads, calibrate(trained), _ENCODER)


def _taught(course: Course) -> Samples:
    """The catalogue, then every labelled camera photo in the order of its row."""
    rows, catalogue = sorted(course.labels), course.pool.catalogue
    vectors = np.concatenate([catalogue.vectors, course.pool.camera.vectors[rows]])
    skus = [*catalogue.skus, *(course.labels[row] for row in rows)]
    groups = [str(place) for place in range(len(skus))]
    of_shop = [place < len(catalogue.skus) for place in range(len(skus))]
    return Samples.from_labels(vectors, skus, groups, catalogue=of_shop)


def _measure(course: Course, recogniser: Recogniser) -> None:
    test, truth = course.pool.test, course.pool.camera.skus
    classes = np.array(recogniser.heads.classes, dtype=object)
    best = classes[recogniser.rank(test.vectors).rows[:, 0]]
    wrong = sum(sku != truth[row] for row, sku in course.labels.items())
    right = float((best == np.array(test.skus, dtype=object)).mean())
    course.points.append(Point(course.answers, len(course.labels), wrong, right))


def _questions(
    course: Course, trained: TrainedHeads, recogniser: Recogniser, policy: ReviewPolicy
) -> Sequence[ChosenQuestion]:
    camera = course.pool.camera.vectors
    waiting = [row for row in range(len(camera)) if row not in course.labels]
    beliefs = dict(zip(waiting, recogniser.recognise(camera[waiting], _ENCODER), strict=True))
    if course.queue is Queue.RANDOM:
        drawn = course.random.permutation(waiting)[: policy.budget].tolist()
        return [_single(row, beliefs[row]) for row in drawn]
    if course.queue is Queue.UNCERTAINTY:
        doubtful = sorted(waiting, key=lambda row: (beliefs[row].confidence, row))
        return [_single(row, beliefs[row]) for row in doubtful[: policy.budget]]
    photos = [_photo(row, belief, course) for row, belief in beliefs.items()]
    doubts = _doubts(course, trained, recogniser)
    rows = [*waiting, *doubts]
    return choose_questions(
        [*photos, *doubts.values()],
        recogniser.whiten(camera[rows]),
        recogniser.thresholds.familiarity,
        policy,
        course.random,
        Experience(samples=Counter(course.labels.values()), sheets=course.sheets),
    )


def _doubts(course: Course, trained: TrainedHeads, recogniser: Recogniser) -> Mapping[int, Photo]:
    """The labelled camera photos that are suspected, each asked about once."""
    evidence = trained.out_of_fold
    if evidence.rows is None or not len(evidence.rows):
        return {}
    found = find_suspects(
        rank(evidence.candidates, 0.0, trained.heads.scale), evidence.targets, len(trained.heads.classes)
    )
    labelled, before = sorted(course.labels), len(course.pool.catalogue.skus)
    suspected = {
        labelled[row - before]: (trained.heads.classes[rival], score)
        for row, rival, score in zip(
            evidence.rows[found.rows].tolist(), found.rivals.tolist(), found.scores.tolist(), strict=True
        )
        if row >= before and labelled[row - before] not in course.checked
    }
    if not suspected:
        return {}
    beliefs = recogniser.recognise(course.pool.camera.vectors[list(suspected)], _ENCODER)
    return {
        row: replace(_photo(row, belief, course), doubt=Doubt(QuestionArm.SUSPECT, (course.labels[row], rival), score))
        for (row, (rival, score)), belief in zip(suspected.items(), beliefs, strict=True)
    }


def _photo(row: int, belief: Recognition, course: Course) -> Photo:
    alone = course.queue is Queue.OURS_SINGLE or row in course.alone
    return Photo(_key(row), belief.verdict, belief.confidence, belief.candidates, alone=alone)


def _single(row: int, belief: Recognition) -> ChosenQuestion:
    kind, images = QuestionKind.WHICH_PRODUCT, (_key(row),)
    arm = QuestionArm.UNSEEN if belief.verdict is Verdict.UNSEEN else QuestionArm.UNSURE
    return ChosenQuestion(question_key(kind, images), kind, arm, images, belief.candidates, 0.0, 0.0)


def _key(row: int) -> str:
    return f"{row:06d}"


def _answer(course: Course, question: ChosenQuestion) -> None:
    """Somebody answers: with the truth, but for mistakes. A group of several products is taken apart."""
    rows = [int(image) for image in question.images]
    truth = Counter(course.pool.camera.skus[row] for row in rows)
    mistaken = bool(course.random.random() < course.error_rate)
    sku = truth.most_common(1)[0][0]
    course.answers += 1
    course.answers_about_new += sku in course.pool.new
    course.checked.update(rows if question.kind is QuestionKind.RIGHT_LABEL else ())
    if len(truth) > 1 and not mistaken:
        course.alone.update(rows)
        course.sheets = replace(course.sheets, mixed=course.sheets.mixed + 1)
        return
    if len(rows) > 1:
        course.sheets = replace(course.sheets, whole=course.sheets.whole + 1)
    said = _slip(question.candidates, sku, course) if mistaken and len(truth) == 1 else sku
    course.labels.update(dict.fromkeys(rows, said))
    course.new_labelled.update(row for row in rows if course.pool.camera.skus[row] in course.pool.new)


def _slip(candidates: Sequence[Candidate], right: str, course: Course) -> str:
    others = [candidate.sku for candidate in candidates if candidate.sku != right]
    return others[int(course.random.integers(len(others)))] if others else right
