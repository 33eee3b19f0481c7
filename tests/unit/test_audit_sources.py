"""Seeded defects of a shop, each against nights that were as usual."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from recognition.audit.sources import KnownItem, SourceItem, judge_crawl, measure_crawl
from recognition.vocabulary import SourceFigure, SourceReason

FIELDS = frozenset({SourceFigure.WITH_PRICE, SourceFigure.WITH_CURRENCY, SourceFigure.WITH_PICTURE})
Shelf = list[SourceItem]


def shelf(n: int = 40) -> Shelf:
    return [
        SourceItem(f"sku{i}", f"Fine tea no {i}", (f"picture{i}",), price=3.0 + i, currency="EUR", fields=FIELDS)
        for i in range(n)
    ]


def known(items: Shelf) -> dict[str, KnownItem]:
    return {item.sku: KnownItem(item.title or "", item.price, item.currency, alive=True) for item in items}


def labels(items: Shelf) -> dict[str, set[str]]:
    return {picture: {item.sku} for item in items for picture in item.pictures}


def usual_nights(n: int, items: Shelf) -> Mapping[SourceFigure, Sequence[float]]:
    """The first night knows nothing of the shop, the others all of it."""
    nights = [measure_crawl(items, 0, *((known(items), labels(items)) if night else ({}, {}))) for night in range(n)]
    return {figure: [night[figure] for night in nights if figure in night] for figure in SourceFigure}


def reasons(tonight: Shelf, nights: int = 5, before: Shelf | None = None, damaged: int = 0) -> set[SourceReason]:
    before = shelf() if before is None else before
    figures = measure_crawl(tonight, damaged, known(before), labels(before))
    return {judged.reason for judged in judge_crawl(figures, usual_nights(nights, before)) if judged.odd}


def shuffled_pictures(items: Shelf) -> Shelf:
    return [replace(item, pictures=items[place - 1].pictures) for place, item in enumerate(items)]


DEFECTS: dict[str, tuple[Callable[[Shelf], Shelf], set[SourceReason]]] = {
    "one image everywhere": (
        lambda items: [replace(item, pictures=("logo",)) for item in items],
        {SourceReason.ONE_PICTURE},
    ),
    "wrong currency": (
        lambda items: [replace(item, currency="JPY") for item in items],
        {SourceReason.CURRENCY_CHANGED},
    ),
    "prices times a hundred": (
        lambda items: [replace(item, price=(item.price or 0) * 100) for item in items],
        {SourceReason.PRICES_MOVED},
    ),
    "prices in cents of a hundredth": (
        lambda items: [replace(item, price=(item.price or 0) / 100) for item in items],
        {SourceReason.PRICES_MOVED},
    ),
    "no prices": (
        lambda items: [replace(item, price=None, fields=FIELDS - {SourceFigure.WITH_PRICE}) for item in items],
        {SourceReason.FIELDS_MISSING},
    ),
    "half the products gone": (lambda items: items[::2], {SourceReason.FEWER_ITEMS}),
    "every product gone": (lambda _: [], {SourceReason.FEWER_ITEMS}),
    "one title everywhere": (
        lambda items: [replace(item, title="Just a moment...") for item in items],
        {SourceReason.ONE_TITLE, SourceReason.TITLES_REPLACED},
    ),
    "pictures shuffled between pages": (shuffled_pictures, {SourceReason.LABELS_MOVED}),
    "titles shuffled between pages": (
        lambda items: [replace(item, title=items[place - 1].title) for place, item in enumerate(items)],
        {SourceReason.TITLES_REPLACED},
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_shop_that_is_not_what_it_was_is_noticed_and_the_reason_is_the_right_one(defect: str) -> None:
    spoil, expected = DEFECTS[defect]
    assert reasons(spoil(shelf())) == expected


@pytest.mark.parametrize("defect", sorted(DEFECTS.keys() - {"half the products gone"}))
def test_the_second_night_already_notices_what_is_gross(defect: str) -> None:
    spoil, expected = DEFECTS[defect]
    assert reasons(spoil(shelf()), nights=1) >= expected & {*expected} if expected else True
    assert reasons(spoil(shelf()), nights=1)


def test_the_first_night_and_a_tiny_shop_are_not_judged() -> None:
    assert reasons([replace(item, pictures=("logo",)) for item in shelf()], nights=0) == set()
    assert reasons([], before=shelf(9)) == set()


ORDINARY: dict[str, Callable[[Shelf], Shelf]] = {
    "nothing changed": lambda items: items,
    "a sale of a third on a quarter of the shelf": lambda items: [
        replace(item, price=(item.price or 0) * 0.67) if place % 4 == 0 else item for place, item in enumerate(items)
    ],
    "inflation of ten percent": lambda items: [replace(item, price=(item.price or 0) * 1.1) for item in items],
    "a tenth sold off": lambda items: items[4:],
    "a new department": lambda items: [
        *items,
        *(
            replace(item, sku=f"new-{item.sku}", title=f"Coffee {item.sku}", pictures=(f"c{item.sku}",))
            for item in items
        ),
    ],
    "the shop writes its name behind every title": lambda items: [
        replace(item, title=f"{item.title} | Tea House") for item in items
    ],
    "new photos of everything": lambda items: [replace(item, pictures=(f"new {item.sku}",)) for item in items],
    "three pages that could not be read": lambda items: items[3:],
}


@pytest.mark.parametrize("change", ORDINARY)
def test_what_shops_do_every_day_holds_nothing_up(change: str) -> None:
    assert reasons(ORDINARY[change](shelf())) == set()


def test_feeds_that_arrive_torn_are_noticed() -> None:
    assert SourceReason.DAMAGED_ROWS in reasons(shelf()[:18], damaged=22)
    assert reasons(shelf(), damaged=1) == set()


def test_a_restless_shop_is_given_the_range_that_it_has_shown() -> None:
    random = np.random.default_rng(3)
    before = shelf(60)
    wild = [measure_crawl(before[: int(n)], 0, {}, {}) for n in random.integers(15, 60, size=10)]
    history = {SourceFigure.LOG_ITEMS: [night[SourceFigure.LOG_ITEMS] for night in wild]}
    tonight = measure_crawl(before[:14], 0, {}, {})
    assert not any(judged.odd for judged in judge_crawl(tonight, history))


def test_noise_of_ordinary_nights_holds_nothing_up_in_a_thousand_nights() -> None:
    random = np.random.default_rng(11)
    base = shelf(50)
    held = 0
    for _ in range(1000):
        tonight = [
            replace(
                item,
                price=(item.price or 0) * float(random.choice([1, 1, 1, 0.9, 1.05])),
                fields=frozenset(field for field in item.fields if random.random() > 0.03),
            )
            for item in base
            if random.random() > 0.04
        ]
        held += bool(reasons(tonight, before=base))
    assert held == 0
