"""API keys: shown once when they are made, kept as hashes, compared in constant time.

A key is 256 random bits, so a plain SHA-256 of it cannot be searched back: slow hashes are for what people remember.
"""

import hashlib
import hmac
import json
import logging
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from recognition.files import replaced
from serving.errors import KeysError

PREFIX = "skuloop_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is kept of a key."""

    name: str
    sha256: str
    created_at: str


def add_key(path: Path, name: str) -> str:
    """Make a key and return it: nobody can ever read it again.

    Raises:
        KeysError: the name is taken or not valid, or the file is damaged.
    """
    if not _NAME.fullmatch(name):
        raise KeysError(f"{name!r} cannot name a key: up to 64 letters, digits, '.', '_' and '-', a letter first.")
    stored = read_keys(path)
    if any(key.name == name for key in stored):
        raise KeysError(f"there is a key {name!r} already: remove it first, or choose another name.")
    key = PREFIX + secrets.token_urlsafe(32)
    _write(path, [*stored, StoredKey(name, _hash(key), datetime.now(UTC).isoformat(timespec="seconds"))])
    return key


def remove_key(path: Path, name: str) -> None:
    """Take a key away; running servers refuse it within seconds.

    Raises:
        KeysError: there is none of that name, or the file is damaged.
    """
    stored = read_keys(path)
    kept = [key for key in stored if key.name != name]
    if len(kept) == len(stored):
        raise KeysError(f"there is no key {name!r}; `skuloop keys list` tells their names.")
    _write(path, kept)


def read_keys(path: Path) -> tuple[StoredKey, ...]:
    """All keys of a file; none where there is no file yet.

    Raises:
        KeysError: the file is damaged.
    """
    try:
        return tuple(StoredKey(**key) for key in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        raise KeysError(f"the keys in {path} cannot be read: {error}. Remove the file and make new keys.") from error


class KeyRing:
    """The keys of a file, read again whenever it changes."""

    def __init__(self, path: Path) -> None:
        """Read them.

        Raises:
            KeysError: the file is damaged.
        """
        self._path, self._signature = path, _signature(path)
        self._keys = read_keys(path)

    def __len__(self) -> int:
        return len(self._keys)

    def refresh(self) -> None:
        """Read the file again if it has changed; a damaged one lets nobody in until it is mended."""
        signature = _signature(self._path)
        if signature == self._signature:
            return
        self._signature = signature
        try:
            self._keys = read_keys(self._path)
        except KeysError as error:
            self._keys = ()
            _log.error("%s Nobody is let in meanwhile.", error)

    def holder(self, key: str) -> str | None:
        """Name of the holder of a key; None for a wrong one. Takes as long for a right as for a wrong one."""
        digest, found = _hash(key), None
        for stored in self._keys:
            if hmac.compare_digest(stored.sha256, digest):
                found = stored.name
        return found


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _write(path: Path, keys: list[StoredKey]) -> None:
    with replaced(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps([asdict(key) for key in keys], indent=1) + "\n", encoding="utf-8")
