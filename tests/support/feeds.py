"""Feeds without a crawl: a store into which a test ingests what a shop would have said, night by night."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from recognition.files import write_durably
from spiders.feed import CrawlFiles
from spiders.items import ImageRef, PhotoItem, ProductItem
from tasks.ingest import IngestReport, ingest_feeds
from tasks.loop import Loop, finish, open_loop
from tasks.settings import load_settings
from tasks.wiring import Parts, build_parts
from tests.support.warehouses import migrated_warehouse
from warehouse.runs import CrawlRow, record_crawl

FIRST_NIGHT = datetime(2031, 3, 1, 2, tzinfo=UTC)


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def image(name: str, source: str = "shop") -> ImageRef:
    sha256 = sha(name)
    url = f"https://{source}.example/i/{name}.jpg"
    return ImageRef(url=url, sha256=sha256, path=f"{sha256[:2]}/{sha256}.jpg", bytes=1000, format="JPEG")


def product(sku: str, source: str = "shop", pictures: Iterable[str] | None = None, **said: Any) -> ProductItem:
    """A product with a picture of its own; `seen_at` is set when its night is delivered."""
    facts: dict[str, Any] = {
        "title": f"Thing {sku}",
        "brand": "Acme",
        "category": "Things",
        "price": Decimal("12.50"),
        "currency": "EUR",
        "availability": "InStock",
        "url": f"https://{source}.example/p/{sku}",
    }
    images = tuple(image(name, source) for name in ([f"{source}-{sku}"] if pictures is None else pictures))
    return ProductItem(source=source, sku=sku, images=images, seen_at=FIRST_NIGHT, **(facts | said))


def shelf(n: int = 40, source: str = "shop", **said: Any) -> list[ProductItem]:
    """Products that differ in price and title."""
    return [product(f"{source}-{place:03}", source, **({"price": Decimal(5 + place)} | said)) for place in range(n)]


@dataclass(frozen=True)
class Store:
    """A store under test; every delivery is one finished crawl of one source."""

    config: Path

    @classmethod
    def made_in(cls, folder: Path, settings: str = "") -> "Store":
        config = folder / "skuloop.toml"
        config.write_text(f'{settings}\n[encoder]\nname = "handcrafted"\nworkers = 1\n', encoding="utf-8")
        store = cls(config)
        migrated_warehouse(store.parts.paths.database)
        build_parts(load_settings(config))
        return store

    @property
    def parts(self) -> Parts:
        return Parts(load_settings(self.config))

    def copy(self, folder: Path) -> "Store":
        """The same store elsewhere."""
        shutil.copytree(self.config.parent, folder)
        return Store(folder / self.config.name)

    @contextmanager
    def loop(self, label: str = "night") -> Iterator[Loop]:
        with open_loop(load_settings(self.config), "nightly", label) as loop:
            yield loop
            finish(loop, ())

    def deliver(
        self, night: int, items: Iterable[ProductItem | PhotoItem], source: str = "shop", damaged: Iterable[str] = ()
    ) -> str:
        """Write the feed of a crawl of that night and record the crawl; return its id."""
        crawl_id, began = f"{source}-{night}", FIRST_NIGHT + timedelta(days=night)
        dated = [item.model_copy(update={"seen_at": began + timedelta(seconds=at)}) for at, item in enumerate(items)]
        lines = [*(item.model_dump_json() for item in dated), *damaged]
        files = CrawlFiles(self.parts.paths.feeds / source / crawl_id)
        write_durably(files.feed, "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape"))
        with self.parts.warehouse.write() as db:
            ended = began + timedelta(hours=1)
            record_crawl(
                db, CrawlRow(crawl_id, source, "run", len(dated), 0, 0, 0, 60.0, reached=True, finished_at=ended)
            )
        return crawl_id

    def ingest(self, label: str = "night") -> IngestReport:
        with self.loop(label) as loop:
            return ingest_feeds.fn(loop)

    def night(self, night: int, items: Iterable[ProductItem | PhotoItem], source: str = "shop") -> IngestReport:
        """Deliver and ingest."""
        self.deliver(night, items, source)
        return self.ingest(f"night-{night}")

    def query(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        import duckdb

        with duckdb.connect(self.parts.paths.database, read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(text, list(values)).fetchall()
