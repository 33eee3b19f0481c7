"""Whether a source still is what it was: figures of one crawl against those of the nights before.

A shop that was redesigned, hacked or moved to another currency does not fail: it serves pages, with one picture
everywhere or prices a hundred times too high. What it yields then must not reach training.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from recognition.vocabulary import SourceFigure, SourceReason

_DEVIATIONS = 5.0  # how many scales off is a cliff: healthy crawls are not stopped by the noise of a night
_MAD = 1.4826  # makes the median absolute deviation of normal noise its standard deviation
_FEW_NIGHTS = 3
_LENIENCY = 2.0
_FEWEST_ITEMS = 10

_REASONS: Mapping[SourceFigure, SourceReason] = {
    SourceFigure.LOG_ITEMS: SourceReason.FEWER_ITEMS,
    SourceFigure.KNOWN_SEEN: SourceReason.FEWER_ITEMS,
    SourceFigure.SOUND_ROWS: SourceReason.DAMAGED_ROWS,
    SourceFigure.WITH_PRICE: SourceReason.FIELDS_MISSING,
    SourceFigure.WITH_CURRENCY: SourceReason.FIELDS_MISSING,
    SourceFigure.WITH_AVAILABILITY: SourceReason.FIELDS_MISSING,
    SourceFigure.WITH_BRAND: SourceReason.FIELDS_MISSING,
    SourceFigure.WITH_GTIN: SourceReason.FIELDS_MISSING,
    SourceFigure.WITH_CATEGORY: SourceReason.FIELDS_MISSING,
    SourceFigure.WITH_PICTURE: SourceReason.FIELDS_MISSING,
    SourceFigure.DISTINCT_TITLES: SourceReason.ONE_TITLE,
    SourceFigure.DISTINCT_PICTURES: SourceReason.ONE_PICTURE,
    SourceFigure.LOG_PRICE: SourceReason.PRICES_MOVED,
    SourceFigure.LOG_PRICE_CHANGE: SourceReason.PRICES_MOVED,
    SourceFigure.SAME_CURRENCY: SourceReason.CURRENCY_CHANGED,
    SourceFigure.SAME_TITLE: SourceReason.TITLES_REPLACED,
    SourceFigure.SAME_LABEL: SourceReason.LABELS_MOVED,
}
# The least scale of each figure that is no share: nights that were all alike must not make the next one odd.
_SCALES = {SourceFigure.LOG_ITEMS: 0.05, SourceFigure.LOG_PRICE: 0.1, SourceFigure.LOG_PRICE_CHANGE: 0.06}
_SHARE_SCALE = 0.05
_EITHER_WAY = frozenset({SourceFigure.LOG_PRICE, SourceFigure.LOG_PRICE_CHANGE})
# Compared with what the source said before. Known of a source that was crawled once: most of it is there as it was.
_USUAL = {
    SourceFigure.KNOWN_SEEN: 1.0,
    SourceFigure.LOG_PRICE_CHANGE: 0.0,
    SourceFigure.SAME_CURRENCY: 1.0,
    SourceFigure.SAME_TITLE: 1.0,
    SourceFigure.SAME_LABEL: 1.0,
}
_QUANTITIES = frozenset({SourceFigure.LOG_ITEMS, SourceFigure.KNOWN_SEEN})

RELATIVE = frozenset(_USUAL)
"""Figures that compare a crawl with the one before: where a person let a change in, that crawl's own tell nothing."""


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One product or labelled photo of a crawl, as far as it is measured."""

    sku: str
    title: str | None
    pictures: tuple[str, ...]
    price: float | None = None
    currency: str | None = None
    fields: frozenset[SourceFigure] = frozenset()


@dataclass(frozen=True, slots=True)
class KnownItem:
    """What the source said of a SKU the last time; `alive`: it was in the shop then."""

    title: str
    price: float | None
    currency: str | None
    alive: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One figure, what was expected of it and how far off it may be; `odd`: it is further off."""

    figure: SourceFigure
    value: float
    expected: float | None
    tolerance: float | None
    odd: bool

    @property
    def reason(self) -> SourceReason:
        """Why a crawl is kept out if this figure is odd."""
        return _REASONS[self.figure]


def measure_crawl(
    items: Sequence[SourceItem],
    damaged_rows: int,
    known: Mapping[str, KnownItem],
    labels: Mapping[str, set[str]],
    *,
    cut_short: bool = False,
) -> dict[SourceFigure, float]:
    """Measure a crawl; a figure that cannot be told (no price was ever known) is left out.

    Args:
        items: everything in its feed.
        damaged_rows: lines of the feed that were no items.
        known: SKU -> what the source said of it before.
        labels: picture -> SKUs that the source showed it for before.
        cut_short: whether the source was closed to the crawl before its end; how much it brought then says nothing.
    """
    found: dict[SourceFigure, float | None] = {SourceFigure.LOG_ITEMS: math.log10(len(items) + 1)}
    found[SourceFigure.SOUND_ROWS] = _share(len(items), len(items) + damaged_rows)
    found[SourceFigure.SAME_LABEL] = _same_label(items, labels)
    products = [item for item in items if item.title is not None]
    if products:
        found |= _fields(products)
        found |= _against_known(products, known)
    elif any(listing.alive for listing in known.values()):
        found[SourceFigure.KNOWN_SEEN] = 0.0
    untold = _QUANTITIES if cut_short else frozenset()
    return {figure: value for figure, value in found.items() if value is not None and figure not in untold}


