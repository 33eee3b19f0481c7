"""Vectors in Parquet shards, one folder per encoder fingerprint: vectors of two encoders cannot meet."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recognition.files import replaced
from warehouse.errors import VectorStoreError

_LARGE_SHARD, _WORTH_MERGING = 16_384, 8
_FINGERPRINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class VectorStore:
    """Append-only shards ``root/<fingerprint>/<key>.parquet`` with the columns ``sha256`` and ``vector``.

    A shard's name is a key of the images in it, so appending the same batch twice (a step that was killed and runs
    again) leaves one shard. Pages carry checksums: a flipped byte is an error, never a wrong neighbour.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def known(self, fingerprint: str) -> set[str]:
        """Return the sha256 of every image that this encoder has encoded.

        Raises:
            VectorStoreError: A shard is damaged.
        """
        return {sha for shard in self._shards(fingerprint) for sha in _read(shard, ["sha256"])["sha256"].to_pylist()}

    def append(self, fingerprint: str, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> Path | None:
        """Write one new shard atomically and return its path; None for no vectors.

        Args:
            fingerprint: Of the encoder.
            sha256s: n images.
            vectors: Float32 [n, d], in the same order.

        Raises:
            VectorStoreError: The shape or type does not fit, a number is not finite, or the store holds another d.
        """
        _refuse_misfits(sha256s, vectors)
        if not sha256s:
            return None
        self._refuse_other_dimension(fingerprint, vectors.shape[1])
        shard = self._folder(fingerprint) / f"{_key(sha256s)}.parquet"
        with replaced(shard) as temporary:
            pq.write_table(_table(sha256s, vectors), temporary, write_page_checksum=True, use_dictionary=False)
        return shard

    def load(self, fingerprint: str, sha256s: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the images found, in the order asked, and their vectors, float32 [m, d] ([0, 0] in an empty store).

        Raises:
            VectorStoreError: A shard is damaged.
        """
        shards = self._shards(fingerprint)
        if not shards:
            return (), np.empty((0, 0), np.float32)
        stored = [_read(shard, ["sha256"])["sha256"].combine_chunks() for shard in shards]
        rows = pc.index_in(pa.array(sha256s, pa.string()), value_set=pa.concat_arrays(stored))
        found = rows.is_valid().to_numpy(zero_copy_only=False)
        places = rows.drop_null().to_numpy()
        vectors = _gathered(shards, np.cumsum([0, *map(len, stored)]), places)
        return tuple(sha for sha, is_here in zip(sha256s, found, strict=True) if is_here), vectors

    def fingerprints(self) -> list[str]:
        """Return the encoders that anything was encoded by."""
        folders = self._root.iterdir() if self._root.exists() else ()
        return sorted(path.name for path in folders if _FINGERPRINT.fullmatch(path.name))

    def compact(self, fingerprint: str) -> int:
        """Make one shard of every few small ones and return how many were merged; no vector changes.

        The merged shard is there before the small ones go, so a run that is killed leaves some vectors twice and loses
        none.

        Raises:
            VectorStoreError: A shard is damaged.
        """
        merged = 0
        for group in _groups(self._shards(fingerprint)):
            tables = [_read(shard, ["sha256", "vector"]) for shard in group]
            whole = pa.concat_tables(tables).combine_chunks()
            target = self._folder(fingerprint) / f"{_key(whole['sha256'].to_pylist())}.parquet"
            with replaced(target) as temporary:
                pq.write_table(whole, temporary, write_page_checksum=True, use_dictionary=False)
            for shard in set(group) - {target}:
                shard.unlink()
            merged += len(group)
        return merged

    def _folder(self, fingerprint: str) -> Path:
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise VectorStoreError(
                f"{fingerprint!r} is not an encoder's fingerprint: letters, digits, '.', '_' and '-' only"
            )
        return self._root / fingerprint

    def _shards(self, fingerprint: str) -> list[Path]:
        # A dot-file is the unfinished work of a process that died.
        return sorted(path for path in self._folder(fingerprint).glob("*.parquet") if not path.name.startswith("."))

    def _refuse_other_dimension(self, fingerprint: str, dimension: int) -> None:
        shards = self._shards(fingerprint)
        if shards and _dimension(shards[0]) != dimension:
            raise VectorStoreError(
                f"{shards[0].parent} holds vectors of {_dimension(shards[0])} numbers, these have {dimension}: "
                "two encoders must not share a fingerprint"
            )


def write_shard(path: Path, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Write a shard outside of any store: how a worker hands vectors on.

    Raises:
        VectorStoreError: The shape or type does not fit, or a number is not finite.
    """
    _refuse_misfits(sha256s, vectors)
    pq.write_table(_table(sha256s, vectors), path, write_page_checksum=True, use_dictionary=False)


def read_shard(path: Path) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return the images of one shard and their vectors, float32 [n, d].

    Raises:
        VectorStoreError: It is damaged.
    """
    sha256s = tuple(_read(path, ["sha256"])["sha256"].to_pylist())
    return sha256s, _matrix(path, _dimension(path))


def _groups(shards: Sequence[Path]) -> list[list[Path]]:
    """Shards to merge: small ones, together no larger than a large one, where that makes many into one."""
    groups: list[list[Path]] = [[]]
    rows = 0
    for shard in shards:
        count = _rows(shard)
        if count > _LARGE_SHARD // 2:
            continue
        if rows + count > _LARGE_SHARD:
            groups.append([])
            rows = 0
        groups[-1].append(shard)
        rows += count
    return [group for group in groups if len(group) >= _WORTH_MERGING]


def _rows(shard: Path) -> int:
    try:
        return int(pq.read_metadata(shard).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(shard, error) from error


def _refuse_misfits(sha256s: Sequence[str], vectors: NDArray[np.float32]) -> None:
    if vectors.ndim != 2 or vectors.dtype != np.float32 or len(vectors) != len(sha256s):
        raise VectorStoreError(
            f"{len(sha256s)} images need float32 vectors [{len(sha256s)}, d]; got {vectors.dtype} {list(vectors.shape)}"
        )
    if not np.isfinite(vectors).all():
        raise VectorStoreError("a vector holds NaN or infinity: the encoder is broken, nothing was stored")


def _key(sha256s: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sha256s).encode()).hexdigest()[:32]


def _table(sha256s: Sequence[str], vectors: NDArray[np.float32]) -> Any:
    numbers = pa.array(np.ascontiguousarray(vectors).reshape(-1), pa.float32())
    lists = pa.FixedSizeListArray.from_arrays(numbers, vectors.shape[1])
    return pa.table({"sha256": pa.array(sha256s, pa.string()), "vector": lists})


def _gathered(shards: list[Path], starts: NDArray[np.int64], places: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the vectors at `places`, counted through all shards; a shard that is not needed is not read.

    Args:
        shards: s files.
        starts: [s + 1]; shard i holds the places from ``starts[i]`` to ``starts[i + 1]``.
        places: [m], in any order.
    """
    dimension = _dimension(shards[0])
    vectors = np.empty((len(places), dimension), np.float32)
    by_place = np.argsort(places)
    bounds = np.searchsorted(places[by_place], starts)
    for shard, start, first, last in zip(shards, starts, bounds, bounds[1:], strict=False):
        if first < last:
            here = by_place[first:last]
            vectors[here] = _matrix(shard, dimension)[places[here] - start]
    return vectors


def _matrix(shard: Path, dimension: int) -> NDArray[np.float32]:
    numbers: NDArray[np.float32] = _read(shard, ["vector"])["vector"].combine_chunks().flatten().to_numpy()
    return numbers.reshape(-1, dimension)


def _dimension(shard: Path) -> int:
    try:
        return int(pq.read_schema(shard).field("vector").type.list_size)
    except (OSError, pa.ArrowException, KeyError, AttributeError) as error:
        raise _damaged(shard, error) from error


def _read(shard: Path, columns: list[str]) -> Any:
    try:
        return pq.read_table(shard, columns=columns, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(shard, error) from error


def _damaged(shard: Path, error: Exception) -> VectorStoreError:
    return VectorStoreError(f"{shard} is damaged ({error}); delete it: its images are encoded again")
