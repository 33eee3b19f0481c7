"""What became of every photo that people answered since the last cycle."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from labelling.payloads import AnswerKind
from recognition.audit.labels import ResolvedLabel
from recognition.vocabulary import LabelKind, QuestionArm
from tasks.labels import KIND_OF_LABEL
from warehouse.answers import AnsweredImage
from warehouse.labels import LabelEventRow

Word: TypeAlias = tuple[LabelKind, str | None]
"""What is said of a photo: the kind, and the SKU where it names one."""


class Outcome(StrEnum):
    """What became of what somebody said of a photo; the words are those that people read."""

    COUNTS = "counts"
    CONFIRMED = "others agree"
    OVERRULED = "is taken for something else"
    DISPUTED = "others say otherwise"
    KNOWN_RIGHT = "known, and right"
    KNOWN_WRONG = "known, and not that"
    APART = "asked about alone next"
    GONE = "taken back or changed since"


@dataclass(frozen=True, slots=True)
class AnsweredPhoto:
    """One photo that somebody answered.

    Attributes:
        annotator: who.
        said: what they said of it; None where the photo was left out of a group, or the group was taken apart.
        now: what it counts as; None where nothing is settled.
        outcome: what became of the answer.
        is_new: whether they named a product that nobody knew.
    """

    annotator: str
    sha256: str
    path: str
    said: Word | None
    now: Word | None
    outcome: Outcome
    is_new: bool


def outcomes(
    answered: Iterable[AnsweredImage], labels: Mapping[str, ResolvedLabel], people: Iterable[LabelEventRow]
) -> list[AnsweredPhoto]:
    """What became of each photo.

    Args:
        answered: photo by photo.
        labels: what each photo was settled to be.
        people: every statement of a person that stands, oldest first.
    """
    standing: defaultdict[str, dict[str, Word]] = defaultdict(dict)
    for event in people:
        standing[event.sha256][event.actor] = (event.kind, event.sku)
    return [_photo(each, labels.get(each.sha256), standing[each.sha256]) for each in answered]


def _photo(each: AnsweredImage, label: ResolvedLabel | None, people: Mapping[str, Word]) -> AnsweredPhoto:
    kind = AnswerKind(each.kind)
    said = None if each.is_stray or kind is AnswerKind.SPLIT else (KIND_OF_LABEL[kind], each.sku)
    now = None if label is None or label.conflict else (label.kind, label.sku)
    return AnsweredPhoto(
        annotator=each.annotator,
        sha256=each.sha256,
        path=each.path,
        said=said,
        now=now,
        outcome=_outcome(each, said, now, label, people),
        is_new=kind is AnswerKind.NEW_PRODUCT and said is not None,
    )


def _outcome(
    each: AnsweredImage, said: Word | None, now: Word | None, label: ResolvedLabel | None, people: Mapping[str, Word]
) -> Outcome:
    if said is None:
        return Outcome.APART
    if each.arm is QuestionArm.GOLDEN:
        return Outcome.KNOWN_RIGHT if said == now else Outcome.KNOWN_WRONG
    if people.get(each.annotator) != said:
        return Outcome.GONE
    if label is not None and label.conflict:
        return Outcome.DISPUTED
    if said != now:
        return Outcome.OVERRULED
    agree = any(word == said for annotator, word in people.items() if annotator != each.annotator)
    return Outcome.CONFIRMED if agree else Outcome.COUNTS
