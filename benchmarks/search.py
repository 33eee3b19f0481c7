"""Search in a catalogue of look-alikes: a scan, ours, hnswlib and usearch, one after the other in one run.

    python -m benchmarks.search [--rows 150000 1500000] [--dimension 384] [--queries 500]

Vectors are SIMULATED as those of a catalogue: families of a dozen look-alikes, every second one a near twin of the one
before. A query is one of them, moved as photos are. One query at a time on one thread, ten answers; "recall" is against
the scan. Ours is what a release of that size gets: the first kind of index that finds 99.9 %. hnswlib has no wheels:
without `pip install hnswlib` it is left out, and said so.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.machine import this_machine
from recognition.heads.samples import Rows, Vectors
from recognition.heads.whitening import normalised
from recognition.index.building import dump_codes, index_for
from recognition.index.embeddings import Embeddings
from recognition.index.recall import recall_queries
from skuloop.output import console, print_table

_FAMILY, _OWN, _TWIN, _PHOTO = 12, 0.6, 0.3, 0.5
_ANSWERS, _WARM = 10, 20
_LINKS, _BUILD_EFFORT, _SEARCH_EFFORT = 32, 128, 256  # of the two graphs, the same for both
Search = Callable[[Vectors], Rows]
"""[1, k] -> [10] rows."""


@dataclass(frozen=True)
class Engine:
    """An index that was built.

    Attributes:
        name: how the table shows it.
        search: asks it.
        mebibytes: of everything it needs to answer.
        seconds: that building it took.
    """

    name: str
    search: Search
    mebibytes: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[150_000])
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--without", nargs="*", default=[], choices=("hnswlib", "usearch"), help="peers to leave out")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 130
    import faiss

    faiss.omp_set_num_threads(1)
    machine = this_machine()
    for rows in chosen.rows:
        vectors = simulated(rows, chosen.dimension)
        queries = asked(vectors, chosen.queries)
        builders = [_scan, _ours, *(build for name, build in _PEERS.items() if name not in chosen.without)]
        measured = []
        for build in builders:
            try:
                engine = build(vectors)
            except ImportError as error:
                print(f"left out: {error.name} is not installed", file=sys.stderr, flush=True)
                continue
            measured.append((engine.name, engine.mebibytes, engine.seconds, *_ask(engine.search, queries)))
            print(" | ".join(map(str, _lines(measured)[-1])), file=sys.stderr, flush=True)
        print_table(
            f"{rows:,} x {chosen.dimension} ({machine.cpu}, one thread, mean load {machine.load:.0f})",
            ("engine", "p50 ms", "p95 ms", "over the scan", "recall@1", "recall@10", "build s", "MiB"),
            _lines(measured),
        )
    return 0


def simulated(rows: int, dimension: int, seed: int = 0) -> Vectors:
    """[rows, dimension] vectors of length 1, family by family."""
    random = np.random.default_rng(seed)
    scale = np.float32(1 / np.sqrt(dimension))
    vectors = np.empty((rows, dimension), dtype=np.float32)
    step = _FAMILY * 1000
    for at in range(0, rows, step):
        size = min(step, rows - at)
        noise = random.normal(size=(size, dimension)).astype(np.float32) * scale
        families = random.normal(size=(-(-size // _FAMILY), dimension)).astype(np.float32) * scale
        some = np.repeat(families, _FAMILY, axis=0)[:size] + np.float32(_OWN) * noise
        some[1::2] = some[: 2 * (size // 2) : 2] + np.float32(_TWIN) * noise[1::2]
        vectors[at : at + size] = normalised(some)
    return vectors


def asked(vectors: Vectors, count: int, seed: int = 1) -> Vectors:
    """[count, k] photos of as many products."""
    random = np.random.default_rng(seed)
    chosen = vectors[np.sort(random.choice(len(vectors), count, replace=False))]
    return normalised(chosen + _PHOTO * random.normal(size=chosen.shape) / np.sqrt(vectors.shape[1]))


def _lines(measured: Sequence[tuple[str, float, float, np.ndarray, np.ndarray]]) -> list[tuple[object, ...]]:
    exact, scan = measured[0][3], float(np.median(measured[0][4]))
    return [
        (
            *(name, f"{1000 * np.median(seconds):.2f}", f"{1000 * np.quantile(seconds, 0.95):.2f}"),
            f"{scan / np.median(seconds):.1f}x",
            f"{(found[:, 0] == exact[:, 0]).mean():.4f}",
            f"{np.mean([len(set(a) & set(b)) / _ANSWERS for a, b in zip(found, exact, strict=True)]):.4f}",
            *(f"{build:.1f}", f"{mebibytes:.0f}"),
        )
        for name, mebibytes, build, found, seconds in measured
    ]


def _ask(search: Search, queries: Vectors) -> tuple[np.ndarray, np.ndarray]:
    """[n, 10] rows and [n] seconds."""
    for at in range(_WARM):
        search(queries[at : at + 1])
    found, seconds = [], []
    for at in range(len(queries)):
        started = time.perf_counter()
        found.append(search(queries[at : at + 1]))
        seconds.append(time.perf_counter() - started)
    return np.array(found), np.array(seconds)


def _scan(vectors: Vectors) -> Engine:
    import faiss

    return Engine(
        "exact scan",
        lambda query: faiss.knn(query, vectors, _ANSWERS, metric=faiss.METRIC_INNER_PRODUCT)[1][0],
        _mib(vectors),
        0.0,
    )


def _ours(vectors: Vectors) -> Engine:
    queries = recall_queries(np.zeros((0, vectors.shape[1]), dtype=np.float32), vectors, 1000)
    started = time.process_time()
    index, _ = index_for(Embeddings.of_prototypes(vectors), queries)
    seconds = time.process_time() - started
    size = _mib(vectors) + (len(dump_codes(index)) + index.row_of.nbytes) / 2**20
    return Engine(f"ours: {index.variant.name}", lambda query: index(query, _ANSWERS)[0][0], size, seconds)


def _hnswlib(vectors: Vectors) -> Engine:
    import hnswlib

    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=_LINKS // 2, ef_construction=_BUILD_EFFORT, random_seed=0)
    index.set_ef(_SEARCH_EFFORT)
    index.set_num_threads(1)
    started = time.process_time()
    index.add_items(vectors, num_threads=1)
    seconds = time.process_time() - started
    return Engine(
        "hnswlib", lambda query: index.knn_query(query, _ANSWERS)[0][0], index.index_file_size() / 2**20, seconds
    )


def _usearch(vectors: Vectors) -> Engine:
    from usearch.index import Index

    index = Index(
        ndim=vectors.shape[1],
        metric="ip",
        dtype="f32",
        connectivity=_LINKS // 2,
        expansion_add=_BUILD_EFFORT,
        expansion_search=_SEARCH_EFFORT,
    )
    started = time.process_time()
    index.add(np.arange(len(vectors)), vectors, threads=1)
    seconds = time.process_time() - started
    return Engine(
        "usearch", lambda query: index.search(query[0], _ANSWERS, threads=1).keys, index.memory_usage / 2**20, seconds
    )


def _mib(vectors: Vectors) -> float:
    return float(vectors.nbytes / 2**20)


_PEERS: dict[str, Callable[[Vectors], Engine]] = {"hnswlib": _hnswlib, "usearch": _usearch}


if __name__ == "__main__":
    sys.exit(main())
