"""The files of one crawl: feed.jsonl, failures.jsonl and, last of all, summary.json."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from recognition.files import write_durably
from recognition.vocabulary import FetchReason
from spiders.disk import whole_lines
from spiders.errors import FeedDamagedError
from spiders.items import FAILURE_LINE, FEED_LINE, FailureRow, PhotoItem, ProductItem

_Row = TypeVar("_Row", bound=BaseModel)

TRANSIENT = frozenset(
    {
        FetchReason.DNS,
        FetchReason.REFUSED,
        FetchReason.TIMEOUT,
        FetchReason.TLS,
        FetchReason.HTTP_5XX,
        FetchReason.NETWORK,
    }
)
"""Reasons that may be gone an hour later: a crawl that is taken up again asks for these pages once more."""

FEED_NAME = "feed.jsonl"
FAILURES_NAME = "failures.jsonl"
SUMMARY_NAME = "summary.json"


_ADDED = (
    "pages", "unchanged", "unasked", "postponed", "images_new", "images_known", "requests", "bytes", "pauses",
    "paused_seconds",
)  # fmt: skip


class VisitReport(BaseModel):
    """What a visit to a shop cost, and which manners were kept. Of a killed attempt the last few seconds are missing.

    `pages` were asked for and came, of which `unchanged` were as before; `unasked` are unchanged by the word of the
    sitemap; `postponed` failed on earlier nights and are not due yet. `images_failed` and `pages_failed` count by
    reason. `seconds_between` is the pause between two requests to the shop at the end of the crawl, in seconds;
    `asked_delay` the one that robots.txt asks for. `closed` says why the shop was left alone for the night before the
    end, and is None otherwise. `peak_mib` is the most memory that the crawl process held.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pages: int = 0
    unchanged: int = 0
    unasked: int = 0
    postponed: int = 0
    pages_failed: dict[FetchReason, int] = {}
    images_new: int = 0
    images_known: int = 0
    images_failed: dict[FetchReason, int] = {}
    requests: int = 0
    bytes: int = 0
    seconds_between: float = 0.0
    asked_delay: float | None = None
    concurrency: int = 1
    pauses: int = 0
    paused_seconds: float = 0.0
    closed: str | None = None
    peak_mib: float = 0.0

    def after(self, earlier: "VisitReport") -> "VisitReport":
        """This attempt and those before it: what was done is added up, the manners are those of the last."""
        return self.model_copy(
            update={
                **{name: getattr(earlier, name) + getattr(self, name) for name in _ADDED},
                "pages_failed": Counter(earlier.pages_failed) + Counter(self.pages_failed),
                "images_failed": Counter(earlier.images_failed) + Counter(self.images_failed),
                "peak_mib": max(earlier.peak_mib, self.peak_mib),
            }
        )


class CrawlSummary(BaseModel):
    """How a crawl ended. `seconds` is its wall time; `skipped`: it had been finished before, nothing was started.

    `reached` is False where the source as a whole did not answer: such a crawl leaves failures, but no summary file.
    `visit` says what it cost and what was kept; a folder has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    crawl_id: str
    source: str
    products: int = 0
    photos: int = 0
    images: int = 0
    failures: int = 0
    seconds: float = 0.0
    reached: bool = True
    skipped: bool = False
    visit: VisitReport | None = None


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line of a feed that is not an item, by its number from 1, and what is wrong with it."""

    number: int
    detail: str


@dataclass(frozen=True, slots=True)
class CrawlFiles:
    """The paths of one crawl's files: `feeds_root/<source>/<crawl_id>/...`."""

    folder: Path

    @property
    def feed(self) -> Path:
        """The products and photos."""
        return self.folder / FEED_NAME

    @property
    def failures(self) -> Path:
        """What was not taken, and why."""
        return self.folder / FAILURES_NAME

    @property
    def summary(self) -> Path:
        """Present only when the crawl is finished."""
        return self.folder / SUMMARY_NAME

    @property
    def frontier(self) -> Path:
        """What is to be asked, what came and what is done."""
        return self.folder / "frontier.sqlite"

    @property
    def memory(self) -> Path:
        """What the source's pages and images were the last time; shared by all crawls of the source."""
        return self.folder.parent / "memory.sqlite"

    @property
    def known_files(self) -> Path:
        """What the files of a folder or bucket were the last time; shared by all crawls of the source."""
        return self.folder.parent / "files.sqlite"

    @property
    def progress(self) -> Path:
        """What the crawl process showed while it ran, and its last words if it died."""
        return self.folder / "progress.log"


