"""What to ask tonight, within a budget.

Unseen photos are asked about in groups, largest first: one answer names them all. Unsure ones are chosen one by one for
uncertainty times distance to what was chosen already, so that a night does not repeat itself. A small random arm, drawn
from every unlabelled photo whatever its verdict, measures what the choice is worth.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognition.heads.samples import Vectors
from recognition.triage.groups import alike_cosine, alike_groups, members
from recognition.triage.verdict import Candidate
from recognition.vocabulary import QuestionArm, QuestionKind, Verdict


@dataclass(frozen=True)
class ReviewPolicy:
    """How much may be asked.

    Attributes:
        budget: questions per night.
        random_share: share of the budget for the random control arm.
        unseen_share: share of the rest that groups of unseen photos may take before unsure ones get their turn.
    """

    budget: int = 60
    random_share: float = 0.1
    unseen_share: float = 0.5


@dataclass(frozen=True)
class Reviewable:
    """An unlabelled photo with what the release believes of it.

    `alone` photos are never asked about in a group: people said of one that it shows several products.
    """

    sha256: str
    verdict: Verdict
    confidence: float
    candidates: tuple[Candidate, ...]
    alone: bool = False


@dataclass(frozen=True)
class ChosenQuestion:
    """One question for people.

    Attributes:
        key: content key; the same photos asked about by the same kind of question have the same key for ever.
        kind: one photo, or a group that seems to show one product.
        arm: why it was chosen.
        images: sha256 of its photos, the clearest first.
        candidates: possible answers, best first.
        score: what it was chosen by; higher was more worth asking.
    """

    key: str
    kind: QuestionKind
    arm: QuestionArm
    images: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    score: float


def choose_questions(
    photos: Sequence[Reviewable],
    whitened: Vectors,
    familiarity: float,
    policy: ReviewPolicy,
    random: np.random.Generator,
) -> list[ChosenQuestion]:
    """The night's questions, at most `policy.budget`, each photo in at most one.

    Args:
        photos: n unlabelled photos that no question covers yet.
        whitened: [n, d] their vectors in the release's whitened space.
        familiarity: the release's familiarity threshold.
        policy: the budget and its shares.
        random: draws the control arm.
    """
    if not photos or policy.budget <= 0:
        return []
    drawn = _random_arm(len(photos), policy, random)
    rest = np.setdiff1d(np.arange(len(photos)), drawn)
    unseen = [row for row in rest.tolist() if photos[row].verdict is Verdict.UNSEEN]
    unsure = [row for row in rest.tolist() if photos[row].verdict is Verdict.UNSURE]
    left = policy.budget - len(drawn)
    groups = _unseen_groups(photos, whitened, unseen, familiarity)
    first_groups = groups[: max(round(left * policy.unseen_share), left - len(unsure))]
    singles = _uncertain_and_diverse(photos, whitened, unsure, left - len(first_groups))
    random_questions = [_single(photos[row], QuestionArm.RANDOM, 0.0) for row in drawn]
    return [*first_groups, *singles, *random_questions]


def question_key(kind: QuestionKind, images: Sequence[str]) -> str:
    """Content key of a question: kind and photos, whatever their order."""
    digest = hashlib.sha256("\n".join([kind.value, *sorted(images)]).encode())
    return f"{kind.value}-{digest.hexdigest()[:20]}"


def _random_arm(count: int, policy: ReviewPolicy, random: np.random.Generator) -> list[int]:
    wanted = min(count, round(policy.budget * policy.random_share))
    return sorted(random.choice(count, size=wanted, replace=False).tolist())


def _unseen_groups(
    photos: Sequence[Reviewable], whitened: Vectors, unseen: Sequence[int], familiarity: float
) -> list[ChosenQuestion]:
    questions = []
    grouped = [row for row in unseen if not photos[row].alone]
    groups = [
        [photos[grouped[place]] for place in places]
        for places in members(alike_groups(whitened[grouped], alike_cosine(familiarity)))
    ]
    for group in [*groups, *([photos[row]] for row in unseen if photos[row].alone)]:
        kind = QuestionKind.ONE_PRODUCT if len(group) > 1 else QuestionKind.WHICH_PRODUCT
        images = tuple(photo.sha256 for photo in group)
        questions.append(
            ChosenQuestion(
                question_key(kind, images),
                kind,
                QuestionArm.UNSEEN,
                images,
                _pooled_candidates(group),
                float(len(group)),
            )
        )
    return sorted(questions, key=lambda question: (-question.score, question.key))


def _pooled_candidates(group: Sequence[Reviewable]) -> tuple[Candidate, ...]:
    """Candidates of all photos of a group, ranked by their mean score."""
    totals: dict[str, float] = {}
    for photo in group:
        for candidate in photo.candidates:
            totals[candidate.sku] = totals.get(candidate.sku, 0.0) + candidate.score / len(group)
    best = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[: len(group[0].candidates)]
    return tuple(Candidate(sku, score) for sku, score in best)


def _uncertain_and_diverse(
    photos: Sequence[Reviewable], whitened: Vectors, unsure: Sequence[int], wanted: int
) -> list[ChosenQuestion]:
    """Greedy choice by (1 - confidence) x distance to the nearest photo chosen before."""
    vectors = whitened[list(unsure)]
    uncertainty = np.array([1.0 - photos[row].confidence for row in unsure])
    distance = np.ones(len(unsure))
    chosen: list[ChosenQuestion] = []
    for _ in range(min(wanted, len(unsure))):
        score = (0.05 + uncertainty) * distance  # the floor keeps even a confident photo above a chosen one
        best = int(np.argmax(score))
        chosen.append(_single(photos[unsure[best]], QuestionArm.UNSURE, float(score[best])))
        distance = np.minimum(distance, np.clip(1.0 - vectors @ vectors[best], 0.0, 1.0))
        distance[best] = -1.0
    return chosen


def _single(photo: Reviewable, arm: QuestionArm, score: float) -> ChosenQuestion:
    images = (photo.sha256,)
    kind = QuestionKind.WHICH_PRODUCT
    return ChosenQuestion(question_key(kind, images), kind, arm, images, photo.candidates, score)
