"""What every crawl has to do with the disk: files that grow line by line, and a disk that is full."""

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path


def whole_lines(path: Path) -> Iterator[str]:
    """The lines of a file that end as they should: what a kill tore off in the middle of a line is left out."""
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from (line for line in lines if line.endswith("\n"))


def is_disk_full(error: BaseException) -> bool:
    """Whether the disk, not the shop, is to blame: then nothing can be written down, and the crawl must end."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
