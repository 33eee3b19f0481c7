"""The reference pictures of a release: what a product looks like, small, for the person who reads an answer.

Two files: the JPEGs one after the other, and a table that says for each SKU which of them are its own. Both are
memory-mapped, so that a release of 150,000 products opens at once. A picture is drawn once: the next release takes it
over from the release before it, known by the SHA-256 of the photo that it was drawn from.
"""

import logging
import mmap
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from recognition.errors import UnreadablePictureError
from recognition.files import replaced, write_durably
from recognition.pictures.reading import read_picture
from recognition.release.sorted_lines import SortedLines, dump_sorted_lines

PICTURES = "references.bin"
TABLE = "references.jsonl"
_LONGEST_SIDE = 256  # pixels
_QUALITY = 80
_ARTISTS = 4  # threads: decoding and encoding leave Python's lock
_AT_ONCE = 1024  # pictures held in memory
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReferencePolicy:
    """How many pictures a release carries.

    Attributes:
        pictures: of each product, at most.
        most_mib: of all of them. Every product gets its first picture before any gets a second.
    """

    pictures: int = 3
    most_mib: int = 2048


@dataclass(frozen=True, slots=True)
class ReferencePhoto:
    """A photo that shows a product; `sha256` is that of the file at `path`."""

    sha256: str
    path: Path


class References:
    """The reference pictures of an opened release."""

    def __init__(self, pictures: bytes | mmap.mmap, table: bytes | mmap.mmap) -> None:
        """The bytes of the two files, verified."""
        self._pictures, self._table = pictures, SortedLines(table, "sku")

    def of(self, sku: str) -> tuple[bytes, ...]:
        """The JPEGs of a SKU, the best first; none where the release has none of it."""
        row = self._table.find(sku)
        return tuple(self._pictures[start : start + size] for _, start, size in row["pictures"]) if row else ()

    def count(self, sku: str) -> int:
        """How many pictures of a SKU there are."""
        row = self._table.find(sku)
        return len(row["pictures"]) if row else 0

    def of_photos(self) -> "DrawnPictures":
        """The same pictures by the photo that each was drawn from."""
        places = {sha256: (start, size) for row in self._table for sha256, start, size in row["pictures"]}
        return DrawnPictures(self._pictures, places)


@dataclass(frozen=True)
class DrawnPictures:
    """Pictures that need not be drawn again: by SHA-256 of the photo, where they stand in `pictures`."""

    pictures: bytes | mmap.mmap
    places: Mapping[str, tuple[int, int]]

    def of(self, photo: ReferencePhoto) -> bytes | None:
        """The JPEG of a photo, drawn now if it never was; None where it cannot be read."""
        start, size = self.places.get(photo.sha256, (0, 0))
        return self.pictures[start : start + size] if size else _draw(photo.path)


def draw_references(
    folder: Path,
    photos: Mapping[str, Sequence[ReferencePhoto]],
    before: References | None = None,
    policy: ReferencePolicy = ReferencePolicy(),
) -> None:
    """Write the reference pictures of a release into its folder.

    Args:
        folder: of the bundle.
        photos: of each SKU, the best first. One that cannot be read is left out.
        before: the pictures of the release before, taken over where the photo is the same.
        policy: how many.
    """
    drawn = before.of_photos() if before else DrawnPictures(b"", {})
    found: dict[str, list[tuple[str, int, int]]] = {}
    end, most = 0, policy.most_mib * 2**20
    with replaced(folder / PICTURES) as temporary, temporary.open("wb") as file:
        for sku, photo, jpeg in _pictures(_in_rounds(photos, policy.pictures), drawn):
            if end + len(jpeg) > most:
                _log.warning("%d products have all reference pictures that references.most_mib allows", len(found))
                break
            file.write(jpeg)
            found.setdefault(sku, []).append((photo.sha256, end, len(jpeg)))
            end += len(jpeg)
    rows = ({"sku": sku, "pictures": places} for sku, places in found.items())
    write_durably(folder / TABLE, dump_sorted_lines(rows, "sku"))


def no_references(folder: Path) -> None:
    """Write the files of a release that shows no pictures."""
    draw_references(folder, {})


def keep_references(folder: Path, before: Path) -> None:
    """Give a bundle the reference pictures of the one before it: the same files, under a second name where that goes.

    Bundles never change, so two of them may share a file, and a release that only brings new prices costs no pictures.
    """
    for name in (PICTURES, TABLE):
        try:
            os.link(before / name, folder / name)
        except OSError:  # another file system, or one without links
            shutil.copyfile(before / name, folder / name)


def _in_rounds(photos: Mapping[str, Sequence[ReferencePhoto]], rounds: int) -> list[tuple[str, ReferencePhoto]]:
    """The best photo of every SKU, then the second of each that has one, and so on."""
    ordered = sorted(photos.items())
    return [(sku, of_sku[place]) for place in range(rounds) for sku, of_sku in ordered if place < len(of_sku)]


def _pictures(
    wanted: Sequence[tuple[str, ReferencePhoto]], drawn: DrawnPictures
) -> Iterator[tuple[str, ReferencePhoto, bytes]]:
    with ThreadPoolExecutor(_ARTISTS) as artists:
        for at in range(0, len(wanted), _AT_ONCE):
            some = wanted[at : at + _AT_ONCE]
            for (sku, photo), jpeg in zip(some, artists.map(drawn.of, [photo for _, photo in some]), strict=True):
                if jpeg is not None:
                    yield sku, photo, jpeg


def _draw(path: Path) -> bytes | None:
    """A small JPEG of a photo, upright and without metadata; None where it cannot be read."""
    try:
        picture = read_picture(path, about=_LONGEST_SIDE)
    except UnreadablePictureError:
        return None
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), reducing_gap=3)
    file = BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
