"""Whom to believe when people disagree: Dawid and Skene's model with one accuracy for each annotator.

Each annotator is right with a probability of their own; whoever is wrong names one of the other answers that somebody
gave, each as likely. Accuracies and true answers are found together by expectation maximisation. Confusion matrices of
the full model have no place here: with thousands of products nobody meets a pair of them often enough.

A prior keeps an annotator with few answers near what most people are, and golden questions count as answers whose truth
is known.

Source: Dawid, Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm", Applied Statistics
1979; the one-coin form: Raykar et al., "Learning from Crowds", JMLR 2010.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import prod

Answers = Mapping[str, Hashable]
"""What each annotator said of one thing."""

_PRIOR_RIGHT, _PRIOR_WRONG = 18.0, 2.0  # a stranger is taken to be right nine times of ten, as if seen twenty times
STRANGER = _PRIOR_RIGHT / (_PRIOR_RIGHT + _PRIOR_WRONG)
"""How often somebody is right of whom nothing is known."""

_MOST_SURE = 0.995  # nobody is believed never to err: two people who agree must be able to outvote anybody
_ROUNDS, _SETTLED_BY = 100, 1e-6


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """How somebody did on golden questions."""

    right: int = 0
    wrong: int = 0


@dataclass(frozen=True)
class Consensus:
    """What several people said, weighed.

    Attributes:
        beliefs: for each thing, the probability of each answer that somebody gave.
        accuracies: of each annotator, the probability of being right.
    """

    beliefs: Mapping[str, Mapping[Hashable, float]]
    accuracies: Mapping[str, float]


def weigh_answers(said: Mapping[str, Answers], tested: Mapping[str, GoldenRecord] | None = None) -> Consensus:
    """The consensus about everything that was said.

    Args:
        said: for each thing, what each annotator said of it.
        tested: how annotators did on golden questions.
    """
    tested = tested or {}
    annotators = sorted({annotator for answers in said.values() for annotator in answers} | set(tested))
    accuracies = dict.fromkeys(annotators, STRANGER)
    beliefs: dict[str, dict[Hashable, float]] = {}
    for _ in range(_ROUNDS):
        beliefs = {thing: _belief(answers, accuracies) for thing, answers in said.items()}
        before, accuracies = accuracies, _accuracies(said, beliefs, tested, annotators)
        if all(abs(accuracies[annotator] - before[annotator]) < _SETTLED_BY for annotator in annotators):
            break
    return Consensus(beliefs, accuracies)


def _belief(answers: Answers, accuracies: Mapping[str, float]) -> dict[Hashable, float]:
    """Probability of each answer that somebody gave; what is left to one is for what nobody said."""
    options = set(answers.values())
    wrong_ways = len(options)  # the other answers, and what nobody said

    def likelihood(truth: Hashable) -> float:
        each = (
            accuracies[annotator] if answer == truth else (1.0 - accuracies[annotator]) / wrong_ways
            for annotator, answer in answers.items()
        )
        return prod(each)

    found = {option: likelihood(option) for option in options}
    total = sum(found.values()) + prod((1.0 - accuracies[annotator]) / wrong_ways for annotator in answers)
    return {option: value / total for option, value in found.items()}


def _accuracies(
    said: Mapping[str, Answers],
    beliefs: Mapping[str, Mapping[Hashable, float]],
    tested: Mapping[str, GoldenRecord],
    annotators: list[str],
) -> dict[str, float]:
    """The expected share of right answers, of those that others judged too, with the prior and the golden questions."""
    right = {annotator: _PRIOR_RIGHT + tested.get(annotator, GoldenRecord()).right for annotator in annotators}
    every = {
        annotator: right[annotator] + _PRIOR_WRONG + tested.get(annotator, GoldenRecord()).wrong
        for annotator in annotators
    }
    for thing, answers in said.items():
        if len(answers) > 1:
            for annotator, answer in answers.items():
                right[annotator] += beliefs[thing][answer]
                every[annotator] += 1
    return {annotator: min(_MOST_SURE, right[annotator] / every[annotator]) for annotator in annotators}
