"""How much a stage is going to write, as far as that can be told before it begins. Estimates err on the high side."""

from pathlib import Path

from recognition.errors import ReleaseDamagedError
from recognition.release.pointer import current_release_id
from tasks.wiring import Parts
from warehouse.snapshot import DATABASE_NAME
from warehouse.visits import most_bytes

_VECTOR = 8 * 1024  # bytes of the widest encoder's 2,048 numbers
_PICTURE = 10 * 1024  # of a reference picture
_PLOTS_AND_MAP = 32 * 1024**2  # of a release and its reports
_FIRST_CRAWL = 64 * 1024**2  # nobody knows yet; a shop of a thousand products is about this


def of_crawl(parts: Parts, source: str) -> int:
    """The most that one of the last crawls of a shop received; a first one is guessed."""
    with parts.warehouse.read() as db:
        known = most_bytes(db, source)
    return _FIRST_CRAWL if known is None else known


def of_vectors(photos: int) -> int:
    """Vectors of so many photos."""
    return photos * _VECTOR


def of_release(parts: Parts, products: int) -> int:
    """A bundle as large as the current one, or one of so many products, beside its reports."""
    root, policy = parts.paths.releases, parts.settings.references
    pictures = min(products * policy.pictures * _PICTURE, policy.most_mib * 1024**2)
    try:
        current = current_release_id(root)
    except ReleaseDamagedError:  # the run that asks is the one that heals it
        current = None
    return max(pictures, _size(root / current) if current else 0) + _PLOTS_AND_MAP


def of_snapshot(parts: Parts) -> int:
    """The copy of the database and its Parquet files, while those before them are still there."""
    database, published = parts.paths.database, parts.paths.snapshot
    copy = (published / DATABASE_NAME).stat().st_size if (published / DATABASE_NAME).exists() else 0
    return max(database.stat().st_size, copy) + _size(published / "parquet")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
