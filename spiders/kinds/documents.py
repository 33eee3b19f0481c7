"""What the readers of data share: JSON that may be anything, and bytes that may be packed."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader, BytesIO, RawIOBase
from typing import IO, Any

from spiders.errors import PageUnreadableError
from spiders.reader import Document

MAX_UNPACKED = 2 * 1024**3
"""Bytes that a packed file may unpack to: it is read as a stream, so this bounds time and not memory."""

_GZIP_MAGIC = b"\x1f\x8b"


def json_of(document: Document) -> Any:
    """The JSON of a document.

    Raises:
        PageUnreadableError: it is not JSON.
    """
    try:
        return json.loads(document.body)
    except (ValueError, RecursionError) as error:
        start = document.body[:40].decode("utf-8", "replace")
        raise PageUnreadableError(f"the answer is not JSON; it begins {start!r}") from error


def objects_of(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; whatever else stands there is left out."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from (entry for entry in value if isinstance(entry, Mapping))


def text_at(source: Any, *keys: str) -> str | None:
    """The text or number under these keys, one inside the other; None where there is none."""
    for key in keys:
        source = source.get(key) if isinstance(source, Mapping) else None
    if isinstance(source, bool) or not isinstance(source, str | int | float):
        return None
    return str(source).strip() or None


@contextmanager
def opened(document: Document) -> Iterator[IO[bytes]]:
    """The document's bytes as a stream, unpacked where they are packed with gzip.

    Raises (while it is read):
        PageUnreadableError: it unpacks to more than MAX_UNPACKED bytes, or is damaged.
    """
    raw: IO[bytes] = document.path.open("rb") if document.path else BytesIO(document.body)
    with raw:
        packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        yield BufferedReader(Bounded(gzip.GzipFile(fileobj=raw))) if packed else raw


class Bounded(RawIOBase):
    """A packed stream that ends in an error where it unpacks to too much."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        super().__init__()
        self._stream = stream
        self._left = MAX_UNPACKED

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes, never more than are left."""
        try:
            data = self._stream.read(min(len(buffer), self._left + 1))
        except (OSError, EOFError, zlib.error) as error:
            raise PageUnreadableError(f"the packed file is damaged: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise PageUnreadableError(f"it unpacks to more than {MAX_UNPACKED} bytes")
        buffer[: len(data)] = data
        return len(data)
