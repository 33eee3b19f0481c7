"""The object store that several machines share: any folder or bucket that fsspec knows, by its URL.

An object is whole or absent: buckets put them in one step, and in folders they are moved into place.
"""

import os
import uuid
from pathlib import Path
from typing import Any

import fsspec

from warehouse.errors import ObjectStoreError


class ObjectStore:
    """Objects below one URL, like ``s3://bucket/skuloop`` or ``file:///mnt/skuloop``; names are relative to it.

    Credentials and endpoints are those of the environment, as each protocol reads them (AWS_ENDPOINT_URL, ...).

    Raises:
        ObjectStoreError: The protocol is not known or its package not installed; later, whatever the store refuses.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._system, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise ObjectStoreError(f"{url} cannot be opened: {error}") from error
        self._root = root.rstrip("/")
        self._is_folder = "file" in _protocols(self._system)

    def names(self, folder: str) -> set[str]:
        """The names of all objects below a folder."""
        try:
            found = self._system.find(f"{self._root}/{folder}")
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise self._refused(folder, error) from error
        return {path.removeprefix(f"{self._root}/") for path in found if not path.endswith(_UNFINISHED)}

    def exists(self, name: str) -> bool:
        """Whether there is such an object."""
        try:
            return bool(self._system.exists(f"{self._root}/{name}"))
        except OSError as error:
            raise self._refused(name, error) from error

    def write(self, name: str, data: bytes) -> None:
        """Put an object, or replace it."""
        path = f"{self._root}/{name}"
        target = f"{path}.{uuid.uuid4().hex}{_UNFINISHED}" if self._is_folder else path
        try:
            if self._is_folder:
                self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(target, data)
            if self._is_folder:
                os.replace(target, path)  # noqa: PTH105 - a path of fsspec
        except OSError as error:
            raise self._refused(name, error) from error

    def put(self, name: str, file: Path) -> None:
        """Put a file."""
        self.write(name, file.read_bytes())

    def read(self, name: str) -> bytes:
        """The bytes of an object."""
        try:
            return bytes(self._system.cat_file(f"{self._root}/{name}"))
        except OSError as error:
            raise self._refused(name, error) from error

    def _refused(self, name: str, error: Exception) -> ObjectStoreError:
        return ObjectStoreError(f"{self.url}: {name}: {str(error) or type(error).__name__}")


_UNFINISHED = ".unfinished"


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)
