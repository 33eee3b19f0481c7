"""The invented products of the demo shop: eight small brands, their flavours, sizes and prices."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np


class Shape(StrEnum):
    """How a product is packed."""

    CAN = "can"
    TALL_CAN = "tall can"
    CARTON = "carton"
    SMALL_CARTON = "small carton"
    BOX = "box"
    TEA_BOX = "tea box"
    POUCH = "pouch"
    BAG = "bag"
    SHARE_BAG = "share bag"
    JAR = "jar"
    LARGE_JAR = "large jar"
    BAR = "bar"
    BOTTLE = "bottle"


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """One invented product.

    `price` is in euros, `availability` is a schema.org short name, `contents` is the amount printed on the pack.
    Products with `in_shop` False appear in camera photos only: nobody has named them yet.
    """

    sku: str
    title: str
    brand: str
    category: str
    shape: Shape
    flavour: str
    contents: str
    price: Decimal
    availability: str
    in_shop: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """One product of a range: flavour, shape, contents, the usual price in cents, and whether the shop sells it."""

    code: str
    flavour: str
    shape: Shape
    contents: str
    cents: int
    in_shop: bool = True


@dataclass(frozen=True, slots=True)
class _Range:
    """What the products of one brand share."""

    brand: str
    code: str
    noun: str
    category: str
    lines: tuple[_Line, ...]


_RANGES = (
    _Range(
        "Solva",
        "SOL",
        "Sparkling Water",
        "Drinks",
        (
            _Line("LEM-330", "Lemon", Shape.CAN, "330 ml", 119),
            _Line("BLO-330", "Blood Orange", Shape.CAN, "330 ml", 119),
            _Line("LIM-330", "Lime & Mint", Shape.CAN, "330 ml", 119),
            _Line("LEM-500", "Lemon", Shape.TALL_CAN, "500 ml", 159),
        ),
    ),
    _Range(
        "Orchard Row",
        "ORC",
        "Juice",
        "Drinks",
        (
            _Line("APP-1000", "Apple", Shape.CARTON, "1 litre", 279),
            _Line("PEA-1000", "Pear", Shape.CARTON, "1 litre", 299),
            _Line("CHE-1000", "Cherry", Shape.CARTON, "1 litre", 329),
            _Line("APP-0250", "Apple", Shape.SMALL_CARTON, "250 ml", 109),
        ),
    ),
    _Range(
        "Haverly",
        "HAV",
        "Granola",
        "Breakfast",
        (
            _Line("HON-450", "Honey", Shape.BOX, "450 g", 449),
            _Line("COC-450", "Cocoa", Shape.BOX, "450 g", 449),
            _Line("BER-450", "Berry", Shape.BOX, "450 g", 479),
            _Line("HON-200", "Honey", Shape.POUCH, "200 g", 249),
        ),
    ),
    _Range(
        "Tamiko",
        "TAM",
        "Tea",
        "Tea",
        (
            _Line("GRE-020", "Green Sencha", Shape.TEA_BOX, "20 bags", 349),
            _Line("CHA-020", "Chamomile", Shape.TEA_BOX, "20 bags", 329),
            _Line("EAR-020", "Earl Grey", Shape.TEA_BOX, "20 bags", 349),
            _Line("ROO-020", "Rooibos", Shape.TEA_BOX, "20 bags", 339, in_shop=False),
        ),
    ),
    _Range(
        "Nonna Pia",
        "NON",
        "Tomato Sauce",
        "Pantry",
        (
            _Line("BAS-350", "Basilico", Shape.JAR, "350 g", 289),
            _Line("ARR-350", "Arrabbiata", Shape.JAR, "350 g", 289),
            _Line("OLI-350", "Olive", Shape.JAR, "350 g", 309),
            _Line("BAS-680", "Basilico", Shape.LARGE_JAR, "680 g", 429),
        ),
    ),
    _Range(
        "Tidewell",
        "TID",
        "Crisps",
        "Snacks",
        (
            _Line("SEA-125", "Sea Salt", Shape.BAG, "125 g", 199),
            _Line("PAP-125", "Paprika", Shape.BAG, "125 g", 199),
            _Line("VIN-125", "Salt & Vinegar", Shape.BAG, "125 g", 199),
            _Line("SEA-250", "Sea Salt", Shape.SHARE_BAG, "250 g", 329),
        ),
    ),
    _Range(
        "Cacao Norte",
        "CAC",
        "Chocolate",
        "Snacks",
        (
            _Line("DAR-090", "Dark 70%", Shape.BAR, "90 g", 259),
            _Line("MIL-090", "Milk", Shape.BAR, "90 g", 239),
            _Line("HAZ-090", "Hazelnut", Shape.BAR, "90 g", 279),
            _Line("SAL-090", "Sea Salt", Shape.BAR, "90 g", 279, in_shop=False),
        ),
    ),
    _Range(
        "Fjella",
        "FJE",
        "Shower Gel",
        "Bath",
        (
            _Line("PIN-250", "Pine", Shape.BOTTLE, "250 ml", 389, in_shop=False),
            _Line("LAV-250", "Lavender", Shape.BOTTLE, "250 ml", 389, in_shop=False),
        ),
    ),
)
_PRICE_STEP = 10
_SOLD_OUT_SHARE = 0.12


def demo_products(seed: int = 7) -> tuple[DemoProduct, ...]:
    """Return the 30 products in shelf order: 26 that the shop sells and 4 that no one has named yet.

    The products are always the same; `seed` moves their prices a little and decides which are out of stock.
    """
    rng = np.random.default_rng(seed)
    return tuple(_product(family, line, rng) for family in _RANGES for line in family.lines)


def _product(family: _Range, line: _Line, rng: np.random.Generator) -> DemoProduct:
    cents = line.cents + _PRICE_STEP * int(rng.integers(-2, 3))
    return DemoProduct(
        sku=f"{family.code}-{line.code}",
        title=f"{family.brand} {family.noun} {line.flavour} {line.contents}",
        brand=family.brand,
        category=family.category,
        shape=line.shape,
        flavour=line.flavour,
        contents=line.contents,
        price=Decimal(cents) / 100,
        availability="OutOfStock" if rng.random() < _SOLD_OUT_SHARE else "InStock",
        in_shop=line.in_shop,
    )
