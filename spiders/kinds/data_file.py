"""Feeds and tables: one document with a row for each product, read as a stream."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from recognition.vocabulary import FetchReason
from spiders.errors import NoProductError, PageUnreadableError
from spiders.kinds.columns import Columns
from spiders.kinds.rows import rows_of
from spiders.pages import PageProduct
from spiders.reader import Document, Found, Problem, Target
from spiders.records import clean_product
from spiders.sources import FeedSource, TableSource

_PATIENCE = 20
"""Rows without a product after which a file that had none before is given up: its columns are others."""


class DataFileReader:
    """Reads every row; one that is no product is a problem, and the next one is read."""

    def __init__(self, source: FeedSource | TableSource, now: datetime | None = None) -> None:
        self._source = source
        self._columns = Columns(source.columns if isinstance(source, TableSource) else {}, now or datetime.now(UTC))

    def start(self) -> tuple[Target, ...]:
        """The file, wherever it is."""
        source = self._source
        return (Target(source.url or (source.path.absolute().as_uri() if source.path else ""), "data"),)

    def read(self, document: Document) -> Found:
        """The products of a file, read as they are asked for."""
        return Found(self._products(document))

    def _products(self, document: Document) -> Iterator[PageProduct | Problem]:
        # A row of a file on this machine is named by the file alone: no path of ours goes into tables and pages.
        base = document.path.name if document.path else document.target.url
        pictures: dict[str, set[str]] = {}
        good = place = 0
        try:
            for place, row in enumerate(rows_of(document), start=1):
                try:
                    product = clean_product(self._columns.product(row, place, base), self._source.sku_prefix)
                except NoProductError as error:
                    yield Problem(f"{base}#{place}", FetchReason.NO_PRODUCT, f"row {place}: {error}")
                    if not good and place >= _PATIENCE:
                        raise PageUnreadableError(_advice(self._columns.missing(row), list(row))) from error
                    continue
                good += 1
                yield _with_own_pictures(product, pictures)
        except PageUnreadableError as error:
            yield Problem(base, FetchReason.PARSE, str(error))
        except OSError as error:
            yield Problem(base, FetchReason.UNREADABLE_FILE, str(error))
        else:
            if place == 0:
                yield Problem(base, FetchReason.PARSE, "the file names its columns and holds no row")


def _with_own_pictures(product: PageProduct, shown: dict[str, set[str]]) -> PageProduct:
    """One picture, one SKU, also where the sizes of a product stand far apart; see `records.one_picture_each`."""
    if product.group is None:
        return product
    taken = shown.setdefault(product.group, set())
    own = tuple(url for url in product.image_urls if url not in taken)
    taken.update(own)
    return replace(product, image_urls=own)


def _advice(missing: tuple[str, ...], columns: list[str]) -> str:
    what = " and ".join(missing) or "a product"
    return (
        f"none of the first {_PATIENCE} rows is a product: no column stands for {what}. The columns are "
        f"{', '.join(columns[:20])}. A source of kind table can say which is which: columns = {{ title = '...' }}"
    )
