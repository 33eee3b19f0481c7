"""What a release knows of its products besides their looks: the answer that a customer reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal


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


def dump_products(products: Sequence[ProductCard]) -> bytes:
    """JSON lines, sorted by SKU; prices are decimal strings."""
    ordered = sorted(products, key=lambda product: product.sku)
    return "".join(json.dumps(asdict(product), default=str, sort_keys=True) + "\n" for product in ordered).encode()


def load_products(data: bytes) -> Mapping[str, ProductCard]:
    """Products by SKU; the inverse of `dump_products`."""
    products: dict[str, ProductCard] = {}
    for line in data.splitlines():
        fields = json.loads(line)
        fields["price"] = None if fields["price"] is None else Decimal(fields["price"])
        seen_at = fields["offer_seen_at"]
        fields["offer_seen_at"] = None if seen_at is None else datetime.fromisoformat(seen_at)
        products[fields["sku"]] = ProductCard(**fields)
    return products
