"""The content-addressed image store: original bytes under their SHA-256, checked, written atomically."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from recognition.files import write_durably
from recognition.pictures.reading import FORMAT_SUFFIXES, PictureLimits, check_picture
from spiders.items import ImageRef

CATALOGUE_LIMITS = PictureLimits(max_bytes=10 * 1024 * 1024, min_side=64)
"""Below 64 pixels a shop's picture is an icon, not a product; above 10 MiB it is not made for a shop."""


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
        picture_format = check_picture(data, self.limits)
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{sha256[:2]}/{sha256}{FORMAT_SUFFIXES[picture_format]}"
        reference = ImageRef(url=url, sha256=sha256, path=path, bytes=len(data), format=picture_format)
        if not self.holds(reference):
            write_durably(self.root / path, data)
        return reference

    def holds(self, reference: ImageRef) -> bool:
        """Whether the file is there at its full size (a store copied by hand may lack some)."""
        try:
            return (self.root / reference.path).stat().st_size == reference.bytes
        except FileNotFoundError:
            return False
