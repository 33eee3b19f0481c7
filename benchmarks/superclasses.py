"""How long do superclasses take, and how much memory, at 2,000 and at 20,000 products?

    python -m benchmarks.superclasses [CLASSES...]

The prototypes are simulated (192 dimensions, families of look-alikes within families): what they cost is that of real
ones, how well they cluster is not. Each method runs in a process of its own with one thread: its peak memory is that of
the whole process, libraries included. `warm` is a run after a first small one, which pays for imports and compilation.
`families found` is the adjusted Rand index against the simulated families, 1 where every one is found.
"""

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from recognition.heads.samples import Rows, Vectors
from recognition.heads.superclasses import find_superclasses, superclass_count
from recognition.heads.whitening import normalised
from recognition.vocabulary import SuperclassMethod
from skuloop.output import console, print_table

_SIZES = (2_000, 20_000)
_DIMENSIONS = 192
_WARMING = 300


@dataclass(frozen=True)
class _Cost:
    first: float
    warm: float
    mebibytes: float
    agreement: float


def main() -> int:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(asdict(_measure(sys.argv[2], int(sys.argv[3])))))
        return 0
    if not console.is_terminal:
        console.width = 130
    for size in map(int, sys.argv[1:] or _SIZES):
        costs = {method: _in_a_process_of_its_own(method, size) for method in _METHODS}
        print_table(
            f"{superclass_count(size)} superclasses of {size} simulated prototypes",
            ("method", "first small run, s", "warm, s", "times as fast", "peak, MiB", "families found"),
            [_row(method, cost, costs[_PEERS[method]]) for method, cost in costs.items()],
        )
    return 0


def _row(method: str, cost: _Cost, peer: _Cost) -> tuple[str, ...]:
    return (
        method,
        f"{cost.first:.1f}",
        f"{cost.warm:.1f}",
        f"{peer.warm / cost.warm:.1f}",
        f"{cost.mebibytes:.0f}",
        f"{cost.agreement:.3f}",
    )


def _in_a_process_of_its_own(method: str, size: int) -> _Cost:
    command = [sys.executable, "-m", "benchmarks.superclasses", "--one", method, str(size)]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.run(command, env=os.environ | one_thread, check=True, capture_output=True, text=True)  # noqa: S603
    return _Cost(**json.loads(told.stdout))


def _measure(method: str, size: int) -> _Cost:
    from sklearn.metrics import adjusted_rand_score

    find = _METHODS[method]
    small, _ = _simulated(_WARMING)
    prototypes, families = _simulated(size)
    begun = time.perf_counter()
    find(small, superclass_count(_WARMING))
    warmed = time.perf_counter()
    found = find(prototypes, superclass_count(size))
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return _Cost(warmed - begun, ended - warmed, peak, float(adjusted_rand_score(families, found)))


def _simulated(size: int, seed: int = 0) -> tuple[Vectors, Rows]:
    """[size, 192] prototypes and the family of each: twenty kinds, families within them, products within those."""
    random = np.random.default_rng(seed)
    count = superclass_count(size)
    kinds = random.normal(size=(20, _DIMENSIONS))
    families = kinds[random.integers(0, 20, count)] + 0.8 * random.normal(size=(count, _DIMENSIONS))
    family_of = random.integers(0, count, size)
    return normalised(families[family_of] + 2.0 * random.normal(size=(size, _DIMENSIONS))), family_of


def _default_umap(prototypes: Vectors, count: int) -> Rows:
    """UMAP as umap-learn does it by itself, and scikit-learn's average linkage."""
    from sklearn.cluster import AgglomerativeClustering

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap

        mapper = umap.UMAP(n_components=8, n_neighbors=15, min_dist=0.0, metric="cosine", random_state=0, n_jobs=1)
        positions = mapper.fit_transform(prototypes)
    return np.asarray(AgglomerativeClustering(n_clusters=count, linkage="average").fit_predict(positions))


def _plain_ward(prototypes: Vectors, count: int) -> Rows:
    from sklearn.cluster import AgglomerativeClustering

    return np.asarray(AgglomerativeClustering(n_clusters=count, linkage="ward").fit_predict(prototypes))


def _ours(method: SuperclassMethod) -> Callable[[Vectors, int], Rows]:
    return lambda prototypes, count: find_superclasses(prototypes, count, method=method)


_UMAP, _WARD = "umap: umap-learn's own neighbours and epochs", "ward: scikit-learn"
_METHODS: Mapping[str, Callable[[Vectors, int], Rows]] = {
    _UMAP: _default_umap,
    "umap: skuloop": _ours(SuperclassMethod.UMAP),
    _WARD: _plain_ward,
    "ward: skuloop": _ours(SuperclassMethod.WARD),
}
_PEERS: Mapping[str, str] = {method: _UMAP if method.startswith("umap") else _WARD for method in _METHODS}


if __name__ == "__main__":
    sys.exit(main())
