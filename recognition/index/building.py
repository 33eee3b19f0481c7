"""Building an index, changing one, and taking none that finds too little."""

import hashlib
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from recognition.heads.samples import Rows, Vectors
from recognition.index.embeddings import Embeddings
from recognition.index.index import GONE, Index
from recognition.index.recall import Recall, measure_recall, nearest_cosines
from recognition.index.variants import Variant, variants_for

LEAST_RECALL = 0.999
MOST_DRIFT = 0.2  # rows that came and went since the codes were learned, as a share: beyond, they are learned anew
_TAUGHT = 200_000  # vectors that codes are learned from: more cost seconds and change nothing
_CHUNK = 65_536


def index_for(
    embeddings: Embeddings, queries: Vectors, before: Index | None = None, least_recall: float = LEAST_RECALL
) -> tuple[Index, Recall]:
    """The fastest index that finds enough, and how much it finds.

    Where most embeddings are those of the index before, that one is changed instead of built anew.

    Args:
        embeddings: what is searched.
        queries: [n, k] what recall is measured with.
        before: the index of the release before.
        least_recall: recall@1 and recall@10 below which the next more exact kind is taken.
    """
    variants = variants_for(len(embeddings), embeddings.vectors.shape[1])
    changed = changed_index(before, embeddings) if before is not None else None
    # The scan is most of the work, and the same for every kind of index.
    exact = nearest_cosines(embeddings, queries) if changed is not None or not variants[0].exact else None
    if changed is not None and (recall := measure_recall(changed, queries, exact)).least >= least_recall:
        return changed, recall
    built: dict[str, Index] = {}
    for variant in variants:
        if variant.factory not in built:
            built[variant.factory] = build_index(embeddings, variant)
        index = replace(built[variant.factory], variant=variant)
        recall = measure_recall(index, queries, exact)
        if recall.least >= least_recall:
            break
    return index, recall


def build_index(embeddings: Embeddings, variant: Variant) -> Index:
    """An index of that kind; the same embeddings give the same bytes."""
    if variant.exact:
        return Index(embeddings, variant)
    import faiss

    codes = faiss.index_factory(embeddings.vectors.shape[1], variant.factory, faiss.METRIC_INNER_PRODUCT)
    every = -(-len(embeddings) // _TAUGHT)
    with _one_thread():
        codes.train(np.ascontiguousarray(embeddings.vectors[::every], dtype=np.float32))
        _add(codes, embeddings.vectors, np.arange(len(embeddings)))
    return Index(embeddings, variant, codes, np.arange(len(embeddings)), len(embeddings))


def changed_index(before: Index, embeddings: Embeddings) -> Index | None:
    """The index before, brought to other embeddings; None where it must be built anew.

    Rows that are gone are passed over, new ones are added to codes that were learned without them, and a row that only
    moved to another place costs nothing. Too many of either, and the codes no longer fit what they stand for.
    """
    if before.variant.exact or before.embeddings.vectors.shape[1] != embeddings.vectors.shape[1]:
        return None
    row_of, new = _matched(before, embeddings)
    drift = int((row_of == GONE).sum()) + len(new) + len(row_of) - before.built
    if drift > MOST_DRIFT * before.built:
        return None
    codes = before.codes
    if len(new):
        import faiss

        codes = faiss.clone_index(codes)
        with _one_thread():
            _add(codes, embeddings.vectors, new)
    return Index(embeddings, before.variant, codes, np.concatenate([row_of, new]), before.built)


def dump_codes(index: Index) -> bytes:
    """The codes in FAISS's own format; nothing where every row is compared."""
    if index.codes is None:
        return b""
    import faiss

    return bytes(faiss.serialize_index(index.codes))


def load_codes(data: bytes | mmap.mmap) -> Any:
    """The inverse of `dump_codes`; verify the bytes first, for FAISS does not."""
    if not len(data):
        return None
    import faiss

    return faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))


def _matched(before: Index, embeddings: Embeddings) -> tuple[Rows, Rows]:
    """Where the vector of each row of the codes stands among the embeddings, or GONE; and the rows that are new."""
    places: dict[bytes, list[int]] = {}
    for place, row in enumerate(before.row_of.tolist()):
        if row != GONE:
            places.setdefault(_digest(before.embeddings.vectors[row]), []).append(place)
    row_of = np.full(len(before.row_of), GONE, dtype=np.int64)
    new: list[int] = []
    for row, vector in enumerate(embeddings.vectors):
        same = places.get(_digest(vector))
        if same:
            row_of[same.pop()] = row
        else:
            new.append(row)
    return row_of, np.array(new, dtype=np.int64)


def _digest(vector: Vectors) -> bytes:
    """Sixteen bytes that no two different vectors share."""
    return hashlib.blake2b(vector.tobytes(), digest_size=16).digest()


def _add(codes: Any, vectors: Vectors, rows: Rows) -> None:
    for at in range(0, len(rows), _CHUNK):
        codes.add(np.ascontiguousarray(vectors[rows[at : at + _CHUNK]], dtype=np.float32))


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS on one thread: quick enough, and on a machine with other work two of them take many times as long."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
