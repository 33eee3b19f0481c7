"""Files of a folder on this machine or in a bucket (any storage of fsspec), read alike."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from spiders.errors import StorageError

_COPY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file by its path relative to the root; `version` is another one when its content is."""

    origin: str
    version: str

    @property
    def suffix(self) -> str:
        """The ending of its name, in lower case."""
        return os.path.splitext(self.origin)[1].lower()  # noqa: PTH122 - it may be a path of a bucket


class Files(Protocol):
    """A root with files below it. Hidden ones and links are left out."""

    def check(self) -> None:
        """Raise StorageError where the root is not there or cannot be listed."""
        ...

    def walk(self) -> Iterator[FoundFile]:
        """Every file, sorted by folder and name."""
        ...

    def read(self, file: FoundFile, most: int) -> bytes:
        """At most so many bytes of a file. Raises OSError."""
        ...

    def on_disk(self, file: FoundFile, most: int) -> AbstractContextManager[Path]:
        """The file as one on this machine, for as long as it is needed. Raises OSError."""
        ...

    def address(self, file: FoundFile) -> str:
        """Where it is, for people."""
        ...


class LocalFiles:
    """A folder on this machine. Links are not followed: one could point anywhere."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self) -> None:
        """Raise StorageError where the folder is not there or cannot be listed."""
        if not (self._root.is_dir() and os.access(self._root, os.R_OK | os.X_OK)):
            raise StorageError(
                "there is no folder here that can be read: check the path of this source and its permissions"
            )

    def walk(self) -> Iterator[FoundFile]:
        """Every file, sorted by folder and name."""
        for folder, names, files in os.walk(self._root):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(files):
                path = Path(folder) / name
                if not name.startswith(".") and not path.is_symlink():
                    yield FoundFile(path.relative_to(self._root).as_posix(), _version(path))

    def find(self, origin: str) -> FoundFile:
        """One file by its path.

        Raises:
            OSError: it is not there, is a link, or lies outside the folder.
        """
        path = self._root / origin
        if path.is_symlink() or not path.resolve().is_relative_to(self._root.resolve()):
            raise PermissionError(f"{origin} is a link or lies outside of {self._root}: it is not read")
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {origin} in {self._root}")
        return FoundFile(path.resolve().relative_to(self._root.resolve()).as_posix(), _version(path))

    def read(self, file: FoundFile, most: int) -> bytes:
        """At most so many bytes."""
        with (self._root / file.origin).open("rb") as stream:
            return stream.read(most)

    def on_disk(self, file: FoundFile, most: int) -> AbstractContextManager[Path]:  # noqa: ARG002 - it is there already
        """The file itself."""
        return nullcontext(self._root / file.origin)

    def address(self, file: FoundFile) -> str:
        """Its address."""
        return (self._root / file.origin).absolute().as_uri()


class BucketFiles:
    """A folder of a bucket."""

    def __init__(self, url: str) -> None:
        import fsspec  # takes a while, and folders of this machine do not need it

        self._url = url.rstrip("/")
        try:
            self._system, root = fsspec.core.url_to_fs(self._url)
        except ImportError as error:
            raise StorageError(f"{url} needs one more package: {error}") from error
        except Exception as error:
            raise StorageError(f"{url} cannot be opened: {_short(error)}") from error
        self._root = str(root).rstrip("/")

    def check(self) -> None:
        """Raise StorageError where it is not there, or may not be listed."""
        try:
            found = self._system.exists(self._root)
        except Exception as error:
            raise StorageError(f"{self._url} cannot be opened: {_short(error)}") from error
        if not found:
            raise StorageError(f"there is nothing at {self._url}: check its name, and that you may list it")

    def walk(self) -> Iterator[FoundFile]:
        """Every file, sorted by path."""
        try:
            details: dict[str, dict[str, Any]] = self._system.find(self._root, detail=True)
        except Exception as error:
            raise StorageError(f"{self._url} cannot be listed: {_short(error)}") from error
        for path in sorted(details):
            origin = path[len(self._root) :].lstrip("/")
            if not any(part.startswith(".") for part in origin.split("/")) and not details[path].get("islink"):
                yield FoundFile(origin, _version_told(details[path]))

    def read(self, file: FoundFile, most: int) -> bytes:
        """At most so many bytes."""
        with self._opened(file) as stream:
            return bytes(stream.read(most))

    @contextmanager
    def on_disk(self, file: FoundFile, most: int) -> Iterator[Path]:
        """A copy, which is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="skuloop-") as folder:
            path = Path(folder) / f"file{file.suffix}"
            with self._opened(file) as stream, path.open("wb") as copy:
                left = most + 1  # one byte more than allowed: whoever reads it then says that it is too large
                while left > 0 and (data := stream.read(min(_COPY, left))):
                    copy.write(data)
                    left -= len(data)
            yield path

    def address(self, file: FoundFile) -> str:
        """Its address."""
        return f"{self._url}/{file.origin}"

    @contextmanager
    def _opened(self, file: FoundFile) -> Iterator[Any]:
        try:
            stream = self._system.open(f"{self._root}/{file.origin}", "rb")
        except OSError:
            raise
        except Exception as error:
            raise OSError(_short(error)) from error
        with stream:
            yield stream


def _version(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size}|{found.st_mtime_ns}"


def _version_told(details: dict[str, Any]) -> str:
    """What a storage says of a file's content: its tag where it has one, else size and time."""
    keys = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "last_modified", "mtime", "created", "updated")
    return "|".join([str(details.get("size")), *(str(details[key]) for key in keys if details.get(key))])


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
