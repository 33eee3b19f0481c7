"""Groups of unseen photos that seem to show one product: people are asked once per product, not once per photo.

Average linkage needs the cosine of every pair, which a first night with tens of thousands of photos cannot afford. But
two clusters are only joined while their mean cosine is at least the limit, and then at least one pair of their photos
reaches it. So no group ever crosses between two islands, the connected components of the graph of such pairs, and
clustering island by island finds the same groups.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.rows import rows_of_each
from recognition.heads.samples import Rows, Vectors

_LARGEST_ISLAND = 8192  # photos that are clustered together: memory grows with its square, here to half a gigabyte
_CELLS = 2**23  # cosines that are held at once in search of islands
_SLACK = 1e-4  # single precision must not part what double precision would join
_RISE = 0.05  # by how much more alike photos must be to stay together, where an island is too large


def alike_groups(whitened: Vectors, least_cosine: float, largest: int = 12) -> Rows:
    """[n] group of each photo: average-linkage clusters whose mean cosine is at least `least_cosine`.

    Groups above `largest` are cut into sheets that a person can take in at one look. Where more photos hang together
    than can be clustered at once, their weakest links are cut first. That may part a group that average linkage would
    have kept, so people are asked twice about one product; it never joins two.
    """
    found = np.zeros(len(whitened), dtype=np.int64)
    count = 0
    for island in _islands(whitened, np.arange(len(whitened)), least_cosine):
        found[island] = count + _clusters(whitened[island].astype(np.float64), least_cosine)
        count = int(found[island].max()) + 1
    sheets: dict[tuple[int, int], int] = {}
    seen: dict[int, int] = {}
    rows = []
    for group in found.tolist():
        position = seen.get(group, 0)
        seen[group] = position + 1
        rows.append(sheets.setdefault((group, position // largest), len(sheets)))
    return np.array(rows, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Sheets:
    """What people said of the groups that they were asked about: how many showed one product, how many did not."""

    whole: int = 0
    mixed: int = 0

    @property
    def purity(self) -> float:
        """Share of groups that show one product; three of four until people have said much."""
        return (self.whole + 6) / (self.whole + self.mixed + 8)


def alike_cosine(familiarity: float, sheets: Sheets) -> float:
    """The cosine from which two photos seem to show one product.

    At least as near as a known photo is to its prototype, and the nearer to one, the more groups people had to take
    apart: how alike the photos of different products are depends on the catalogue, and only people can tell. One answer
    names a whole group, so a mixed group that nobody notices teaches wrong labels, and one that somebody notices has
    cost an answer.
    """
    return familiarity + (1.0 - familiarity) * (1.0 - sheets.purity)


def members(groups: Rows) -> list[Sequence[int]]:
    """For each group, in ascending order, the rows of its photos."""
    return [rows.tolist() for rows in rows_of_each(groups)]


def _islands(whitened: Vectors, rows: Rows, least_cosine: float) -> Iterator[Rows]:
    """The rows parted so that no pair of different parts reaches `least_cosine`; large parts are parted further."""
    for island in rows_of_each(_components(whitened[rows], least_cosine - _SLACK)):
        if len(island) <= _LARGEST_ISLAND:
            yield rows[island]
        elif least_cosine < 1.0:
            yield from _islands(whitened, rows[island], min(least_cosine + _RISE, 1.0))
        else:  # copies of one photo
            yield from (rows[island[at : at + _LARGEST_ISLAND]] for at in range(0, len(island), _LARGEST_ISLAND))


def _components(vectors: Vectors, least_cosine: float) -> Rows:
    """[n] connected component of each row in the graph of pairs with at least that cosine, a band of rows at a time."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found = np.arange(len(vectors), dtype=np.int64)
    band = max(1, _CELLS // max(1, len(vectors)))
    for at in range(0, len(vectors), band):
        near, far = np.nonzero(vectors[at : at + band] @ vectors.T >= least_cosine)
        links = (np.ones(len(near), dtype=np.bool_), (found[at + near], found[far]))
        _, merged = connected_components(coo_array(links, shape=(len(vectors), len(vectors))), directed=False)
        found = merged[found].astype(np.int64)
    return found


def _clusters(vectors: NDArray[np.float64], least_cosine: float) -> Rows:
    """[n] average-linkage cluster of each row, on all pairs."""
    if len(vectors) < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    from sklearn.cluster import AgglomerativeClustering

    return np.asarray(
        AgglomerativeClustering(
            n_clusters=None, distance_threshold=1.0 - least_cosine, metric="cosine", linkage="average"
        ).fit_predict(vectors),
        dtype=np.int64,
    )