class FeedWriter:
    """Writes one crawl's feed and failures, and counts what it wrote.

    A killed crawl leaves both files without a summary. The next one with the same id keeps their whole lines and goes
    on from there: `done` holds what need not be read again. Failures that may have passed are dropped, and so are all
    of a source that gave nothing; what they were about is in `dropped`, to be tried once more.
    """

    def __init__(self, files: CrawlFiles) -> None:
        files.folder.mkdir(parents=True, exist_ok=True)
        self.products = 0
        self.photos = 0
        self.failures = 0
        self.done: set[str] = set()
        self._skus: dict[str, str] = {}
        self._failed: set[tuple[str, FetchReason]] = set()
        self._images: set[str] = set()
        items = list(_parsed(files.feed, FEED_LINE))
        found = list(_parsed(files.failures, FAILURE_LINE))
        rows = [row for row in found if items and row.reason not in TRANSIENT]
        self.dropped = tuple(row.url for row in found if row not in rows)
        for item in items:
            self._count(item)
        for row in rows:
            self.done.add(row.url)
            self._failed.add((row.url, row.reason))
            self.failures += 1
        self._feed = _begin(files.feed, items)
        self._failures = _begin(files.failures, rows)

    @property
    def images(self) -> int:
        """How many different images the feed refers to."""
        return len(self._images)

    def product(self, item: ProductItem) -> bool:
        """Add a product, once; False where its SKU is in the feed already from another address."""
        if item.sku in self._skus:
            self.done.add(item.url)
            return self._skus[item.sku] == item.url
        self._append(item)
        return True

    def photo(self, item: PhotoItem) -> None:
        """Add a photo to the feed."""
        self._append(item)

    def failure(self, row: FailureRow) -> bool:
        """Add a failure, once for an address and reason; False where it was known."""
        if (row.url, row.reason) in self._failed:
            return False
        self._failed.add((row.url, row.reason))
        self._failures.write(row.model_dump_json() + "\n")
        self._failures.flush()
        self.failures += 1
        return True

    def close(self) -> None:
        """Bring both files safely to the disk: only then may a summary claim them."""
        for stream in (self._feed, self._failures):
            if not stream.closed:
                stream.flush()
                os.fsync(stream.fileno())
                stream.close()

    def _append(self, item: ProductItem | PhotoItem) -> None:
        self._feed.write(item.model_dump_json() + "\n")
        self._feed.flush()  # a killed process loses nothing that it flushed
        self._count(item)

    def _count(self, item: ProductItem | PhotoItem) -> None:
        if isinstance(item, ProductItem):
            self.products += 1
            self._skus[item.sku] = item.url
            self.done.add(item.url)
            self._images.update(image.sha256 for image in item.images)
        else:
            self.photos += 1
            self.done.add(item.origin)
            self._images.add(item.image.sha256)


def read_feed_lines(path: Path) -> Iterator[ProductItem | PhotoItem | DamagedLine]:
    """The items of a feed file, one at a time, and in their place the lines that are none."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield FEED_LINE.validate_json(line)
            except ValidationError as error:
                yield DamagedLine(number, _explained(error))


def read_feed(path: Path) -> Iterator[ProductItem | PhotoItem]:
    """The items of a feed file, one at a time.

    Raises:
        FeedDamagedError: a line is not an item; the message names file and line.
    """
    for number, line in _numbered_lines(path):
        try:
            yield FEED_LINE.validate_json(line)
        except ValidationError as error:
            raise _damaged(path, number, error) from error


def read_failures(path: Path) -> Iterator[FailureRow]:
    """The failures of a crawl, one at a time.

    Raises:
        FeedDamagedError: a line is not a failure row; the message names file and line.
    """
    for number, line in _numbered_lines(path):
        try:
            yield FailureRow.model_validate_json(line)
        except ValidationError as error:
            raise _damaged(path, number, error) from error


def read_summary(path: Path) -> CrawlSummary:
    """The summary of a finished crawl.

    Raises:
        FeedDamagedError: the file is not a summary.
    """
    try:
        return CrawlSummary.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise _damaged(path, 1, error) from error


def _parsed(path: Path, adapter: TypeAdapter[_Row]) -> Iterator[_Row]:
    """Whole, valid lines: a page whose line is damaged is simply asked for again."""
    for line in whole_lines(path):
        with suppress(ValidationError):
            yield adapter.validate_json(line)


def _begin(path: Path, rows: Sequence[BaseModel]) -> IO[str]:
    write_durably(path, "".join(row.model_dump_json() + "\n" for row in rows).encode())
    return path.open("a", encoding="utf-8")


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line


def _damaged(path: Path, number: int, error: ValidationError) -> FeedDamagedError:
    return FeedDamagedError(
        f"{path}, line {number}: {_explained(error)}. Delete the folder of this crawl and run it again."
    )


def _explained(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "line"
    return f"{where}: {first['msg']}"
