"""What became of an answer: nobody is told that they were right, wrong or outvoted who was not."""

from datetime import UTC, datetime, timedelta

import pytest

from labelling.payloads import AnswerKind
from recognition.audit.labels import LabelEvent, resolve_labels
from recognition.vocabulary import LabelKind, LabelOrigin, QuestionArm
from tasks.answered import AnsweredPhoto, Outcome, outcomes
from warehouse.answers import AnsweredImage
from warehouse.labels import LabelEventRow

AT = datetime(2031, 1, 5, tzinfo=UTC)
PHOTO = "a" * 64
Said = tuple[str, str]


def became(
    mine: AnsweredImage, *said: Said, known: str | None = None, golden: dict[str, int] | None = None
) -> AnsweredPhoto:
    """What became of one answer, where these people said these SKUs of its photo, in this order."""
    people = [
        LabelEventRow(str(n), PHOTO, LabelKind.SKU, sku, LabelOrigin.ANNOTATOR, who, AT + timedelta(minutes=n))
        for n, (who, sku) in enumerate(said)
    ]
    events = [
        LabelEvent(row.sha256, row.kind, row.sku, row.origin, row.actor, row.at, n) for n, row in enumerate(people)
    ]
    if known:
        events.append(LabelEvent(PHOTO, LabelKind.SKU, known, LabelOrigin.CATALOGUE, "shop", AT, 99))
    (photo,) = outcomes([mine], resolve_labels(events), people)
    return photo


def answer(
    sku: str | None = "tea", kind: str = AnswerKind.SKU, arm: QuestionArm = QuestionArm.UNSURE, *, stray: bool = False
) -> AnsweredImage:
    return AnsweredImage("ada", arm, kind, sku, PHOTO, "aa/a.jpg", stray)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ([("ada", "tea")], Outcome.COUNTS),
        ([("ada", "tea"), ("ben", "tea")], Outcome.CONFIRMED),
        ([("ada", "tea"), ("ben", "jam")], Outcome.DISPUTED),
        ([("ada", "tea"), ("ben", "jam"), ("cleo", "jam"), ("dora", "jam")], Outcome.OVERRULED),
        ([("ada", "tea"), ("ben", "jam"), ("ben", "tea")], Outcome.CONFIRMED),
        ([("ada", "tea"), ("ada", "jam")], Outcome.GONE),
        ([], Outcome.GONE),
    ],
)
def test_an_answer_is_held_against_what_others_said_of_the_photo(said: list[Said], outcome: Outcome) -> None:
    assert became(answer(), *said, known="jam").outcome is outcome


def test_who_is_overruled_is_told_what_the_photo_counts_as() -> None:
    photo = became(answer(), ("ada", "tea"), ("ben", "jam"), ("cleo", "jam"), ("dora", "jam"))
    assert (photo.said, photo.now) == ((LabelKind.SKU, "tea"), (LabelKind.SKU, "jam"))


def test_a_known_photo_is_right_or_wrong_by_its_label_alone() -> None:
    golden = answer(arm=QuestionArm.GOLDEN)
    assert became(golden, known="tea").outcome is Outcome.KNOWN_RIGHT
    assert became(golden, known="jam").outcome is Outcome.KNOWN_WRONG
    assert became(answer(None, AnswerKind.BAD_PHOTO, QuestionArm.GOLDEN), known="tea").outcome is Outcome.KNOWN_WRONG


@pytest.mark.parametrize("mine", [answer(stray=True), answer(None, AnswerKind.SPLIT)])
def test_a_photo_that_was_left_out_says_nothing_and_is_no_new_product(mine: AnsweredImage) -> None:
    photo = became(mine, ("ben", "jam"))
    assert (photo.said, photo.outcome, photo.is_new) == (None, Outcome.APART, False)
