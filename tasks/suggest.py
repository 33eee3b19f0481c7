"""Suggest which products may be one, for people to decide: new ones against all others, once they are encoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.catalogue.suggestions import LookedAt, find_alike
from recognition.vocabulary import MatchReason
from tasks.loop import Loop, stage
from warehouse.images import duplicate_groups
from warehouse.matches import SuggestionRow, add_suggestions, compared_products, mark_compared, open_suggestions
from warehouse.products import ProductLooks, product_looks


@dataclass(frozen=True)
class SuggestReport:
    """How many products were compared, how many pairs are new, and how many wait for a person."""

    compared: int = 0
    suggested: int = 0
    waiting: int = 0


@task(name="suggest", cache_policy=NO_CACHE)
def suggest_matches(loop: Loop) -> SuggestReport:
    """Compare products whose pictures this encoder has seen for the first time with all others."""
    with stage(loop, "suggest") as done:
        report = _suggest(loop)
        done.summary = (
            f"{report.compared} products compared, {report.suggested} new suggestions, {report.waiting} waiting"
        )
    return report


def _suggest(loop: Loop) -> SuggestReport:
    fingerprint = loop.parts.fingerprint
    with loop.parts.warehouse.read() as db:
        compared, looks, groups = compared_products(db, fingerprint), product_looks(db), duplicate_groups(db)
        waiting = len(open_suggestions(db))
    if all(look.sku in compared for look in looks):
        return SuggestReport(waiting=waiting)
    products, pictures = _with_pictures(loop, looks, groups)
    new = {product.sku for product in products} - compared
    alike = find_alike(products, pictures, new)
    rows = [
        SuggestionRow(pair.sku, pair.into_sku, MatchReason.LOOKS_ALIKE, pair.title_likeness, pair.picture_likeness)
        for pair in alike
    ]
    with loop.parts.warehouse.write() as db:
        suggested = add_suggestions(db, rows, loop.run_id)
        mark_compared(db, new, fingerprint)
        waiting = len(open_suggestions(db))
    return SuggestReport(len(new), suggested, waiting)


def _with_pictures(
    loop: Loop, looks: Sequence[ProductLooks], groups: Mapping[str, str]
) -> tuple[list[LookedAt], NDArray[np.float32]]:
    """The products of which a picture is encoded, and the mean picture of each."""
    wanted = sorted({sha256 for look in looks for sha256 in look.images})
    sha256s, vectors = loop.parts.vectors.load(loop.parts.fingerprint, wanted)
    row_of = {sha256: row for row, sha256 in enumerate(sha256s)}
    products, means = [], []
    for look in looks:
        rows = [row_of[sha256] for sha256 in look.images if sha256 in row_of]
        if rows:
            products.append(_looked_at(look, groups))
            means.append(vectors[rows].mean(axis=0))
    pictures = np.array(means, dtype=np.float32).reshape(len(means), -1)
    return products, pictures / np.maximum(np.linalg.norm(pictures, axis=1, keepdims=True), 1e-9)


def _looked_at(look: ProductLooks, groups: Mapping[str, str]) -> LookedAt:
    in_groups = frozenset(groups[sha256] for sha256 in look.images if sha256 in groups)
    return LookedAt(look.sku, look.title, look.brand, look.named_by, frozenset(look.sources), in_groups)
