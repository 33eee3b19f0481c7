"""Tonight's questions: what is proposed, within a budget of questions and of minutes.

The control arm is drawn first, from every unlabelled photo, so that it measures what the choice is worth. Then one
question after the other is taken. Each time the arm that is furthest below its share has its turn (D'Hondt's method),
and of its proposals the one with the highest score:

    score = worth x novelty x balance x patience

Novelty is the distance to the nearest photo that tonight asks about already, so a night does not repeat itself. Balance
falls with each question about the same class; patience grows with the days that a photo has waited. What an arm cannot
use, because it has nothing left to propose, the others get.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recognition.asking.effort import Effort
from recognition.asking.groups import Sheets, alike_cosine
from recognition.asking.proposals import (
    Photo,
    Proposal,
    draw_control,
    propose_doubts,
    propose_few_samples,
    propose_unseen,
    propose_unsure,
    question_key,
)
from recognition.heads.samples import Vectors
from recognition.triage.verdict import Candidate
from recognition.vocabulary import QuestionArm, QuestionKind

_PATIENCE_DAYS = 14.0  # after so many days in the queue a photo counts twice


@dataclass(frozen=True)
class ReviewPolicy:
    """How much may be asked, and of what.

    Attributes:
        budget: questions per night.
        minutes: that people are estimated to spend on them.
        random_share: share of the night for the random control arm.
        golden_share: share for questions with known answers, which measure the annotators.
        unseen_share: share of the rest for unseen products.
        few_samples_share: share of the rest for classes that lack few samples.
        doubt_share: share of the rest for labels that contradict each other, and as much for suspected wrong ones.
        enough: samples from which a class is trained.

    Whatever is left over is for photos of known products that are unsure.
    """

    budget: int = 60
    minutes: float = 20.0
    random_share: float = 0.1
    golden_share: float = 0.05
    unseen_share: float = 0.5
    few_samples_share: float = 0.1
    doubt_share: float = 0.05
    enough: int = 50

    @property
    def shares(self) -> Mapping[QuestionArm, float]:
        """What each arm but the control arm is to have."""
        rest = 1.0 - self.golden_share
        unsure = max(0.0, 1.0 - self.unseen_share - self.few_samples_share - 2 * self.doubt_share)
        return {
            QuestionArm.UNSURE: unsure * rest,
            QuestionArm.UNSEEN: self.unseen_share * rest,
            QuestionArm.FEW_SAMPLES: self.few_samples_share * rest,
            QuestionArm.CONFLICT: self.doubt_share * rest,
            QuestionArm.SUSPECT: self.doubt_share * rest,
            QuestionArm.GOLDEN: self.golden_share,
        }


@dataclass(frozen=True)
class Experience:
    """What earlier nights have told.

    Attributes:
        samples: of each class; a class that is not in it has none.
        effort: how long each kind of question takes.
        sheets: how many groups showed one product.
    """

    samples: Mapping[str, int] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)
    sheets: Sheets = field(default_factory=Sheets)


@dataclass(frozen=True)
class ChosenQuestion:
    """One question for people.

    Attributes:
        key: content key; the same photos asked about by the same kind of question have the same key for ever.
        kind: what is asked.
        arm: why it was chosen.
        images: sha256 of its photos, the clearest first.
        candidates: possible answers, best first.
        score: what it was chosen by; higher was more worth asking. Compared within an arm alone.
        seconds: that it is estimated to take.
    """

    key: str
    kind: QuestionKind
    arm: QuestionArm
    images: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    score: float
    seconds: float


def choose_questions(
    photos: Sequence[Photo],
    whitened: Vectors,
    familiarity: float,
    policy: ReviewPolicy,
    random: np.random.Generator,
    experience: Experience | None = None,
) -> list[ChosenQuestion]:
    """The night's questions, each photo in at most one, of near duplicates one.

    Args:
        photos: n photos that no question covers yet.
        whitened: [n, d] their vectors in the release's whitened space.
        familiarity: the release's familiarity threshold.
        policy: the budget and its shares.
        random: draws the control arm.
        experience: what earlier nights have told; by default nothing.
    """
    experience = experience or Experience()
    samples, least_cosine = experience.samples, alike_cosine(familiarity, experience.sheets)
    night = _Night(photos, whitened, policy, experience.effort)
    night.ask_all(draw_control(photos, night.control, random))
    night.fill(
        [
            *propose_unsure(photos, samples),
            *propose_unseen(photos, whitened, least_cosine, samples),
            *propose_few_samples(photos, whitened, least_cosine, samples, policy.enough),
            *propose_doubts(photos),
        ]
    )
    return night.questions


@dataclass
class _Night:
    """A night that is being filled."""

    photos: Sequence[Photo]
    whitened: Vectors
    policy: ReviewPolicy
    effort: Effort
    questions: list[ChosenQuestion] = field(default_factory=list)
    seconds: float = 0.0
    turns: Counter[QuestionArm] = field(default_factory=Counter)
    of_class: Counter[str | None] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)  # near-duplicate groups
    nearness: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.nearness = np.zeros(len(self.photos), dtype=np.float32)

    @property
    def control(self) -> int:
        """How many questions the control arm has."""
        single = self.effort.of(QuestionKind.WHICH_PRODUCT)
        fit = min(float(self.policy.budget), self.policy.minutes * 60 / single)
        return round(max(0.0, fit) * self.policy.random_share)

    def ask_all(self, proposals: Sequence[Proposal]) -> None:
        """Ask whatever fits, without regard to score."""
        for proposal in self._left_of(proposals):
            self._ask(proposal, proposal.worth)

    def fill(self, proposals: Sequence[Proposal]) -> None:
        """Ask the best of what is proposed until the night is full."""
        waiting = {arm: [each for each in proposals if each.arm is arm] for arm in self.policy.shares}
        while arm := self._next_arm(waiting):
            waiting[arm] = list(self._left_of(waiting[arm]))
            if waiting[arm]:
                scores = self._scores(waiting[arm])
                best = int(np.argmax(scores))
                self._ask(waiting[arm].pop(best), float(scores[best]))

    def _next_arm(self, waiting: Mapping[QuestionArm, Sequence[Proposal]]) -> QuestionArm | None:
        shares = self.policy.shares
        open_arms = [arm for arm in waiting if waiting[arm] and shares[arm] > 0]
        return max(open_arms, key=lambda arm: shares[arm] / (self.turns[arm] + 1), default=None)

    def _fits(self, proposal: Proposal) -> bool:
        seconds = self.seconds + self.effort.of(proposal.kind)
        return len(self.questions) < self.policy.budget and seconds <= self.policy.minutes * 60

    def _left_of(self, proposals: Iterable[Proposal]) -> Iterator[Proposal]:
        """The proposals that still fit, without photos that tonight asks about already and their near duplicates."""
        for proposal in proposals:
            rows = tuple(row for row in proposal.rows if _group(self.photos[row]) not in self.asked)
            if rows and self._fits(proposal):
                yield proposal if rows == proposal.rows else replace(proposal, rows=rows)

    def _scores(self, proposals: Sequence[Proposal]) -> NDArray[np.float64]:
        first = [proposal.rows[0] for proposal in proposals]
        worth = np.array([proposal.worth for proposal in proposals])
        balance = np.array([1.0 / (1.0 + self.of_class[proposal.sku]) for proposal in proposals])
        patience = np.array([1.0 + self.photos[row].days / _PATIENCE_DAYS for row in first])
        return np.asarray(worth * (1.0 - self.nearness[first]) * balance * patience)

    def _ask(self, proposal: Proposal, score: float) -> None:
        photos = [self.photos[row] for row in proposal.rows]
        images, seconds = tuple(photo.sha256 for photo in photos), self.effort.of(proposal.kind)
        key = question_key(proposal.kind, images)
        self.questions.append(
            ChosenQuestion(key, proposal.kind, proposal.arm, images, proposal.candidates, score, seconds)
        )
        self.seconds += seconds
        self.turns[proposal.arm] += 1
        self.of_class[proposal.sku] += proposal.sku is not None
        self.asked.update(map(_group, photos))
        nearness = self.whitened @ self.whitened[proposal.rows[0]]
        self.nearness = np.maximum(self.nearness, np.clip(nearness, 0.0, 1.0))


def _group(photo: Photo) -> str:
    return photo.group or photo.sha256
