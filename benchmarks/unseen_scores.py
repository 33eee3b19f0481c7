"""Which figures of a photo tell products that nobody taught from known ones? Behind recognition/triage/thresholds.py.

    python -m benchmarks.unseen_scores [--classes 1000]

Cart-parts, teaching photos of the catalogue alone: a fifth of the classes is held out whole, and of the others a fifth
of the photos. Neither test photos nor the parts 2000 to 2299 are looked at. Single scores need no fit; what is combined
is a logistic regression, asked about classes that it was not fitted with. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import this_machine
from benchmarks.parts_photos import TEACHING, photos, read_parts, render_parts
from benchmarks.parts_vectors import ENCODER, isolating, layout, vectors
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.cohort import mean_of_others
from recognition.heads.fine_head import FineHead, fit_fine_head, fit_likelihood
from recognition.heads.folds import ClassFold, class_folds
from recognition.heads.metric import MetricKind, worth_reducing
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scoring import scan_prototypes
from recognition.heads.two_covariance import TwoCovariance
from recognition.triage.separation import auroc, false_positive_rate
from recognition.vocabulary import IsolationMethod
from skuloop.output import console, print_table
from tasks.settings import shared_data

_COLOUR, _CANDIDATES, _SHARPNESS, _PRIOR_PHOTOS = 0.3, 32, 20.0, 5.0
_PARTS = 3  # of the classes, each asked about what is fitted with the others
Floats = NDArray[np.floating]

_RATIO, _COSINE = "log-likelihood ratio (a relative Mahalanobis distance)", "cosine to the nearest prototype"
_OTHERS = ("mean cosine of the other candidates", "mean ratio of the other candidates")
_OWN = "cosine less the mean of the class's own held-out photos"
_LENGTH = "logarithm of the photo's length"
_GAP, _PHOTOS = "gap between first and second", "mean cosine of the 5 nearest photos"
_RESIDUAL = "residual outside the discriminant axes"
_ENERGY, _SOFTMAX = "energy", "largest softmax"
_SINGLE = (_SOFTMAX, _ENERGY, _GAP, _PHOTOS, _RESIDUAL, _LENGTH, _OWN, _RATIO, _COSINE)
_BEFORE = (_RATIO, _COSINE)
_JOINED = {
    "ratio and cosine": _BEFORE,
    "the same, and the gap": (*_BEFORE, _GAP),
    "the same, and the nearest photos": (*_BEFORE, _PHOTOS),
    "the same, and the residual": (*_BEFORE, _RESIDUAL),
    "the same, and the class's own photos": (*_BEFORE, _OWN),
    "the same, and the length": (*_BEFORE, _LENGTH),
    "the same, and the other candidates": (*_BEFORE, *_OTHERS),
    "**the same, and both, as a release does it**": (*_BEFORE, *_OTHERS, _LENGTH),
    "all of these": (*_SINGLE, *_OTHERS),
}


@dataclass(frozen=True)
class Asked:
    """Figures of photos by name, and the class row of each photo."""

    figures: Mapping[str, Floats]
    targets: Rows

    def table(self, names: Sequence[str]) -> Floats:
        """[n, k] of these figures."""
        return np.stack([self.figures[name] for name in names], axis=1)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=1000)
    classes = parser.parse_args(arguments).classes
    if not console.is_terminal:
        console.width = 130
    known, unseen = _asked(classes)
    rows = [(name, *_told(known.figures[name], unseen.figures[name])) for name in _SINGLE]
    rows += [(label, *_told(*_joined(known, unseen, names, classes))) for label, names in _JOINED.items()]
    machine = this_machine()
    print_table(
        f"{len(unseen.targets):,} teaching photos of held-out classes beside {len(known.targets):,} of known ones, "
        f"{classes:,} classes ({machine.cpu}, {ENCODER})",
        ("figure", "AUROC", "FPR at 95 % TPR"),
        rows,
    )
    return 0


def _asked(classes: int) -> tuple[Asked, Asked]:
    """Held-out photos of known classes, and photos of classes that were held out, with all their figures."""
    shared = shared_data()
    parts = read_parts(shared)
    render_parts(shared, parts)
    spec, paths = isolating(shared, IsolationMethod.FOREGROUND), photos(parts[:classes], TEACHING)
    skus = [part.sku for part in parts[:classes] for _ in TEACHING]
    samples = Samples.from_labels(vectors(spec, paths), skus, [str(path) for path in paths], layout(spec))
    fold = class_folds(samples, np.arange(len(samples)), 5, 1)[0]
    few = samples.take(fold.taught).of_classes(fold.classes)
    kind = MetricKind.DISCRIMINANT if worth_reducing(few) else MetricKind.WHITENED
    fine = fit_fine_head(few, Choice(kind, colour_weight=_COLOUR, fine=FineMethod.REFINED))
    likelihood = fit_likelihood(few, fine.metric)
    found = [dict(_figures(few, fine, likelihood, samples.vectors[rows])) for rows in (fold.known, fold.unseen)]
    known, unseen = (Asked(*pair) for pair in zip(found, _targets(samples, fold), strict=True))
    return _beside_own_photos(known, unseen, fine, samples.vectors, fold)


def _targets(samples: Samples, fold: ClassFold) -> tuple[Rows, Rows]:
    return np.searchsorted(fold.classes, samples.targets[fold.known]), samples.targets[fold.unseen]


def _figures(few: Samples, fine: FineHead, likelihood: TwoCovariance, asked: Vectors) -> Iterator[tuple[str, Floats]]:
    refined = fine.metric.apply(asked)
    rows, cosine = scan_prototypes(fine.prototypes)(refined, _CANDIDATES)
    ratio = likelihood.log_ratios(fine.metric.whiten(asked), rows)
    every = np.ones(rows.shape, dtype=bool)
    yield _LENGTH, fine.metric.log_lengths(asked)
    yield _RATIO, ratio.max(axis=1)
    yield _COSINE, cosine[:, 0]
    yield _OTHERS[0], mean_of_others(cosine, every)
    yield _OTHERS[1], mean_of_others(ratio, every)
    yield _GAP, cosine[:, 0] - cosine[:, 1]
    above = np.exp(_SHARPNESS * (cosine - cosine[:, :1])).sum(axis=1)
    yield _SOFTMAX, 1 / above
    yield _ENERGY, _SHARPNESS * cosine[:, 0] + np.log(above)
    _, near = scan_prototypes(fine.metric.apply(few.vectors))(refined, 5)
    yield _PHOTOS, near.mean(axis=1)
    yield _RESIDUAL, -_residual(few, fine, asked)


def _residual(few: Samples, fine: FineHead, asked: Vectors) -> Floats:
    """How much of a photo lies outside the axes that the first block keeps; as in ViM (Wang et al., CVPR 2022)."""
    part = fine.metric.parts[0]
    axes, _ = np.linalg.qr(part.whitening.matrix.astype(np.float64))
    centred = (asked[:, part.start : part.stop] - few.vectors[:, part.start : part.stop].mean(axis=0)).astype(float)
    return np.asarray(np.linalg.norm(centred - (centred @ axes) @ axes.T, axis=1))


def _beside_own_photos(
    known: Asked, unseen: Asked, fine: FineHead, every: Vectors, fold: ClassFold
) -> tuple[Asked, Asked]:
    """The same with the cosine beside those of held-out photos of the class, a photo never beside itself."""
    classes = len(fine.prototypes)
    refined = fine.metric.apply(every[fold.known])
    own = np.einsum("nd,nd->n", refined, fine.prototypes[known.targets])  # [n] cosine to the own class
    sums, counts = np.bincount(known.targets, own, classes), np.bincount(known.targets, minlength=classes)
    found = []
    for asked, rows in ((known, fold.known), (unseen, fold.unseen)):
        nearest = scan_prototypes(fine.prototypes)(fine.metric.apply(every[rows]), 1)[0][:, 0]
        itself = asked.targets == nearest if asked is known else np.zeros(len(nearest), dtype=bool)
        without = sums[nearest] - np.where(itself, asked.figures[_COSINE], 0), counts[nearest] - itself
        typical = (without[0] + _PRIOR_PHOTOS * own.mean()) / (without[1] + _PRIOR_PHOTOS)
        found.append(Asked({**asked.figures, _OWN: asked.figures[_COSINE] - typical}, asked.targets))
    return found[0], found[1]


def _joined(known: Asked, unseen: Asked, names: Sequence[str], classes: int) -> tuple[Floats, Floats]:
    """Log-odds of each photo by a logistic regression that was fitted with photos of other classes."""
    from sklearn.linear_model import LogisticRegression

    tables = known.table(names), unseen.table(names)
    every = np.concatenate(tables)
    tables = tuple((table - every.mean(axis=0)) / every.std(axis=0) for table in tables)
    of_class = np.random.default_rng(0).integers(_PARTS, size=classes)
    parts = of_class[known.targets], of_class[unseen.targets]
    scores = np.zeros(len(tables[0])), np.zeros(len(tables[1]))
    for part in range(_PARTS):
        learned = [table[of_photo != part] for table, of_photo in zip(tables, parts, strict=True)]
        kinds = np.repeat([1, 0], [len(table) for table in learned])
        fitted = LogisticRegression(class_weight="balanced").fit(np.concatenate(learned), kinds)
        for score, table, of_photo in zip(scores, tables, parts, strict=True):
            score[of_photo == part] = fitted.decision_function(table[of_photo == part])
    return scores


def _told(known: Floats, unseen: Floats) -> tuple[str, str]:
    return f"{auroc(known, unseen):.3f}", f"{false_positive_rate(known, unseen):.3f}"


if __name__ == "__main__":
    sys.exit(main())
