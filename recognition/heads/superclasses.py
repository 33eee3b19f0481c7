"""Superclasses: groups of classes that look alike, found among the class prototypes in one of two ways.

- `umap`: average-linkage clustering on a UMAP of the prototypes, as in the published recipe for recognising thousands
  of products.
- `ward`: Ward's clustering (Ward, "Hierarchical grouping to optimize an objective function", JASA 1963) of the
  whitened prototypes themselves.

Both are seeded. Which numbers the superclasses keep from one release to the next is decided in `superclass_ids`.
"""

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from recognition.heads.agglomeration import Linkage, cluster
from recognition.heads.class_map import umap_positions
from recognition.heads.samples import Rows, Vectors
from recognition.vocabulary import SuperclassMethod

FEWEST_CLASSES = 8  # below this a map has no neighbourhoods to speak of: all classes are one superclass
_MAP_DIMENSIONS = 8
_UNTELLING = frozenset({"an", "and", "for", "in", "ml", "kg", "of", "or", "the", "with"})


def superclass_count(class_count: int) -> int:
    """How many superclasses to ask for: about two per square root, so that both levels choose among similar numbers."""
    return max(1, min(round(2 * math.sqrt(class_count)), class_count // 2))


def find_superclasses(
    prototypes: Vectors, count: int, seed: int = 0, method: SuperclassMethod = SuperclassMethod.UMAP
) -> Rows:
    """[c] superclass row of each class, numbered by first appearance; [c, d] prototypes are whitened, L2-normalised."""
    if len(prototypes) < FEWEST_CLASSES or count < 2:
        return np.zeros(len(prototypes), dtype=np.int64)
    if method is SuperclassMethod.WARD:
        return cluster(prototypes, count, Linkage.WARD, seed)
    return cluster(umap_positions(prototypes, _MAP_DIMENSIONS, seed), count, Linkage.AVERAGE, seed)


def superclass_names(classes: Sequence[str], superclass_of: Rows, titles: Mapping[str, str]) -> dict[int, str]:
    """A name for each superclass row, no two the same: the two commonest telling words in the titles of its classes.

    A word tells the less, the more superclasses have it (class-based tf-idf: Grootendorst, "BERTopic", 2022). Where two
    superclasses would have the same name, a third word tells them apart, and where that is not enough, a number.
    """
    members: defaultdict[int, list[list[str]]] = defaultdict(list)
    for sku, row in zip(classes, superclass_of.tolist(), strict=True):
        members[row].append(_words(titles.get(sku, sku)))
    ranked = _commonest_telling_words(members)
    wanted = {row: _readable(words[:2], members[row]) for row, words in ranked.items()}
    again = Counter(wanted.values())
    wanted |= {row: _readable(ranked[row][:3], members[row]) for row, name in wanted.items() if again[name] > 1}
    names: dict[int, str] = {}
    for row, name in wanted.items():
        names[row] = _unlike(name or "Group", set(names.values()))
    return names


def _words(title: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]{2,}", title) if word.casefold() not in _UNTELLING]


def _commonest_telling_words(members: Mapping[int, Sequence[Sequence[str]]]) -> dict[int, list[str]]:
    """The words (casefolded) of each superclass, those first that most of its classes and few superclasses have."""
    counts = {
        row: Counter(word for title in titles for word in dict.fromkeys(map(str.casefold, title)))
        for row, titles in members.items()
    }
    spread = Counter(word for counter in counts.values() for word in counter)

    def ranked(of_row: Counter[str]) -> list[str]:
        return sorted(of_row, key=lambda word: -of_row[word] * math.log1p(len(counts) / spread[word]))

    return {row: ranked(counter) for row, counter in counts.items()}


def _readable(chosen: Sequence[str], titles: Sequence[Sequence[str]]) -> str:
    """The chosen words as they are commonly spelt, in the order in which titles have them."""
    spelt: defaultdict[str, Counter[str]] = defaultdict(Counter)
    places: defaultdict[str, list[int]] = defaultdict(list)
    for title in titles:
        for place, word in enumerate(title):
            spelt[word.casefold()][word] += 1
            places[word.casefold()].append(place)
    in_order = sorted(chosen, key=lambda word: sum(places[word]) / len(places[word]))
    return " ".join(spelt[word].most_common(1)[0][0] for word in in_order)


def _unlike(name: str, taken: Collection[str]) -> str:
    """The name, with the first number from 2 that makes it unlike those that are taken."""
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return name if name not in taken else next(free for free in numbered if free not in taken)
