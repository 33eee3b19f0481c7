"""Which products may be one although no key says so: alike in title, brand and pictures. A person decides."""

import unicodedata
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.vocabulary import LabelOrigin

_NEIGHBOURS = 5
_LEAST_TITLE_LIKENESS = 0.5
_AT_ONCE = 256  # queries; bounds memory at a row of cosines each
_RANK = {LabelOrigin.CATALOGUE: 0, LabelOrigin.ANNOTATOR: 1, LabelOrigin.FOLDER: 2}


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A product as it is compared with others.

    Attributes:
        sku: the product.
        title: what it is called.
        brand: if any source tells.
        named_by: who named it: the name that the catalogue knows stays.
        sources: shops and folders that know it; each tells its own products apart.
        groups: near-duplicate groups of its pictures.
    """

    sku: str
    title: str
    brand: str | None
    named_by: LabelOrigin
    sources: frozenset[str]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Alike:
    """Two products that may be one: `sku` would become a name of `into_sku`. Likeness is 0 to 1."""

    sku: str
    into_sku: str
    title_likeness: float
    picture_likeness: float


def find_alike(products: Sequence[LookedAt], pictures: NDArray[np.float32], new: AbstractSet[str]) -> list[Alike]:
    """Compare new products with all others.

    A pair is alike where one is among the five nearest of the other by picture, or they share one; half the words of
    the shorter title are in the longer one; and no brand or shop says that they are two.

    Args:
        products: [n] every product, oldest first.
        pictures: [n, d] mean picture of each, L2-normalised.
        new: SKUs that were not compared yet.

    Returns:
        The pairs, each once, the likeliest first.
    """
    rows = np.array([row for row, product in enumerate(products) if product.sku in new], dtype=np.intp)
    found: dict[frozenset[str], Alike] = {}
    for row, other, cosine in _neighbours(rows, products, pictures):
        pair = frozenset({products[row].sku, products[other].sku})
        if pair not in found:
            alike = _alike(products[min(row, other)], products[max(row, other)], cosine)
            if alike is not None:
                found[pair] = alike
    return sorted(found.values(), key=lambda pair: (-pair.title_likeness - pair.picture_likeness, pair.sku))


def title_likeness(left: str, right: str, brands: AbstractSet[str] = frozenset()) -> float:
    """Share of the words of the shorter title that the longer one has too; words of the brands do not count."""
    words = _words(left) - brands, _words(right) - brands
    shorter = min(map(len, words))
    return len(words[0] & words[1]) / shorter if shorter else 0.0


def _neighbours(
    rows: NDArray[np.intp], products: Sequence[LookedAt], pictures: NDArray[np.float32]
) -> Iterator[tuple[int, int, float]]:
    """Yield (row, other row, cosine) of the nearest by mean picture, and of those that share a picture."""
    sharing = _by_group(products)
    for start in range(0, len(rows), _AT_ONCE):
        block = rows[start : start + _AT_ONCE]
        cosines = pictures[block] @ pictures.T  # [b, n]
        cosines[np.arange(len(block)), block] = -1
        for row, of_row in zip(block.tolist(), cosines, strict=True):
            nearest = np.argpartition(-of_row, min(_NEIGHBOURS, len(of_row) - 1))[:_NEIGHBOURS].tolist()
            same = {other for group in products[row].groups for other in sharing[group]} - {row}
            yield from ((row, other, 1.0) for other in sorted(same))
            yield from ((row, other, float(of_row[other])) for other in sorted(nearest) if other not in same | {row})


def _by_group(products: Sequence[LookedAt]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for row, product in enumerate(products):
        for group in product.groups:
            found.setdefault(group, set()).add(row)
    return found


def _alike(older: LookedAt, newer: LookedAt, cosine: float) -> Alike | None:
    if older.sources & newer.sources or not _one_brand(older, newer):
        return None
    brands = _words(older.brand or "") | _words(newer.brand or "")
    likeness = title_likeness(older.title, newer.title, brands)
    if likeness < _LEAST_TITLE_LIKENESS:
        return None
    stays, goes = sorted((older, newer), key=lambda product: _RANK[product.named_by])  # stable: the older one stays
    return Alike(goes.sku, stays.sku, likeness, min(max(cosine, 0.0), 1.0))


def _one_brand(left: LookedAt, right: LookedAt) -> bool:
    return not (left.brand and right.brand) or _words(left.brand) == _words(right.brand)


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return frozenset(
        "".join(sign if sign.isalnum() else " " for sign in plain if not unicodedata.combining(sign)).split()
    )
