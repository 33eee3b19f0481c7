"""Which SKUs are one product because shops list them under one key. Titles have no say."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from recognition.vocabulary import MatchReason


@dataclass(frozen=True, slots=True)
class KeyedListing:
    """A product as one shop lists it, with the keys that it may share with others (see `keys`)."""

    source: str
    sku: str
    product: str
    gtin_key: str | None
    mpn_key: str | None
    first_seen_at: datetime


_KEYS: tuple[tuple[MatchReason, Callable[[KeyedListing], str | None]], ...] = (
    (MatchReason.SAME_GTIN, lambda listing: listing.gtin_key),
    (MatchReason.SAME_BRAND_AND_MPN, lambda listing: listing.mpn_key),
)


@dataclass(frozen=True, slots=True)
class Match:
    """Two products that share a key. `sku` is to become a name of `into_sku`, which was seen first.

    `sure` is False where the key alone must not decide: a person is asked.
    """

    sku: str
    into_sku: str
    reason: MatchReason
    sure: bool


def match_by_keys(listings: Sequence[KeyedListing], decided: AbstractSet[frozenset[str]] = frozenset()) -> list[Match]:
    """Match products by barcode, then by brand and part number.

    A shop tells its own products apart: a match never joins two SKUs of one shop, and a key that a shop gives to two of
    its products is no key. Different barcodes outrank an equal part number. Where one of these holds the match is not
    sure. The result does not depend on the order of the listings.

    Args:
        listings: all listings of the products in question, with the product that each SKU is a name of now.
        decided: pairs of SKUs that somebody has spoken about already; they are left alone.
    """
    matches: list[Match] = []
    known = _Products(listings)
    for reason, key_of in _KEYS:
        by_key: defaultdict[str, list[KeyedListing]] = defaultdict(list)
        for listing in listings:
            key = key_of(listing)
            if key is not None:
                by_key[key].append(listing)
        for key in sorted(by_key):
            matches += _match_group(sorted(by_key[key], key=_age), known, reason, decided)
    return matches


class _Products:
    """What each product is listed as, kept up while matches are found."""

    def __init__(self, listings: Iterable[KeyedListing]) -> None:
        self._product: dict[str, str] = {}
        self._shops: defaultdict[str, set[str]] = defaultdict(set)
        self._gtins: defaultdict[str, set[str]] = defaultdict(set)
        for listing in listings:
            self._product[listing.sku] = listing.product
            self._shops[listing.product].add(listing.source)
            if listing.gtin_key is not None:
                self._gtins[listing.product].add(listing.gtin_key)

    def of(self, sku: str) -> str:
        product = self._product.get(sku, sku)
        return product if product == sku else self.of(product)

    def told_apart(self, left: str, right: str) -> bool:
        """Whether one shop lists both, or their barcodes differ."""
        gtins = self._gtins[left], self._gtins[right]
        return bool(self._shops[left] & self._shops[right]) or (all(gtins) and gtins[0].isdisjoint(gtins[1]))

    def join(self, product: str, into: str) -> None:
        self._product[product] = into
        self._shops[into] |= self._shops[product]
        self._gtins[into] |= self._gtins[product]


def _match_group(
    oldest_first: Sequence[KeyedListing], known: _Products, reason: MatchReason, decided: AbstractSet[frozenset[str]]
) -> Iterator[Match]:
    is_key = not _given_twice(oldest_first)
    stays = oldest_first[0]
    for listing in oldest_first[1:]:
        product, into = known.of(listing.sku), known.of(stays.sku)
        if product == into or _is_decided(decided, (listing.sku, stays.sku), (product, into)):
            continue
        sure = is_key and not known.told_apart(product, into)
        yield Match(product, into, reason, sure)
        if sure:
            known.join(product, into)


def _given_twice(listings: Iterable[KeyedListing]) -> bool:
    skus_of_shop: defaultdict[str, set[str]] = defaultdict(set)
    for listing in listings:
        skus_of_shop[listing.source].add(listing.sku)
    return any(len(skus) > 1 for skus in skus_of_shop.values())


def _is_decided(decided: AbstractSet[frozenset[str]], *pairs: tuple[str, str]) -> bool:
    return any(frozenset(pair) in decided for pair in pairs)


def _age(listing: KeyedListing) -> tuple[datetime, str, str]:
    return listing.first_seen_at, listing.sku, listing.source
