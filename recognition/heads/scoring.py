"""From candidates to ranked probabilities: the one formula that training, calibration and the query path share.

    score = cosine(photo, prototype) + coarse_weight * log P(superclass of the class | photo)
    probability = softmax(scale * score) over the candidates, as if the product were one of them
    ratio = log p(photo | class) / p(photo | some other product): is it one of them?

Routing over superclasses is soft: a coarse mistake costs a candidate some score, never its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.heads.coarse_head import CoarseHead
from recognition.heads.cohort import mean_of_others
from recognition.heads.first_day import FirstDay
from recognition.heads.metric import Metric
from recognition.heads.samples import Flags, Rows, Vectors
from recognition.heads.two_covariance import TwoCovariance
from recognition.vocabulary import Tier

CANDIDATES = 32  # classes that are ranked for each photo; the true class is almost always among the nearest few
_CELLS = 2**23  # cosines that a scan holds at once, so that its memory does not grow with the catalogue
_IMPOSSIBLE = np.float32(-1e9)


@dataclass(frozen=True)
class Heads:
    """Everything between a vector and a ranked list of classes.

    Attributes:
        classes: SKU of each class row.
        tiers: tier of each class row.
        metric: the metric.
        prototypes: [c, k] float32, the fine head: one prototype of each class in that metric, of length 1 where camera
            photos taught it, shorter where it is predicted.
        superclass_of: [c] int64, superclass row of each class row.
        coarse: the coarse head.
        likelihood: tells known from unseen products, see `recognition.heads.two_covariance`.
        coarse_weight: how much the coarse head counts; 0 is the flat baseline.
        scale: inverse temperature of the probabilities.
        first_day: predicts the prototype of a product from catalogue photos alone; None where it cannot be told.

    Coarse weight and scale are chosen after the rest is fitted, see `recognition.heads.training`.
    """

    classes: tuple[str, ...]
    tiers: tuple[Tier, ...]
    metric: Metric
    prototypes: Vectors
    superclass_of: Rows
    coarse: CoarseHead
    likelihood: TwoCovariance
    coarse_weight: float = 0.0
    scale: float = 1.0
    first_day: FirstDay | None = None

    def routes(self, refined: Vectors, rows: Rows) -> NDArray[np.float32]:
        """[n, k] log-probability of the superclass of each of n photos' class rows [n, k]; [n, d] refined vectors."""
        return np.take_along_axis(self.coarse.log_probabilities(refined), self.superclass_of[rows], axis=1)

    def with_choice(self, coarse_weight: float, scale: float) -> "Heads":
        """The same heads with another coarse weight and scale."""
        return replace(self, coarse_weight=coarse_weight, scale=scale)


