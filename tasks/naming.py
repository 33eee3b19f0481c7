"""Which product a typed name means. Pure.

Names are compared in one case, one spacing and one Unicode form. A name may stand with or without its brand; where
several products have it, nobody guesses.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from labelling.payloads import new_sku
from recognition.catalogue.keys import gtin_key
from warehouse.products import ProductRow


class NameReason(StrEnum):
    """Why a typed name was taken for a product that is known."""

    SAME_GTIN = "same_gtin"
    SAME_BRAND_AND_TITLE = "same_brand_and_title"
    SAME_TITLE = "same_title"
    SAME_WORDS = "same_words"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a typed name means: a known product and why, or the one that this very name makes (`reason` is None)."""

    sku: str
    reason: NameReason | None


@dataclass(frozen=True, slots=True)
class AmbiguousName:
    """A typed name that several products have."""

    products: tuple[ProductRow, ...]

    def __str__(self) -> str:
        called = ", ".join(f"{product.sku} ({product.brand or 'no brand'})" for product in self.products)
        return f"several products are called so: {called}. Write the brand too, or choose the SKU."


class KnownNames:
    """The names of the products that are known."""

    def __init__(self, products: Iterable[ProductRow]) -> None:
        self._branded: defaultdict[str, dict[str, ProductRow]] = defaultdict(dict)
        self._bare: defaultdict[str, dict[str, ProductRow]] = defaultdict(dict)
        self._skus = set[str]()
        self._barcodes: defaultdict[str, dict[str, ProductRow]] = defaultdict(dict)
        for product in products:
            if gtin := gtin_key(product.gtin):
                self._barcodes[gtin][product.sku] = product
            self._skus.add(product.sku)
            self._bare[folded(product.title)][product.sku] = product
            if product.brand:
                self._branded[_with_brand(product.brand, product.title)][product.sku] = product

    def meaning(self, typed: str, brand: str | None = None, gtin: str | None = None) -> Meaning | AmbiguousName:
        """What a name means; a barcode decides, and with its brand it is told from the same title of another brand.

        Args:
            typed: the name.
            brand: typed beside it, if any.
            gtin: as a GTIN-14, if any.
        """
        names: tuple[tuple[NameReason, Mapping[str, dict[str, ProductRow]], str], ...] = (
            (NameReason.SAME_GTIN, self._barcodes, gtin or ""),
            (NameReason.SAME_BRAND_AND_TITLE, self._branded, _with_brand(brand, typed) if brand else folded(typed)),
            (NameReason.SAME_TITLE, self._bare, folded(typed)),
        )
        made = new_sku(_with_brand(brand, typed) if brand else typed)
        for reason, called, key in names:
            products = called.get(key, {})
            if reason is NameReason.SAME_TITLE and brand:
                products = {sku: one for sku, one in products.items() if not one.brand}  # another brand's is another
            if len(products) > 1:
                return AmbiguousName(tuple(products[sku] for sku in sorted(products)))
            if products:
                sku = next(iter(products))
                return Meaning(sku, None if sku == made else reason)
        sku = made
        return Meaning(sku, NameReason.SAME_WORDS if sku in self else None)

    def __contains__(self, sku: str) -> bool:
        return sku in self._skus


def folded(name: str) -> str:
    """A name without the differences that mean nothing: case, spacing, Unicode form, signs that nobody sees."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(sign for sign in plain if unicodedata.category(sign) != "Cf").split())


def _with_brand(brand: str, title: str) -> str:
    """Many titles begin with their brand."""
    brand, title = folded(brand), folded(title)
    return title if f"{title} ".startswith(f"{brand} ") else f"{brand} {title}"
