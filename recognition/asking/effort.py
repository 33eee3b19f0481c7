"""How long people take to answer: the second half of a night's budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Self

from recognition.vocabulary import QuestionKind

FEWEST_TIMED = 20  # answers of a kind before their median is believed
LONGEST = 300.0
"""Seconds; whoever took longer was away from the screen."""

_GUESSES = {QuestionKind.WHICH_PRODUCT: 6.0, QuestionKind.ONE_PRODUCT: 10.0, QuestionKind.RIGHT_LABEL: 6.0}


@dataclass(frozen=True)
class Effort:
    """Seconds that a question of each kind takes; guesses until people have been timed."""

    seconds: Mapping[QuestionKind, float] = field(default_factory=lambda: _GUESSES)

    @classmethod
    def timed(cls, taken: Mapping[QuestionKind, Sequence[float]]) -> Self:
        """The median of the seconds that answers took, for each kind that was answered often enough."""
        present = {kind: [each for each in found if 0 < each <= LONGEST] for kind, found in taken.items()}
        return cls(_GUESSES | {kind: median(found) for kind, found in present.items() if len(found) >= FEWEST_TIMED})

    def of(self, kind: QuestionKind) -> float:
        """Seconds of one question."""
        return self.seconds[kind]
