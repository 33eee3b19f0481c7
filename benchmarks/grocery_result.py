"""The result of a run: measured figures only, and what they were measured on."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.grocery_accuracy import ReleaseAccuracy, measure_release
from benchmarks.grocery_course import Course
from benchmarks.grocery_nights import (
    Checks,
    NightFigures,
    ReleaseFigures,
    StageFigures,
    checks,
    nights,
    refused,
    releases,
    stages,
    together,
)
from benchmarks.grocery_photos import TEST, TRAIN, VALIDATION
from benchmarks.grocery_proof import Proof
from benchmarks.machine import Machine, this_machine
from recognition.vocabulary import IsolationMethod
from skuloop.demo.annotator import AnnotatorReport
from warehouse.snapshot import DATABASE_NAME


@dataclass(frozen=True, slots=True)
class Setup:
    """What was measured on what, as the run was configured.

    Attributes:
        train_photos: photos of the official train split; likewise the other two.
        error_rate: share of questions that the SIMULATED annotator was told to answer wrong.
        isolation: how the encoder finds the product.
        known_vectors: whether photos had been encoded before.
    """

    classes: int
    train_photos: int
    validation_photos: int
    test_photos: int
    encoder: str
    fingerprint: str
    image_size: int | None
    budget: int
    seed: int
    error_rate: float
    isolation: IsolationMethod
    known_vectors: bool


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a run found.

    Attributes:
        accuracies: releases that never saw a test photo, oldest first; the last one is the headline.
        test_nights: the nights of the test photos as if they were one.
        refused: how many photos the audit refused for which reason; they are neither taught nor judged.
        annotator: what the SIMULATED annotator did, over all nights.
        seconds: of the whole run.
    """

    setup: Setup
    machine: Machine
    accuracies: tuple[ReleaseAccuracy, ...]
    releases: tuple[ReleaseFigures, ...]
    nights: tuple[NightFigures, ...]
    test_nights: NightFigures
    refused: Mapping[str, int]
    annotator: AnnotatorReport
    checks: Checks
    proofs: tuple[Proof, ...]
    stages: tuple[StageFigures, ...]
    problems: tuple[str, ...]
    seconds: float

    @property
    def headline(self) -> ReleaseAccuracy:
        """The last release before the first test photo arrived."""
        return self.accuracies[-1]


def result_of(course: Course) -> Result:
    """Measure a finished course."""
    snapshot = course.parts.paths.snapshot / DATABASE_NAME
    test, seed, truth = course.grocery.of(TEST), course.plan.seed, course.grocery.truth
    delivered = {night: len(photos) for night, photos in course.delivered.items()}
    return Result(
        setup=_setup(course),
        machine=this_machine(),
        accuracies=tuple(measure_release(course.parts, taught, test, seed) for taught in course.taught),
        releases=tuple(releases(snapshot)),
        nights=tuple(nights(snapshot, truth, delivered)),
        test_nights=together(
            "all test photos", snapshot, truth, {night: delivered[night] for night in course.test_nights}
        ),
        refused=refused(snapshot),
        annotator=_sum(list(course.answered.values())),
        checks=checks(snapshot),
        proofs=tuple(course.proofs),
        stages=tuple(stages(snapshot)),
        problems=tuple(course.problems),
        seconds=course.seconds,
    )


def _setup(course: Course) -> Setup:
    grocery, parts = course.grocery, course.parts
    return Setup(
        classes=len(grocery.classes),
        train_photos=len(grocery.of(TRAIN)),
        validation_photos=len(grocery.of(VALIDATION)),
        test_photos=len(grocery.of(TEST)),
        encoder=parts.encoder.name,
        fingerprint=parts.fingerprint,
        image_size=parts.encoder.image_size,
        budget=parts.settings.review.budget,
        seed=course.plan.seed,
        error_rate=course.plan.error_rate,
        isolation=parts.encoder.isolation.method,
        known_vectors=course.plan.known_vectors,
    )


def _sum(reports: list[AnnotatorReport]) -> AnnotatorReport:
    return AnnotatorReport(
        answered=sum(report.answered for report in reports),
        new_products=sum(report.new_products for report in reports),
        not_products=sum(report.not_products for report in reports),
        bad_photos=sum(report.bad_photos for report in reports),
        mistakes=sum(report.mistakes for report in reports),
        foreign=sum(report.foreign for report in reports),
    )
