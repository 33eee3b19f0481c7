"""Does another level of superclasses pay where the fine head has thousands of classes to tell apart? Behind ADR 9.

    python -m benchmarks.third_level [--parts 300] [--simulated 2000]

Superclasses are found by Ward's clustering, and each is split again in the same way. Both levels have a softmax head,
and their log-probabilities are added to the cosine, each at a weight of its own: superclass, then part of it. Heads
learn from the teaching photos; weights are chosen on one half of the other photos, and the figures are of the other.

Cart-parts are whole pictures of a frozen ViT-Tiny, teaching photos alone: 40 of each class teach, 10 are asked. The
other embeddings are SIMULATED (`benchmarks.growth_photos`), 20 photos a class. Needs SKULOOP_SHARED (default
../shared).
"""

import argparse
import itertools
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.growth_photos import Growth, simulate
from benchmarks.machine import this_machine
from benchmarks.parts_photos import photos, read_parts, render_parts
from benchmarks.parts_vectors import plain, vectors
from recognition.heads.agglomeration import Linkage, cluster
from recognition.heads.coarse_head import fit_coarse_head
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples
from recognition.heads.superclasses import superclass_count
from recognition.heads.whitening import Whitening, fit_whitening, plain_cosine
from skuloop.output import console, print_table
from tasks.settings import shared_data

_TAUGHT, _PHOTOS = 40, 50
_SPLIT = 5  # parts of a superclass
_WEIGHTS = (0.0, 0.01, 0.03, 0.1, 0.3)
_CANDIDATES = 64


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, nargs="*", default=[300], help="classes of cart-parts")
    parser.add_argument("--simulated", type=int, nargs="*", default=[2000], help="simulated classes")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 150
    rows = [row for size in chosen.parts for row in _rows(f"cart-parts, {size:,} classes", *_parts(size))]
    for size in chosen.simulated:
        catalogue = simulate(Growth(size, 20))
        row_of = {sku: row for row, sku in enumerate(catalogue.train.classes)}
        asked = np.array([row_of[sku] for sku in catalogue.skus], dtype=np.int64)
        rows += _rows(f"simulated, {size:,} classes", catalogue.train, catalogue.vectors, asked)
    machine = this_machine()
    columns = ("data", "metric", "flat", "with superclasses", "with their parts", "recursive", "chosen weights")
    print_table(f"Top-1, one and two levels above the classes ({machine.cpu}, {machine.cores} cores)", columns, rows)
    return 0


def _parts(size: int) -> tuple[Samples, NDArray[np.float32], Rows]:
    shared = shared_data()
    parts = read_parts(shared)
    render_parts(shared, parts)
    found = vectors(plain(shared), photos(parts[:size], range(_PHOTOS))).reshape(size, _PHOTOS, -1)
    taught, asked = (block.reshape(-1, found.shape[2]).copy() for block in (found[:, :_TAUGHT], found[:, _TAUGHT:]))
    skus = [part.sku for part in parts[:size] for _ in range(_TAUGHT)]
    samples = Samples.from_labels(taught, skus, [str(row) for row in range(len(skus))])
    row_of = {sku: row for row, sku in enumerate(samples.classes)}
    wanted = [row_of[part.sku] for part in parts[:size] for _ in range(_PHOTOS - _TAUGHT)]
    return samples, asked, np.array(wanted, dtype=np.int64)


def _rows(data: str, taught: Samples, asked: NDArray[np.float32], targets: Rows) -> list[tuple[str, ...]]:
    metrics = {"encoder's own": plain_cosine(taught), "whitened": fit_whitening(taught)}
    return [(data, name, *_row(metric, taught, asked, targets)) for name, metric in metrics.items()]


def _row(metric: Whitening, taught: Samples, asked: NDArray[np.float32], targets: Rows) -> tuple[str, ...]:
    placed, questions = metric.apply(taught.vectors), metric.apply(asked)
    prototypes = class_prototypes(placed, taught.targets, len(taught.classes))
    upper = cluster(prototypes, superclass_count(len(prototypes)), Linkage.WARD)
    lower = _split(prototypes, upper)
    cosines = questions @ prototypes.T
    near = np.argpartition(-cosines, _CANDIDATES, axis=1)[:, :_CANDIDATES]  # [n, k]
    scores = [np.take_along_axis(cosines, near, axis=1)]
    for level in (upper, lower):
        head = fit_coarse_head(placed, level[taught.targets], taught.groups, int(level.max()) + 1)
        scores.append(np.take_along_axis(head.log_probabilities(questions), level[near], axis=1))
    right = near == targets[:, None]
    tuned = np.random.default_rng(0).random(len(targets)) < 0.5
    levels = {
        "flat": [(0.0, 0.0)],
        "superclasses": [(weight, 0.0) for weight in _WEIGHTS],
        "parts": [(0.0, weight) for weight in _WEIGHTS],
        "recursive": list(itertools.product(_WEIGHTS, _WEIGHTS)),
    }
    best = {name: max(options, key=lambda pair: _top1(scores, right, tuned, *pair)) for name, options in levels.items()}
    shares = (f"{_top1(scores, right, ~tuned, *pair):.3f}" for pair in best.values())
    return (*shares, f"{best['recursive'][0]:g} and {best['recursive'][1]:g}")


def _split(prototypes: NDArray[np.float32], upper: Rows) -> Rows:
    """[c] part of its superclass that each class is in, numbered over all superclasses."""
    lower = np.zeros(len(upper), dtype=np.int64)
    for row in range(int(upper.max()) + 1):
        members = np.flatnonzero(upper == row)
        found = cluster(prototypes[members], min(_SPLIT, len(members)), Linkage.WARD)
        lower[members] = lower.max() + 1 + found if row else found
    return lower


def _top1(
    scores: Sequence[NDArray[np.float32]], right: NDArray[np.bool_], rows: NDArray[np.bool_], *weights: float
) -> float:
    total = scores[0] + sum(weight * level for weight, level in zip(weights, scores[1:], strict=True))
    return float(right[np.arange(len(right)), total.argmax(axis=1)][rows].mean())


if __name__ == "__main__":
    sys.exit(main())
