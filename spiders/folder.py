"""Photos of a folder, into the same feed as a shop: classes as folders, or as a CSV names them; or a camera's inbox."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from recognition.errors import UnreadablePictureError
from recognition.pictures.frames import VIDEO_SUFFIXES, Sampling, VideoLimits, read_frames
from recognition.vocabulary import FetchReason
from spiders.cleaning import safe_sku
from spiders.errors import PageUnreadableError, StorageError
from spiders.feed import FeedWriter
from spiders.files import BucketFiles, Files, FoundFile, LocalFiles
from spiders.images import ImageStore
from spiders.items import PhotoItem, failure
from spiders.known_files import HeldPhoto, KnownFiles
from spiders.sources import FolderSource, InboxSource

# What cameras, phones and file managers leave between the photos; it is no failure that these are no pictures.
_NOT_PHOTOS = frozenset({".txt", ".md", ".json", ".csv", ".tsv", ".xml", ".db", ".ini", ".log", ".thm", ".aae", ".lrv"})
_FRAME_QUALITY = 92


@dataclass(frozen=True, slots=True)
class _Photo:
    """A file and the label that its source gives it."""

    file: FoundFile
    sku: str | None


@dataclass(frozen=True, slots=True)
class _Refused:
    """What a manifest names and does not give."""

    origin: str
    detail: str


def collect_photos(
    source: FolderSource | InboxSource,
    store: ImageStore,
    writer: FeedWriter,
    known: KnownFiles,
    on_progress: Callable[[], None],
    most: int | None = None,
) -> bool:
    """Bring every photo of the source into the store and the feed; False where the source itself cannot be read.

    Links are not followed (one could point anywhere on this machine); hidden files are left alone. A file that is as it
    was is not read again, nor are photos that an earlier, killed attempt has in the feed. Of a video in an inbox,
    frames are taken. With `most` photos in the feed it ends: to try a source.
    """
    try:
        files = _files(source)
        files.check()
        for found in _found(source, files):
            if most is not None and writer.photos >= most:
                break
            if isinstance(found, _Refused):
                writer.failure(failure(source.name, found.origin, FetchReason.UNREADABLE_FILE, found.detail))
            elif isinstance(source, InboxSource) and found.file.suffix in VIDEO_SUFFIXES:
                _take_video(source, files, found.file, store, writer, known, on_progress)
            elif found.file.origin not in writer.done:
                _take(source.name, files, found, store, writer, known)
                on_progress()
    except (StorageError, PageUnreadableError) as error:
        where = str((isinstance(source, InboxSource) and source.url) or source.path)
        writer.failure(failure(source.name, where, FetchReason.UNREADABLE_FILE, str(error)))
        return False
    return True


def listing_digest(source: FolderSource | InboxSource) -> str:
    """Hex digest of names, sizes and times of the photos: the same digest, the same photos. No photo is read.

    What the source says of them (labels, how often a frame is taken) counts too. A folder that cannot be read has the
    digest of an empty one.
    """
    digest = hashlib.sha256()
    try:
        for found in _found(source, _files(source)):
            if isinstance(found, _Photo):
                digest.update(f"{found.file.origin}|{found.file.version}|{found.sku}\n".encode())
            if isinstance(found, _Photo) and isinstance(source, InboxSource) and found.file.suffix in VIDEO_SUFFIXES:
                digest.update(f"{_sampling(source)}\n".encode())
    except (StorageError, PageUnreadableError, OSError):
        return hashlib.sha256().hexdigest()
    return digest.hexdigest()


def _files(source: FolderSource | InboxSource) -> Files:
    if isinstance(source, InboxSource) and source.url is not None:
        return BucketFiles(source.url)
    return LocalFiles(source.path or Path())


def _found(source: FolderSource | InboxSource, files: Files) -> Iterator[_Photo | _Refused]:
    if isinstance(source, FolderSource) and source.manifest is not None:
        yield from _listed(source, LocalFiles(source.path))
        return
    for file in files.walk():
        is_video = file.suffix in VIDEO_SUFFIXES
        if file.suffix not in _NOT_PHOTOS and not (is_video and isinstance(source, FolderSource)):
            labelled = isinstance(source, FolderSource) and "/" in file.origin
            yield _Photo(file, safe_sku(file.origin.split("/")[0]) if labelled else None)


def _listed(source: FolderSource, files: LocalFiles) -> Iterator[_Photo | _Refused]:
    """What the manifest names, in its order; a photo without a label is a photo that nobody has named yet."""
    from spiders.kinds.rows import plain_name, rows_of  # pyarrow and lxml, which folders without a manifest do not need
    from spiders.reader import Document, Target

    manifest = source.path / (source.manifest or "")
    photo_column, sku_column = plain_name(source.photo_column), plain_name(source.sku_column)
    if not manifest.is_file():
        raise StorageError(f"there is no manifest {manifest}: its path is relative to the path of this source")
    for place, row in enumerate(
        rows_of(Document(Target(manifest.absolute().as_uri()), b"", None, path=manifest)), start=1
    ):
        if photo_column not in row or sku_column not in row:
            raise StorageError(
                f"the manifest {manifest} has the columns {', '.join(row)}: say with photo_column and sku_column which "
                "of them name the photo and its class"
            )
        photo, sku = "".join(row[photo_column][:1]), "".join(row[sku_column][:1])
        if not photo:
            yield _Refused(f"{manifest.name}, row {place}", "this row names no photo")
            continue
        try:
            yield _Photo(files.find(photo), safe_sku(sku))
        except OSError as error:
            yield _Refused(photo, str(error))


def _take(source: str, files: Files, photo: _Photo, store: ImageStore, writer: FeedWriter, known: KnownFiles) -> None:
    held = _held(files, photo.file, store, known)
    try:
        if held is None:
            # One byte more than allowed: the store then says that it is too large.
            data = files.read(photo.file, store.limits.max_bytes + 1)
            held = (HeldPhoto("", store.add(data, files.address(photo.file))),)
            known.keep(photo.file, held)
    except (UnreadablePictureError, OSError) as error:
        writer.failure(failure(source, photo.file.origin, FetchReason.UNREADABLE_FILE, str(error)))
        return
    for each in held:
        _write(source, photo, each, writer)


def _take_video(
    source: InboxSource,
    files: Files,
    video: FoundFile,
    store: ImageStore,
    writer: FeedWriter,
    known: KnownFiles,
    on_progress: Callable[[], None],
) -> None:
    """Frames are pictures of their own, named by video and second; those before a damaged place are kept."""
    photo, sampling = _Photo(video, None), _sampling(source)
    held = _held(files, video, store, known, sampling)
    try:
        taken = []
        for frame in _frames(source, files, video, store) if held is None else held:
            taken.append(frame)
            if video.origin + frame.place not in writer.done:
                _write(source.name, photo, frame, writer)
                on_progress()
        if held is None:
            known.keep(video, taken, sampling)
    except (UnreadablePictureError, OSError) as error:
        writer.failure(failure(source.name, video.origin, FetchReason.UNREADABLE_FILE, str(error)))


def _frames(source: InboxSource, files: Files, video: FoundFile, store: ImageStore) -> Iterator[HeldPhoto]:
    limits = VideoLimits(max_frames=source.frames_per_video)
    sampling = Sampling(every=source.frame_every, least_change=source.frame_change)
    with files.on_disk(video, limits.max_bytes) as path:
        for frame in read_frames(path, sampling, limits):
            encoded, place = BytesIO(), f"#t={frame.second:.3f}"
            frame.picture.save(encoded, "JPEG", quality=_FRAME_QUALITY)
            yield HeldPhoto(place, store.add(encoded.getvalue(), files.address(video) + place))


def _held(
    files: Files, file: FoundFile, store: ImageStore, known: KnownFiles, reading: str = ""
) -> tuple[HeldPhoto, ...] | None:
    """What is known of a file that is as it was; None where it has to be read."""
    held = known.photos(file, reading)
    if held is None or not all(store.holds(photo.image) for photo in held):
        return None
    address = files.address(file)  # the folder may have another name now
    return tuple(replace(photo, image=photo.image.model_copy(update={"url": address + photo.place})) for photo in held)


def _write(source: str, photo: _Photo, held: HeldPhoto, writer: FeedWriter) -> None:
    origin, now = photo.file.origin + held.place, datetime.now(UTC)
    writer.photo(PhotoItem(source=source, image=held.image, origin=origin, sku=photo.sku, seen_at=now))


def _sampling(source: InboxSource) -> str:
    return f"{source.frame_every}|{source.frame_change}|{source.frames_per_video}"
