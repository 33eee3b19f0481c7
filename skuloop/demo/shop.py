"""A small real shop on 127.0.0.1: pages, structured data, images, a sitemap, and the faults that real shops have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class ShopProduct:
    """One product on the shelf. `price` is in units of `currency`; `availability` is a schema.org short name."""

    sku: str
    title: str
    brand: str
    category: str
    gtin: str | None
    description: str
    price: Decimal
    currency: str
    availability: str
    images: tuple[Path, ...]


class LocalShop:
    """A real HTTP server with the given products: `with LocalShop(products, "Corner Shop") as shop: shop.url`."""

    def __init__(
        self, products: Sequence[ShopProduct], name: str, *, port: int = 0, dead_links: int = 0, broken_images: int = 0
    ) -> None:
        raise NotImplementedError

    @property
    def url(self) -> str:
        """The address of the front page."""
        raise NotImplementedError

    @property
    def requests(self) -> list[str]:
        """The paths that were asked for, in order."""
        raise NotImplementedError

    def set_offers(self, offers: Mapping[str, tuple[Decimal, str]]) -> None:
        """Change price and availability by SKU, as a shop does between two nights."""
        raise NotImplementedError

    def start(self) -> Self:
        """Listen; returns at once."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop listening and wait for the server's thread."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
