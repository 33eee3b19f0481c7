"""Groups of unseen photos that seem to show one product: people are asked once per product, not once per photo."""

from collections.abc import Sequence

import numpy as np

from recognition.heads.samples import Rows, Vectors


def alike_groups(whitened: Vectors, least_cosine: float, largest: int = 12) -> Rows:
    """[n] group of each photo: average-linkage clusters whose mean cosine is at least `least_cosine`.

    Groups above `largest` are cut into sheets that a person can take in at one look.
    """
    if len(whitened) < 2:
        return np.zeros(len(whitened), dtype=np.int64)
    from sklearn.cluster import AgglomerativeClustering

    found = AgglomerativeClustering(
        n_clusters=None, distance_threshold=1.0 - least_cosine, metric="cosine", linkage="average"
    ).fit_predict(whitened.astype(np.float64))
    sheets: dict[tuple[int, int], int] = {}
    seen: dict[int, int] = {}
    rows = []
    for group in found.tolist():
        position = seen.get(group, 0)
        seen[group] = position + 1
        rows.append(sheets.setdefault((group, position // largest), len(sheets)))
    return np.array(rows, dtype=np.int64)


def alike_cosine(familiarity: float) -> float:
    """The cosine from which two photos seem to show one product: as near as a known photo is to its prototype.

    One answer names a whole group, so a mixed group teaches wrong labels. The square of the familiarity, which
    independent errors would suggest, groups more and asks less, but on real photos (benchmarks.grocery_loop, "labels
    right") an annotator without mistakes then gave 13 % wrong labels instead of 1 %.
    """
    return familiarity


def members(groups: Rows) -> list[Sequence[int]]:
    """For each group the rows of its photos."""
    return [np.flatnonzero(groups == group).tolist() for group in range(int(groups.max(initial=-1)) + 1)]
