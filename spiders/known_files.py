"""What the files of a folder or a bucket were the last time: one that is as it was is not read again.

A cache across nights, beside the feeds of its source: a lost one costs one night of reading. A file is taken to be what
it was where its storage says that nothing has changed (`FoundFile.version`), as for whether there is anything to crawl.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter

from spiders.database import mend_database
from spiders.files import FoundFile
from spiders.items import ImageRef

_PATIENCE = 60  # seconds: of a killed night the crawl may still be at work
_SCHEMA = "CREATE TABLE IF NOT EXISTS file (origin TEXT PRIMARY KEY, version TEXT NOT NULL, holds TEXT NOT NULL)"


@dataclass(frozen=True, slots=True)
class HeldPhoto:
    """A photo that a file holds: `place` is where in it, empty for a photo, `#t=1.500` for a frame of a video."""

    place: str
    image: ImageRef


_HOLDS: TypeAdapter[tuple[HeldPhoto, ...]] = TypeAdapter(tuple[HeldPhoto, ...])


class KnownFiles:
    """One source's files. What was kept survives `kill -9`; a damaged memory is begun anew."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        mend_database(path)
        self._database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")  # a commit is safe from a kill without an fsync
        self._database.execute(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def photos(self, file: FoundFile, reading: str = "") -> tuple[HeldPhoto, ...] | None:
        """What the file holds, if it is as it was, and was read as `reading` says; None where it has to be read."""
        row = self._database.execute("SELECT version, holds FROM file WHERE origin = ?", (file.origin,)).fetchone()
        if row is None or row[0] != _version(file, reading):
            return None
        return _HOLDS.validate_json(row[1])

    def keep(self, file: FoundFile, photos: Sequence[HeldPhoto], reading: str = "") -> None:
        """Remember all that a file holds; its photos must be stored by now."""
        row = (file.origin, _version(file, reading), _HOLDS.dump_json(tuple(photos)).decode())
        self._database.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", row)


def _version(file: FoundFile, reading: str) -> str:
    return f"{file.version}|{reading}"
