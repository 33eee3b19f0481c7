"""Products, and what they cost where and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from recognition.vocabulary import LabelOrigin
from warehouse.listings import GONE
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One SKU and what is known of it; `updated_at` is when it was seen like this (the crawl's time, not now)."""

    sku: str
    title: str
    brand: str | None
    category: str | None
    gtin: str | None
    description: str | None
    url: str | None
    source: str
    named_by: LabelOrigin
    first_seen_run: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OfferRow:
    """Price (in units of `currency`) and availability (schema.org short name) of a SKU at one source."""

    sku: str
    source: str
    price: Decimal | None
    currency: str | None
    availability: str | None
    seen_at: datetime
    crawl_id: str


@dataclass(frozen=True, slots=True)
class ProductLooks:
    """A product as it is compared with others: who named it, the shops and folders that know it, its usable images."""

    sku: str
    title: str
    brand: str | None
    named_by: LabelOrigin
    sources: tuple[str, ...]
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UpsertCount:
    """How many products are new, and how many changed in a field other than their time."""

    new: int
    changed: int


def upsert_products(db: Session, rows: Sequence[ProductRow]) -> UpsertCount:
    """Fold products in: nothing known is ever replaced by nothing.

    A field is overwritten by a better origin (catalogue over annotator over folder), or by a row of the product's own
    source that is not older than what is stored; everybody else may only fill gaps. So folding an old feed again, or
    two shops that offer the same SKU, changes nothing back and forth. A product that a catalogue comes to know is
    ``named_by`` the catalogue from then on.
    """
    new = db.run_over("products/insert", rows)
    changed = db.run_over("products/merge", rows)
    return UpsertCount(new, changed)


def append_offers(db: Session, rows: Sequence[OfferRow]) -> int:
    """Append the offers that differ from the last one of their SKU and source, and are newer; return how many."""
    return db.run_over("products/append_offers", rows)


def all_products(db: Session) -> list[ProductRow]:
    """Return every product, by SKU; a SKU that was merged into another is none."""
    return db.rows(ProductRow, "products/all")


def latest_offers(db: Session) -> dict[str, OfferRow]:
    """Return the newest offer of each product, `seen_at` being when it was last seen to stand.

    Where several sources offer it: of one that still lists it, and among those the one that changed last.
    """
    return {row.sku: row for row in db.rows(OfferRow, "products/latest_offers", gone=GONE)}


def product_skus(db: Session) -> list[str]:
    """Return the SKU of every product; one that was merged into another is none."""
    return [sku for (sku,) in db.tuples("products/skus")]


def product_looks(db: Session) -> list[ProductLooks]:
    """Return every product that has a usable image, oldest first."""
    return db.rows(ProductLooks, "products/looks")


def titles(db: Session) -> dict[str, str]:
    """Return SKU -> title, of the SKUs that were merged into others too."""
    return dict(db.tuples("products/titles"))
