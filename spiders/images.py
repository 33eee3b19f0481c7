"""The content-addressed image store: original bytes under their SHA-256, checked, written atomically."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

from recognition.files import write_durably
from recognition.pictures.reading import FORMAT_SUFFIXES, PictureLimits, identify_format, read_picture
from spiders.disk import whole_lines
from spiders.items import ImageRef

CATALOGUE_LIMITS = PictureLimits(min_side=64)
"""Below 64 pixels a shop's picture is an icon, not a product."""


@dataclass(frozen=True, slots=True)
class ImageStore:
    """Originals under `root/ab/<sha256>.<suffix>`; the suffix follows what the bytes are, not what a server said."""

    root: Path
    limits: PictureLimits = CATALOGUE_LIMITS

    def add(self, data: bytes, url: str) -> ImageRef:
        """Store a picture and return its reference; the same bytes are stored once.

        Raises:
            UnreadablePictureError: the bytes are no picture we accept; nothing is stored.
        """
        picture_format = identify_format(data)
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{sha256[:2]}/{sha256}{FORMAT_SUFFIXES[picture_format]}"
        reference = ImageRef(url=url, sha256=sha256, path=path, bytes=len(data), format=picture_format)
        if not self.holds(reference):
            read_picture(data, self.limits)
            write_durably(self.root / path, data)
        return reference

    def holds(self, reference: ImageRef) -> bool:
        """Whether the file is there at its full size (a store copied by hand may lack some)."""
        try:
            return (self.root / reference.path).stat().st_size == reference.bytes
        except FileNotFoundError:
            return False


@dataclass(frozen=True, slots=True)
class RememberedImage:
    """What a source's image was the last time, and the validators its server gave (RFC 9110, 8.8)."""

    image: ImageRef
    etag: str | None
    last_modified: str | None

    @property
    def conditions(self) -> Mapping[str, str]:
        """Headers that ask for the image only if it has changed; empty where the server gave no validator."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return MappingProxyType({name: value for name, value in headers.items() if value})


class ImageMemory:
    """One source's images by URL, across nights: a file of JSON lines where the last line for a URL counts.

    It is a cache: a damaged line is forgotten, a lost file costs one night of downloads.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._known: dict[str, RememberedImage] = {}
        lines = 0
        for line in whole_lines(path):
            lines += 1
            remembered = _parse(line)
            if remembered is not None:
                self._known[remembered.image.url] = remembered
        if lines > 2 * len(self._known):
            write_durably(path, "".join(_line(known) for known in self._known.values()).encode())
        self._stream: IO[str] = path.open("a", encoding="utf-8")

    def recall(self, url: str) -> RememberedImage | None:
        """What is known of this URL."""
        return self._known.get(url)

    def keep(self, remembered: RememberedImage) -> None:
        """Remember an image from now on, also if this crawl is killed."""
        if self._known.get(remembered.image.url) != remembered:
            self._known[remembered.image.url] = remembered
            self._stream.write(_line(remembered))
            self._stream.flush()

    def close(self) -> None:
        """Release the file."""
        self._stream.close()


def _line(remembered: RememberedImage) -> str:
    document = {**asdict(remembered), "image": remembered.image.model_dump(mode="json")}
    return json.dumps(document) + "\n"


def _parse(line: str) -> RememberedImage | None:
    try:
        document = json.loads(line)
        image = ImageRef.model_validate(document["image"])
        return RememberedImage(image, document.get("etag"), document.get("last_modified"))
    except (ValueError, KeyError, TypeError):
        return None
