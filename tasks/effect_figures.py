"""What the answers since the last cycle changed, in figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from recognition.asking.value import ArmValue
from recognition.vocabulary import QuestionArm


@dataclass(frozen=True)
class PersonFigures:
    """How one annotator answered: how often since the last cycle, and how well ever.

    Attributes:
        accuracy: probability of being right, by consensus and golden questions; near .9 for who is not known yet.
        minutes: that the answers since the last cycle took, where Label Studio says so.
    """

    annotator: str
    answers: int
    golden_right: int
    golden_wrong: int
    accuracy: float
    minutes: float


@dataclass(frozen=True)
class EffectReport:
    """What the answers changed.

    Attributes:
        questions: answered since the last cycle.
        minutes: that they took, where Label Studio says so.
        labels: photos that they named and that teach.
        reached: SKUs that became trained.
        named: products that nobody had named before.
        alpha: Krippendorff's alpha over all questions that several people answered, None where there is none.
        people: who answered.
        arms: what the labels of each arm were worth.
        waiting: questions of each arm that wait now.
    """

    questions: int
    minutes: float
    labels: int
    reached: tuple[str, ...]
    named: tuple[str, ...]
    alpha: float | None
    people: tuple[PersonFigures, ...]
    arms: tuple[ArmValue, ...]
    waiting: Mapping[QuestionArm, int]