class NearestClasses(Protocol):
    """Finds the nearest prototypes; a FAISS index in a release, a plain scan in training."""

    def __call__(self, whitened: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
        """Class rows [n, k] and their cosines [n, k], nearest first."""


@dataclass(frozen=True)
class Candidates:
    """The classes considered for each photo.

    Attributes:
        rows: [n, k] int64 class rows.
        cosine: [n, k] float32 cosine to the prototype in the whitened space.
        coarse: [n, k] float32 log-probability of the class's superclass.
        ratio: [n, k] float32 log-likelihood ratio of the class and a product that nobody has taught.
        log_length: [n] float32 of the photo, see `recognition.heads.metric`.
    """

    rows: Rows
    cosine: NDArray[np.float32]
    coarse: NDArray[np.float32]
    ratio: NDArray[np.float32]
    log_length: NDArray[np.float32]

    @classmethod
    def join(cls, parts: Sequence["Candidates"], class_count: int) -> "Candidates":
        """The candidates of several batches of photos, of none at all too.

        A batch that was ranked among fewer classes is filled up with candidates that never win.
        """
        width = min(CANDIDATES, class_count)
        none = np.zeros((0, width), dtype=np.float32)
        filled = [part.filled_up_to(width) for part in parts]
        return cls(
            rows=np.concatenate([none.astype(np.int64), *(part.rows for part in filled)]),
            cosine=np.concatenate([none, *(part.cosine for part in filled)]),
            coarse=np.concatenate([none, *(part.coarse for part in filled)]),
            ratio=np.concatenate([none, *(part.ratio for part in filled)]),
            log_length=np.concatenate([np.zeros(0, dtype=np.float32), *(part.log_length for part in filled)]),
        )

    def filled_up_to(self, width: int) -> "Candidates":
        """The same candidates in `width` columns; the new ones are impossible."""
        missing = ((0, 0), (0, width - self.rows.shape[1]))
        return Candidates(
            rows=np.pad(self.rows, missing),
            cosine=np.pad(self.cosine, missing, constant_values=_IMPOSSIBLE),
            coarse=np.pad(self.coarse, missing, constant_values=_IMPOSSIBLE),
            ratio=np.pad(self.ratio, missing, constant_values=_IMPOSSIBLE),
            log_length=self.log_length,
        )

    @property
    def possible(self) -> Flags:
        """[n, k] which of them are no mere filling."""
        return np.asarray(self.cosine > _IMPOSSIBLE / 2)

    def with_rows_of(self, class_rows: Rows) -> "Candidates":
        """The same candidates, named by the rows that their classes have elsewhere: `class_rows` [c]."""
        return replace(self, rows=class_rows[self.rows])


@dataclass(frozen=True)
class Ranking:
    """Candidates in order of score.

    Attributes:
        rows: [n, k] int64 class rows, best first.
        probability: [n, k] float32, in the same order, each row sums to one.
        familiarity: [n] float32 cosine to the nearest prototype: how much the photo looks like anything known.
        ratio: [n] float32 largest log-likelihood ratio among the candidates: how much the photo looks like a known
            product rather than some other one.
        familiarity_of_others: [n] float32 mean cosine of the other candidates, see `recognition.heads.cohort`.
        ratio_of_others: [n] float32 mean log-likelihood ratio of the other candidates.
        log_length: [n] float32 of the photo before it is compared.
    """

    rows: Rows
    probability: NDArray[np.float32]
    familiarity: NDArray[np.float32]
    ratio: NDArray[np.float32]
    familiarity_of_others: NDArray[np.float32]
    ratio_of_others: NDArray[np.float32]
    log_length: NDArray[np.float32]


def scan_prototypes(prototypes: Vectors) -> NearestClasses:
    """An exact scan in NumPy: the oracle for every index, and quick enough for training."""

    def nearest(whitened: Vectors, count: int) -> tuple[Rows, NDArray[np.float32]]:
        kept = min(count, len(prototypes))
        if not len(whitened) or not kept:
            return np.zeros((len(whitened), kept), dtype=np.int64), np.zeros((len(whitened), kept), dtype=np.float32)
        chunk = max(1, _CELLS // len(prototypes))
        found = [
            _nearest_of_chunk(whitened[at : at + chunk], prototypes, kept) for at in range(0, len(whitened), chunk)
        ]
        return np.concatenate([rows for rows, _ in found]), np.concatenate([cosines for _, cosines in found])

    return nearest


def find_candidates(
    heads: Heads, vectors: Vectors, nearest: NearestClasses | None = None, count: int = CANDIDATES
) -> Candidates:
    """The nearest classes of each photo with what the coarse head and the likelihoods think of them.

    Args:
        heads: the heads.
        vectors: [n, d] encoder vectors.
        nearest: an index over the prototypes; None scans them.
        count: candidates for each photo.
    """
    whitened = heads.metric.whiten(vectors)
    refined = heads.metric.refine(whitened)
    rows, cosine = (nearest or scan_prototypes(heads.prototypes))(refined, count)
    return Candidates(
        rows,
        cosine,
        heads.routes(refined, rows),
        # A refinement pulls the photos that it was taught together: how much photos scatter is seen before it.
        heads.likelihood.log_ratios(whitened, rows),
        heads.metric.log_lengths(vectors),
    )


def find_candidates_of_each(heads: Mapping[str, Heads], vectors: Vectors) -> dict[str, Candidates]:
    """The same for heads that differ in their superclasses alone: the classes are found once."""
    first = next(iter(heads.values()))
    found, refined = find_candidates(first, vectors), first.metric.apply(vectors)
    return {name: replace(found, coarse=of_name.routes(refined, found.rows)) for name, of_name in heads.items()}


def rank(candidates: Candidates, coarse_weight: float, scale: float) -> Ranking:
    """Candidates in order of score, with probabilities."""
    scores = candidates.cosine + np.float32(coarse_weight) * candidates.coarse  # [n, k]
    order = np.argsort(-scores, axis=1, kind="stable")
    logits = scale * np.take_along_axis(scores, order, axis=1).astype(np.float64)
    weights = np.exp(logits - logits[:, :1])
    return Ranking(
        rows=np.take_along_axis(candidates.rows, order, axis=1),
        probability=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32),
        familiarity=candidates.cosine.max(axis=1),
        ratio=candidates.ratio.max(axis=1),
        familiarity_of_others=mean_of_others(candidates.cosine, candidates.possible),
        ratio_of_others=mean_of_others(candidates.ratio, candidates.possible),
        log_length=candidates.log_length,
    )


def _nearest_of_chunk(whitened: Vectors, prototypes: Vectors, kept: int) -> tuple[Rows, NDArray[np.float32]]:
    """The `kept` largest cosines of each photo; of equal ones the lowest class row. Only those few are sorted."""
    cosines = whitened @ prototypes.T  # [n, c]
    last = len(prototypes) - kept
    least = np.partition(cosines, last, axis=1)[:, last, None]  # [n, 1]: the smallest cosine that is kept
    photos, rows = np.nonzero(~(cosines < least))  # at least `kept` of each photo: all of a tie, and NaN too
    found = cosines[photos, rows]
    order = np.lexsort((-found, photos))  # stable, so rows of equal cosine stay ascending
    first = np.searchsorted(photos, np.arange(len(cosines)))
    taken = order[first[:, None] + np.arange(kept)]  # [n, kept]
    return rows[taken].astype(np.int64), found[taken].astype(np.float32)
