"""What a release knows of its products besides their looks: the answer that a customer reads."""

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from recognition.release.sorted_lines import SortedLines, dump_sorted_lines


@dataclass(frozen=True)
class ProductCard:
    """A product with its price and availability as they were at `offer_seen_at`."""

    sku: str
    title: str
    brand: str | None = None
    category: str | None = None
    url: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    offer_seen_at: datetime | None = None


class Products(Mapping[str, ProductCard]):
    """Products by SKU, each parsed when it is asked for."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        """What `dump_products` wrote."""
        self._lines = SortedLines(data, "sku")

    def __getitem__(self, sku: str) -> ProductCard:
        row = self._lines.find(sku)
        if row is None:
            raise KeyError(sku)
        return _card(row)

    def __iter__(self) -> Iterator[str]:
        return (row["sku"] for row in self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def dump_products(products: Sequence[ProductCard]) -> bytes:
    """JSON lines, sorted by SKU; prices are decimal strings."""
    return dump_sorted_lines((asdict(product) for product in products), "sku")


def _card(row: Mapping[str, Any]) -> ProductCard:
    price, seen_at = row["price"], row["offer_seen_at"]
    told = {
        "price": None if price is None else Decimal(price),
        "offer_seen_at": None if seen_at is None else datetime.fromisoformat(seen_at),
    }
    return ProductCard(**{**row, **told})