def judge_crawl(figures: Mapping[SourceFigure, float], before: Mapping[SourceFigure, Sequence[float]]) -> list[Judged]:
    """Judge every figure of a crawl by the median of the nights before and their spread.

    Shares may fall by five robust deviations, or as much as chance explains among so many items; prices may move by
    five either way. The first nights are given twice that, and a source of fewer than ten items is not judged.

    Args:
        figures: of the crawl.
        before: of the crawls before it that were let in, oldest first.
    """
    sizes = [10**value - 1 for value in before.get(SourceFigure.LOG_ITEMS, ())]
    usual_size = median(sizes) if sizes else 0.0
    return [
        _judge(figure, value, before.get(figure, ()), len(sizes), usual_size)
        if usual_size >= _FEWEST_ITEMS
        else Judged(figure, value, None, None, odd=False)
        for figure, value in sorted(figures.items())
    ]


def _judge(figure: SourceFigure, value: float, before: Sequence[float], nights: int, items: float) -> Judged:
    expected = median(before) if before else _USUAL.get(figure)
    if expected is None:
        return Judged(figure, value, None, None, odd=False)
    spread = _MAD * median(abs(each - expected) for each in before) if before else 0.0
    # A share of one half among n items wavers by 0.5 / sqrt(n) by chance alone.
    scale = _SCALES.get(figure) or max(_SHARE_SCALE, 0.5 / math.sqrt(items))
    tolerance = _DEVIATIONS * max(spread, scale) * (_LENIENCY if nights < _FEW_NIGHTS else 1.0)
    tolerance = min(tolerance, _largest_tolerance(figure, expected))
    off = abs(value - expected) if figure in _EITHER_WAY else expected - value
    return Judged(figure, value, expected, tolerance, odd=off > tolerance)


def _largest_tolerance(figure: SourceFigure, expected: float) -> float:
    """A share that falls to a tenth of what it was is a cliff, however few items there are."""
    return math.inf if figure in _SCALES else 0.9 * expected


def _fields(products: Sequence[SourceItem]) -> dict[SourceFigure, float | None]:
    n = len(products)
    shown = [picture for product in products for picture in set(product.pictures)]
    prices = [math.log10(product.price) for product in products if product.price]
    measured = (
        SourceFigure.WITH_PRICE,
        SourceFigure.WITH_CURRENCY,
        SourceFigure.WITH_AVAILABILITY,
        SourceFigure.WITH_BRAND,
        SourceFigure.WITH_GTIN,
        SourceFigure.WITH_CATEGORY,
        SourceFigure.WITH_PICTURE,
    )
    return {
        **{figure: _share(sum(figure in product.fields for product in products), n) for figure in measured},
        SourceFigure.DISTINCT_TITLES: _share(len({_words(product.title) for product in products}), n),
        SourceFigure.DISTINCT_PICTURES: _share(len(set(shown)), len(shown)),
        SourceFigure.LOG_PRICE: median(prices) if prices else None,
    }


def _against_known(products: Sequence[SourceItem], known: Mapping[str, KnownItem]) -> dict[SourceFigure, float | None]:
    again = [(product, known[product.sku]) for product in products if product.sku in known]
    alive = {sku for sku, listing in known.items() if listing.alive}
    priced = [(new, old) for new, old in again if new.price and old.price]
    with_currency = [(new, old) for new, old in again if new.currency and old.currency]
    return {
        SourceFigure.KNOWN_SEEN: _share(len(alive & {product.sku for product in products}), len(alive)),
        SourceFigure.LOG_PRICE_CHANGE: (
            median(math.log10(new.price / old.price) for new, old in priced if new.price and old.price)
            if priced
            else None
        ),
        SourceFigure.SAME_CURRENCY: _share(
            sum(new.currency == old.currency for new, old in with_currency), len(with_currency)
        ),
        SourceFigure.SAME_TITLE: _share(
            sum(_says_the_same(_words(new.title), _words(old.title)) for new, old in again), len(again)
        ),
    }


def _same_label(items: Sequence[SourceItem], labels: Mapping[str, set[str]]) -> float | None:
    now: dict[str, set[str]] = {}
    for item in items:
        for picture in item.pictures:
            now.setdefault(picture, set()).add(item.sku)
    again = [picture for picture in now if picture in labels]
    return _share(sum(bool(now[picture] & labels[picture]) for picture in again), len(again))


def _says_the_same(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether one title holds the other: a shop that adds its name to every title has replaced none."""
    return left <= right or right <= left


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _words(title: str | None) -> frozenset[str]:
    return frozenset((title or "").casefold().split())
