"""Listings: each product as each shop lists it, when it was last seen there, and since when it is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.catalogue.matching import KeyedListing
from warehouse.session import Session

GONE = "Gone"
"""Availability of an offer whose source no longer lists it; the other words are schema.org's."""


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A product as a shop listed it at `seen_at`; the keys are those of `recognition.catalogue.keys`."""

    source: str
    sku: str
    title: str
    brand: str | None
    gtin: str | None
    mpn: str | None
    gtin_key: str | None
    mpn_key: str | None
    product_group: str | None
    variant: str | None
    url: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class GoneListing:
    """A listing that went, or came back."""

    sku: str
    source: str
    missed: int
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class KnownListing:
    """What a crawl of a source is measured against: what the source said of a product the last time."""

    sku: str
    title: str
    is_gone: bool
    price: float | None
    currency: str | None


def returned_listings(db: Session, rows: Sequence[ListingRow]) -> list[GoneListing]:
    """Return those of the rows that are newer and count as gone: ask before `fold_listings`."""
    return db.rows_over(GoneListing, "listings/returned", rows)


def fold_listings(db: Session, rows: Sequence[ListingRow]) -> int:
    """Fold in what was seen; only what is newer than what is stored counts. Return how many rows that were."""
    return db.run_over("listings/fold", rows)


def count_missed(
    db: Session, source: str, crawl_id: str, began: datetime, ended: datetime, nights: int
) -> list[GoneListing]:
    """Count a whole crawl against the listings that it did not see, and return those that are gone by it.

    A listing whose page failed since for another reason than that it is not there (4xx) is not missed, and a crawl that
    was closed before its end misses nothing. A crawl counts once, and only after those before it.

    Args:
        db: a writing session in which the crawl's listings were folded.
        source: the shop.
        crawl_id: the crawl.
        began: when it saw its first product.
        ended: when it saw its last one.
        nights: crawls in a row after which a listing is gone.
    """
    db.run("listings/count_missed", source=source, crawl_id=crawl_id, began=began, ended=ended)
    gone = db.rows(GoneListing, "listings/newly_gone", source=source, nights=nights)
    db.run("listings/offer_gone", source=source, crawl_id=crawl_id, nights=nights, gone=GONE)
    db.run("listings/mark_gone", source=source, nights=nights)
    return gone


def known_listings(db: Session, source: str) -> list[KnownListing]:
    """Return what a source said of each product the last time, by SKU."""
    return db.rows(KnownListing, "listings/known", source=source)


def listings_with_a_key_of_two_products(db: Session) -> list[KeyedListing]:
    """Return the listings of which some other product has a key too, and all others of the same products."""
    return db.rows(KeyedListing, "listings/keyed")


def families(db: Session) -> dict[str, str]:
    """Return product -> what its sizes and colours have in common, for the products that have such."""
    return dict(db.tuples("listings/families"))
