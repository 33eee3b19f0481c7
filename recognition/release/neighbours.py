"""Which products look most like one, as a release sees them."""

import numpy as np

from recognition.release.bundle import Bundle


def nearest_products(bundle: Bundle, sku: str, count: int = 6) -> list[tuple[str, str, float]]:
    """SKU, title and cosine of the nearest other prototypes, nearest first; none where the release lacks the SKU."""
    heads = bundle.heads
    if sku not in heads.classes:
        return []
    own = heads.classes.index(sku)
    cosines = np.asarray(heads.prototypes @ heads.prototypes[own], dtype=np.float64)
    cosines[own] = -np.inf
    rows = np.argsort(-cosines, kind="stable")[: min(count, len(cosines) - 1)]
    found = []
    for row in rows.tolist():
        other = heads.classes[row]
        card = bundle.products.get(other)
        found.append((other, card.title if card else "", float(cosines[row])))
    return found
