"""Photos of a folder on this machine, into the same feed as a shop: labelled class folders, or a camera's inbox."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recognition.errors import UnreadablePictureError
from recognition.pictures.reading import PictureLimits
from recognition.vocabulary import FetchReason
from spiders.cleaning import safe_sku
from spiders.feed import FeedWriter
from spiders.images import ImageStore
from spiders.items import PhotoItem, failure
from spiders.sources import FolderSource, InboxSource

# What cameras, phones and file managers leave between the photos; it is no failure that these are no pictures.
_NOT_PHOTOS = frozenset({".txt", ".md", ".json", ".csv", ".xml", ".db", ".ini", ".log", ".mp4", ".mov", ".thm", ".aae"})


@dataclass(frozen=True, slots=True)
class _FoundPhoto:
    path: Path
    origin: str
    sku: str | None


def collect_photos(
    source: FolderSource | InboxSource, store: ImageStore, writer: FeedWriter, on_progress: Callable[[], None]
) -> bool:
    """Read every photo of the source into the store and the feed; False where the folder itself cannot be read.

    Links are not followed (one could point anywhere on this machine); hidden files are left alone. Photos that an
    earlier, killed attempt has in the feed are not read again.
    """
    if not _is_readable(source.path):
        detail = "there is no folder here that can be read: check the path of this source and its permissions"
        writer.failure(failure(source.name, str(source.path), FetchReason.UNREADABLE_FILE, detail))
        return False
    for photo in _photos(source):
        if photo.origin not in writer.done:
            _take(source.name, photo, store, writer)
            on_progress()
    return True


def listing_digest(source: FolderSource | InboxSource) -> str:
    """Hex digest of names, sizes and times of the photos: the same digest, the same photos. No photo is read.

    A folder that cannot be read has the digest of an empty one.
    """
    digest = hashlib.sha256()
    for photo in _photos(source):
        found = photo.path.stat()
        digest.update(f"{photo.origin}|{found.st_size}|{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _is_readable(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.R_OK | os.X_OK)


def _photos(source: FolderSource | InboxSource) -> Iterator[_FoundPhoto]:
    for folder, names, files in os.walk(source.path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            if not (name.startswith(".") or path.is_symlink() or path.suffix.lower() in _NOT_PHOTOS):
                relative = path.relative_to(source.path)
                labelled = source.kind == "folder" and len(relative.parts) > 1
                sku = safe_sku(relative.parts[0]) if labelled else None
                yield _FoundPhoto(path, relative.as_posix(), sku)


def _take(source: str, photo: _FoundPhoto, store: ImageStore, writer: FeedWriter) -> None:
    try:
        data = _read(photo.path, store.limits)
        image = store.add(data, photo.path.absolute().as_uri())
    except (UnreadablePictureError, OSError) as error:
        writer.failure(failure(source, photo.origin, FetchReason.UNREADABLE_FILE, str(error)))
        return
    now = datetime.now(UTC)
    writer.photo(PhotoItem(source=source, image=image, origin=photo.origin, sku=photo.sku, seen_at=now))


def _read(path: Path, limits: PictureLimits) -> bytes:
    with path.open("rb") as stream:
        return stream.read(limits.max_bytes + 1)  # one byte more than allowed: the store then says it is too large
