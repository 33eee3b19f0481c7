"""What may be asked: for each reason to ask, the questions that it proposes, and what their answers are worth.

A proposal says nothing of tonight: how many of them are asked, and which, is decided in `recognition.asking.night`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recognition.asking.groups import alike_groups, members
from recognition.heads.samples import Vectors
from recognition.triage.verdict import Candidate
from recognition.vocabulary import QuestionArm, QuestionKind, Verdict

_LEAST_DOUBT = 0.05  # even a confident answer that is not sure is worth more than no question


@dataclass(frozen=True)
class Doubt:
    """Why a photo that has a label is asked about all the same.

    Attributes:
        arm: CONFLICT, SUSPECT or GOLDEN.
        claims: the SKUs that it is said to show, the most trusted first.
        size: how doubtful, in (0, 1].
    """

    arm: QuestionArm
    claims: tuple[str, ...]
    size: float = 1.0


@dataclass(frozen=True)
class Photo:
    """A photo that people may be asked about, with what the release believes of it.

    Attributes:
        sha256: its content key.
        verdict: of the release.
        confidence: of the release.
        candidates: of the release, best first.
        group: its near-duplicate group; empty for a group of its own.
        days: whole days since it was judged first.
        alone: it is never asked about together with others, because people said of its group that it was mixed.
        doubt: set where it has a label.
    """

    sha256: str
    verdict: Verdict
    confidence: float
    candidates: tuple[Candidate, ...]
    group: str = ""
    days: int = 0
    alone: bool = False
    doubt: Doubt | None = None

    @property
    def nearest(self) -> str | None:
        """The SKU that it looks most like, also where it is taken for unseen."""
        return self.candidates[0].sku if self.candidates else None


@dataclass(frozen=True)
class Proposal:
    """A question that is worth asking.

    Attributes:
        arm: why.
        rows: its photos, as rows of the night's photos, the clearest first.
        candidates: possible answers, best first.
        worth: of the answer; compared within an arm alone.
        sku: the class that the answer most likely teaches, or the nearest to it; None where there is none.
    """

    arm: QuestionArm
    rows: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    worth: float
    sku: str | None

    @property
    def kind(self) -> QuestionKind:
        """What is asked."""
        if len(self.rows) > 1:
            return QuestionKind.ONE_PRODUCT
        about_a_label = self.arm in {QuestionArm.CONFLICT, QuestionArm.SUSPECT}
        return QuestionKind.RIGHT_LABEL if about_a_label else QuestionKind.WHICH_PRODUCT


def question_key(kind: QuestionKind, images: Sequence[str]) -> str:
    """Content key of a question: kind and photos, whatever their order."""
    digest = hashlib.sha256("\n".join([kind.value, *sorted(images)]).encode())
    return f"{kind.value}-{digest.hexdigest()[:20]}"


def propose_unsure(photos: Sequence[Photo], samples: Mapping[str, int]) -> list[Proposal]:
    """One question for each photo of a known product that is not sure: the more doubt, and the less its class has."""
    return [
        _single(QuestionArm.UNSURE, row, photo, _doubt(photo) * _need(photo.nearest, samples))
        for row, photo in _unlabelled(photos, Verdict.UNSURE)
    ]


def propose_unseen(
    photos: Sequence[Photo], whitened: Vectors, least_cosine: float, samples: Mapping[str, int]
) -> list[Proposal]:
    """One question for each group of photos that seem to show one unknown product: the more photos, the better.

    What looks unknown may be a known product from a new side: then it is worth more, the less its class has.

    Args:
        photos: of the night.
        whitened: [n, d] their vectors.
        least_cosine: how alike photos of one sheet must be.
        samples: of each class.
    """
    rows = [row for row, _ in _unlabelled(photos, Verdict.UNSEEN)]
    return [
        _sheet(QuestionArm.UNSEEN, group, photos, len(group) * _need(photos[group[0]].nearest, samples))
        for group in _alike(photos, whitened, rows, least_cosine)
    ]


def propose_few_samples(
    photos: Sequence[Photo], whitened: Vectors, least_cosine: float, samples: Mapping[str, int], enough: int
) -> list[Proposal]:
    """Sheets of photos that all seem to show one class which lacks few samples: the nearer it is to enough, the better.

    Args:
        photos: of the night.
        whitened: [n, d] their vectors.
        least_cosine: how alike photos of one sheet must be.
        samples: of each class.
        enough: samples from which a class is trained.
    """
    by_class: defaultdict[str, list[int]] = defaultdict(list)
    for row, photo in _unlabelled(photos, Verdict.SURE, Verdict.UNSURE):
        if photo.nearest is not None and enough / 2 <= samples.get(photo.nearest, 0) < enough:
            by_class[photo.nearest].append(row)
    return [
        _sheet(QuestionArm.FEW_SAMPLES, group, photos, min(1.0, (samples[sku] + len(group)) / enough))
        for sku, rows in sorted(by_class.items())
        for group in _alike(photos, whitened, rows, least_cosine)
    ]


def propose_doubts(photos: Sequence[Photo]) -> list[Proposal]:
    """One question for each labelled photo whose label is in doubt, and for those that test the annotators."""
    return [_about_label(row, photo, photo.doubt) for row, photo in enumerate(photos) if photo.doubt is not None]


def draw_control(photos: Sequence[Photo], wanted: int, random: np.random.Generator) -> list[Proposal]:
    """The control arm: photos drawn from all that have no label, whatever the release believes of them."""
    rows = [row for row, photo in enumerate(photos) if photo.doubt is None]
    drawn = (
        random.choice(len(rows), size=min(len(rows), wanted), replace=False) if rows else np.zeros(0, dtype=np.int64)
    )
    return [_single(QuestionArm.RANDOM, rows[place], photos[rows[place]], 0.0) for place in sorted(drawn.tolist())]


def _unlabelled(photos: Sequence[Photo], *verdicts: Verdict) -> Iterable[tuple[int, Photo]]:
    return ((row, photo) for row, photo in enumerate(photos) if photo.doubt is None and photo.verdict in verdicts)


def _doubt(photo: Photo) -> float:
    return _LEAST_DOUBT + 1.0 - photo.confidence


def _need(sku: str | None, samples: Mapping[str, int]) -> float:
    """What one more photo is worth to a class: a class mean of n photos errs by 1/n."""
    return 1.0 / (1.0 + samples.get(sku or "", 0))


def _alike(
    photos: Sequence[Photo], whitened: Vectors, rows: Sequence[int], least_cosine: float
) -> list[tuple[int, ...]]:
    """The rows in groups that seem to show one product each; those that must stand alone, alone."""
    together = [row for row in rows if not photos[row].alone]
    groups = members(alike_groups(whitened[together], least_cosine))
    alone = [(row,) for row in rows if photos[row].alone]
    return [*(tuple(together[place] for place in places) for places in groups), *alone]


def _single(arm: QuestionArm, row: int, photo: Photo, worth: float) -> Proposal:
    return Proposal(arm, (row,), photo.candidates, worth, photo.nearest)


def _sheet(arm: QuestionArm, rows: tuple[int, ...], photos: Sequence[Photo], worth: float) -> Proposal:
    return Proposal(arm, rows, _pooled_candidates([photos[row] for row in rows]), worth, photos[rows[0]].nearest)


def _about_label(row: int, photo: Photo, doubt: Doubt) -> Proposal:
    """A golden question looks like any other, or it would test nothing."""
    if doubt.arm is QuestionArm.GOLDEN:
        return _single(doubt.arm, row, photo, doubt.size)
    believed = {candidate.sku: candidate for candidate in photo.candidates}
    claimed = [believed.get(sku, Candidate(sku, 0.0)) for sku in doubt.claims]
    others = [candidate for candidate in photo.candidates if candidate.sku not in doubt.claims]
    offered = (*claimed, *others)[: max(len(photo.candidates), len(claimed))]
    return Proposal(doubt.arm, (row,), offered, doubt.size, doubt.claims[0])


def _pooled_candidates(group: Sequence[Photo]) -> tuple[Candidate, ...]:
    """Candidates of all photos of a group, ranked by their mean score."""
    totals: dict[str, float] = {}
    for photo in group:
        for candidate in photo.candidates:
            totals[candidate.sku] = totals.get(candidate.sku, 0.0) + candidate.score / len(group)
    best = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[: len(group[0].candidates)]
    return tuple(Candidate(sku, score) for sku, score in best)
