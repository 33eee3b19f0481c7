"""What a source said the last time: pages and images by address, with the validators of their servers (RFC 9110, 8.8).

A cache across nights: a lost file costs one night of downloads. What pages said is forgotten when the code that reads
pages has changed, because it might read them otherwise now.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter

from spiders.items import ImageRef
from spiders.pages import PageProduct
from spiders.reader import Problem, Target

_FORGET_DISTRUST_DAYS = 30
_SCHEMA = """
CREATE TABLE IF NOT EXISTS memory.page (
    url TEXT PRIMARY KEY, etag TEXT, modified TEXT, changed TEXT, digest TEXT NOT NULL, holds TEXT NOT NULL,
    checked_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS memory.image (
    url TEXT PRIMARY KEY, etag TEXT, modified TEXT, sha256 TEXT NOT NULL, path TEXT NOT NULL, bytes INTEGER NOT NULL,
    format TEXT NOT NULL, checked_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS memory.note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask later whether something has changed."""

    etag: str | None = None
    modified: str | None = None

    @property
    def conditions(self) -> Mapping[str, str]:
        """Headers that ask for a thing only if it has changed; empty where the server gave no validator."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return MappingProxyType({name: value for name, value in headers.items() if value})


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a page holds. `links` is None where nobody wanted to know where it leads."""

    products: tuple[PageProduct, ...] = ()
    problems: tuple[Problem, ...] = ()
    links: tuple[Target, ...] | None = None


@dataclass(frozen=True, slots=True)
class RememberedPage:
    """A page as it was; `changed` is what the sitemap said of it, `digest` names its body."""

    url: str
    validators: Validators
    changed: str | None
    digest: str
    holds: Holdings


@dataclass(frozen=True, slots=True)
class RememberedImage:
    """An image as it was, and when its server was asked last (seconds since 1970)."""

    image: ImageRef
    validators: Validators
    checked_at: float


_HOLDINGS: TypeAdapter[Holdings] = TypeAdapter(Holdings)


class SourceMemory:
    """One source's memory, in the schema `memory` of a crawl's database. Pages are committed with the frontier."""

    def __init__(self, database: sqlite3.Connection, reading: str) -> None:
        """Open the memory; `reading` names how pages are read now (see `reading_of`)."""
        self._database = database
        database.executescript(_SCHEMA)
        if self._note("reading") != reading:
            self._database.execute("DELETE FROM memory.page")
            self._database.execute("INSERT OR REPLACE INTO memory.note VALUES ('reading', ?)", (reading,))
        lied = self._note("sitemap_lied_at")
        self.trusts_sitemap = lied is None or _now() - float(lied) > _FORGET_DISTRUST_DAYS * 86400

    def page(self, url: str) -> RememberedPage | None:
        """What a page said the last time it was read."""
        row = self._database.execute(
            "SELECT etag, modified, changed, digest, holds FROM memory.page WHERE url = ?", (url,)
        ).fetchone()
        if row is None:
            return None
        return RememberedPage(url, Validators(row[0], row[1]), row[2], row[3], _HOLDINGS.validate_json(row[4]))

    def keep_page(self, page: RememberedPage) -> None:
        """Remember a page as it is now."""
        holds = _HOLDINGS.dump_json(page.holds).decode()
        row = (page.url, page.validators.etag, page.validators.modified, page.changed, page.digest, holds, _now())
        self._database.execute("INSERT OR REPLACE INTO memory.page VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def confirm_page(self, url: str, changed: str | None) -> None:
        """A page was asked for, and is as it was."""
        self._database.execute(
            "UPDATE memory.page SET checked_at = ?, changed = ? WHERE url = ?", (_now(), changed, url)
        )

    def same_by_sitemap(self, targets: Iterable[Target], sample: int) -> set[str]:
        """The pages of which the sitemap says that nothing has changed, but for the `sample` longest unseen ones.

        None at all where the sitemap was caught saying so of a page that had changed.
        """
        if not self.trusts_sitemap:
            return set()
        rows = self._database.execute(
            "SELECT url, changed, checked_at FROM memory.page WHERE changed IS NOT NULL"
        ).fetchall()
        known = {url: (changed, checked) for url, changed, checked in rows}
        same = [target.url for target in targets if known.get(target.url, ("", 0))[0] == target.changed]
        same.sort(key=lambda url: float(known[url][1]))
        return set(same[sample:])

    def distrust_sitemap(self) -> None:
        """Its word on what has changed is not taken for some weeks."""
        self.trusts_sitemap = False
        self._database.execute("INSERT OR REPLACE INTO memory.note VALUES ('sitemap_lied_at', ?)", (str(_now()),))

    def image(self, url: str) -> RememberedImage | None:
        """What an image was the last time it was asked for."""
        row = self._database.execute(
            "SELECT etag, modified, sha256, path, bytes, format, checked_at FROM memory.image WHERE url = ?", (url,)
        ).fetchone()
        if row is None:
            return None
        image = ImageRef(url=url, sha256=row[2], path=row[3], bytes=row[4], format=row[5])
        return RememberedImage(image, Validators(row[0], row[1]), row[6])

    def keep_image(self, image: ImageRef, validators: Validators) -> None:
        """Remember an image as it is now, at once: it costs a hundred times as much to ask for it again."""
        row = (image.url, validators.etag, validators.modified, image.sha256, image.path, image.bytes, image.format)
        self._database.execute("INSERT OR REPLACE INTO memory.image VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, _now()))
        self._database.commit()

    def _note(self, name: str) -> str | None:
        found = self._database.execute("SELECT value FROM memory.note WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])


def reading_of(settings: str) -> str:
    """A name for how pages are read now: the code of this package, and the settings that it reads them by."""
    digest = hashlib.sha256(settings.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _now() -> float:
    return datetime.now(UTC).timestamp()
