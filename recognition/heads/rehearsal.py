"""A rehearsal of first days: products that have both kinds of photos play new ones, known by their catalogue photos.

Heads that were taught without some classes meet camera photos of those and of the classes that they were taught, while
catalogue photos are all that is known of the held-out classes. Chosen is what names most photos right if each product
is asked about equally often, among what takes next to nothing from the products that people ask about today. With few
photos nothing is chosen: the best of twenty rules is then the luckiest, and costs more than it promised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognition.heads.fine_head import FineHead
from recognition.heads.first_day import FirstDayRule, clean_means, fit_first_day
from recognition.heads.folds import ClassFold
from recognition.heads.samples import Flags, Rows, Samples, Vectors
from recognition.heads.scoring import scan_prototypes

_PENALTIES, _LENGTHS = (None, 1.0, 3.0, 10.0), (1.0, 0.95, 0.9, 0.85, 0.8)
_AS_TAUGHT = FirstDayRule(penalty=None, length=1.0)
_MOST_LOST = 0.01  # of the accuracy of all others; half of it in earnest, for heads of a fold are weaker
_LEAST_NEW = 0.05  # of the products; so many may come between two cycles
_FEWEST_PLAYERS = 20  # in a fold, even where fewer products are new
_FEWEST_ASKED = 500  # photos of players in all folds; 150 labels of 260 products chose a rule that cost five points
_MOST_ASKED = 4000  # photos of either kind in a fold: enough to tell half a point, and soon done


@dataclass(frozen=True)
class Tally:
    """Of so many camera photos, how many are named right."""

    photos: int = 0
    right: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.photos + other.photos, self.right + other.right)

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.right / max(self.photos, 1)


@dataclass(frozen=True)
class Played:
    """One rule: how products that play new ones are named, and all others beside them."""

    new: Tally
    others: Tally

    def __add__(self, other: "Played") -> "Played":
        return Played(self.new + other.new, self.others + other.others)


@dataclass(frozen=True)
class Rehearsal:
    """What came of it; empty where nothing could be rehearsed.

    Attributes:
        played: by rule.
        alone: how the others are named while nothing new is beside them.
        new_share: of the products, that are new or may be before the next rehearsal.
    """

    played: Mapping[FirstDayRule, Played]
    alone: Tally = Tally()
    new_share: float = 0.0

    @property
    def rule(self) -> FirstDayRule | None:
        """The best for all products among those that cost the others next to nothing; None where too little was played.

        Where class means cost them more, that is how the store knows its products anyway, and no rule may cost more.
        """
        if not self.played or self.played[_AS_TAUGHT].new.photos < _FEWEST_ASKED:
            return None
        bearable = min(self.alone.share - _MOST_LOST, self.played[_AS_TAUGHT].others.share)
        fair = {rule: found for rule, found in self.played.items() if found.others.share >= bearable}
        return max(fair, key=lambda rule: (self._share_right(fair[rule]), rule == _AS_TAUGHT))

    def _share_right(self, found: Played) -> float:
        return self.new_share * found.new.share + (1 - self.new_share) * found.others.share


def rehearse(samples: Samples, folds: Sequence[ClassFold], heads: Sequence[FineHead], seed: int) -> Rehearsal:
    """Every rule in every fold.

    Args:
        samples: the training part.
        folds: which classes are held out.
        heads: the fine head of each fold, class rows as the fold has them.
        seed: draws who plays, and the photos that are asked about.
    """
    random = np.random.default_rng(seed)
    played: dict[FirstDayRule, Played] = {}
    alone = Tally()
    for fold, fine in zip(folds, heads, strict=True):
        stage = _Stage.set(samples, fold, fine, random)
        alone += stage.alone
        for penalty in _PENALTIES if stage.is_set else ():
            for rule, found in stage.play(penalty).items():
                played[rule] = played[rule] + found if rule in played else found
    return Rehearsal(played, alone, _new_share(samples))


@dataclass(frozen=True)
class _Stage:
    """One fold: prototypes that a camera taught compete with those of products that have catalogue photos alone.

    Attributes:
        clean: [b, k] mean catalogue photo of each product that has both kinds of photos.
        prototypes: [b, k] theirs.
        guessed: [g] class rows of the products that are predicted: those that play new ones, and those that are new.
        clean_of_guessed: [g, k] their mean catalogue photos.
        vectors: [n, k] camera photos that are asked about, those of the players first.
        targets: [n] their class rows.
        of_players: how many photos are of the players.
        known: the nearest prototype that a camera taught.
    """

    clean: Vectors
    prototypes: Vectors
    guessed: Rows
    clean_of_guessed: Vectors
    vectors: Vectors
    targets: Rows
    of_players: int
    known: "_Best"

    @classmethod
    def set(cls, samples: Samples, fold: ClassFold, fine: FineHead, random: np.random.Generator) -> "_Stage":
        means, has_clean = clean_means(samples, fine.metric)
        taught = fold.taught[samples.by_camera[fold.taught]]
        by_camera = np.bincount(samples.targets[taught], minlength=len(samples.classes)) > 0
        prototypes = np.zeros((len(samples.classes), fine.prototypes.shape[1]), dtype=np.float32)
        prototypes[fold.classes] = fine.prototypes
        players = _players(samples, fold, has_clean, random)
        indeed = fold.classes[has_clean[fold.classes] & ~by_camera[fold.classes]]
        both, known, guessed = (
            np.flatnonzero(has_clean & by_camera),
            np.flatnonzero(by_camera),
            np.append(players, indeed),
        )
        new, others = (_asked(samples, rows, of, random) for rows, of in ((fold.unseen, players), (fold.known, known)))
        asked = np.append(new, others)
        vectors = fine.metric.apply(samples.vectors[asked])
        return cls(
            clean=means[both],
            prototypes=prototypes[both],
            guessed=guessed,
            clean_of_guessed=means[guessed],
            vectors=vectors,
            targets=samples.targets[asked],
            of_players=len(new),
            known=_Best.among(prototypes[known], known, vectors),
        )

    @property
    def is_set(self) -> bool:
        """Whether there is anything to learn from, and anybody to ask about."""
        return len(self.clean) > 1 and 0 < self.of_players < len(self.targets)

    @property
    def alone(self) -> Tally:
        """How all others are named where nothing is new."""
        return self._tally(self.known.rows)[1]

    def play(self, penalty: float | None) -> dict[FirstDayRule, Played]:
        """Each length of the same guesses: a shorter one scores less by as much, everywhere."""
        rule = FirstDayRule(penalty, length=1.0)
        guesses = fit_first_day(self.clean, self.prototypes, rule).prototypes(self.clean_of_guessed)
        best = _Best.among(guesses, self.guessed, self.vectors)
        return {
            replace(rule, length=length): Played(
                *self._tally(np.where(length * best.scores > self.known.scores, best.rows, self.known.rows))
            )
            for length in _LENGTHS
        }

    def _tally(self, named: Rows) -> tuple[Tally, Tally]:
        right = named == self.targets
        new, others = right[: self.of_players], right[self.of_players :]
        return Tally(len(new), int(new.sum())), Tally(len(others), int(others.sum()))


@dataclass(frozen=True)
class _Best:
    """The class row of the nearest prototype of each photo, and its score."""

    rows: Rows
    scores: NDArray[np.float32]

    @classmethod
    def among(cls, prototypes: Vectors, classes: Rows, vectors: Vectors) -> "_Best":
        if not len(prototypes):
            nobody = np.full(len(vectors), -1, dtype=np.int64)
            return cls(nobody, np.full(len(vectors), -np.inf, dtype=np.float32))
        rows, scores = scan_prototypes(prototypes)(vectors, 1)
        return cls(classes[rows[:, 0]], scores[:, 0])


def _players(samples: Samples, fold: ClassFold, has_clean: Flags, random: np.random.Generator) -> Rows:
    """Held-out products that play new ones: with those that are new indeed, as many as the store has."""
    new, by_camera = samples.on_first_day(), samples.camera_counts() > 0
    held_out = np.setdiff1d(np.arange(len(samples.classes)), fold.classes)
    wanted = max(round(_new_share(samples) * len(new)) - int(new[fold.classes].sum()), _FEWEST_PLAYERS)
    able = held_out[has_clean[held_out] & by_camera[held_out]]
    return np.sort(random.choice(able, wanted, replace=False)) if len(able) > wanted else able


def _new_share(samples: Samples) -> float:
    return max(float(samples.on_first_day().mean()), _LEAST_NEW)


def _asked(samples: Samples, rows: Rows, classes: Rows, random: np.random.Generator) -> Rows:
    """Camera photos of those classes among the rows, no more than it takes."""
    found = rows[samples.by_camera[rows] & np.isin(samples.targets[rows], classes)]
    return np.sort(random.choice(found, _MOST_ASKED, replace=False)) if len(found) > _MOST_ASKED else found
