"""The pointer to the current release: one small file, replaced atomically.

It names the release and the SHA-256 of its manifest, which names the SHA-256 of every file: one flipped byte anywhere
in the chain and the bundle is refused.
"""

import json
from pathlib import Path

from recognition.errors import NoReleaseError, ReleaseDamagedError
from recognition.files import sha256_of, write_durably
from recognition.release.bundle import MANIFEST, Bundle, open_bundle

POINTER = "current"


def publish(root: Path, release_id: str) -> None:
    """Make a complete bundle of `root` the current release."""
    manifest = root / release_id / MANIFEST
    pointer = {"release_id": release_id, "manifest_sha256": sha256_of(manifest)}
    write_durably(root / POINTER, json.dumps(pointer).encode())


def current_release_id(root: Path) -> str | None:
    """Id of the current release, or None before the first one.

    Raises:
        ReleaseDamagedError: the pointer is unreadable.
    """
    pointer = _read_pointer(root)
    return None if pointer is None else pointer["release_id"]


def open_current(root: Path) -> Bundle:
    """The current release, verified.

    Raises:
        NoReleaseError: nothing has been published yet.
        ReleaseDamagedError: a file of it is missing or altered.
    """
    pointer = _read_pointer(root)
    if pointer is None:
        raise NoReleaseError(f"no release has been published in {root} yet. Run `skuloop cycle`.")
    return open_bundle(root / pointer["release_id"], pointer["manifest_sha256"])


def _read_pointer(root: Path) -> dict[str, str] | None:
    path = root / POINTER
    if not path.exists():
        return None
    try:
        pointer = json.loads(path.read_bytes())
        return {"release_id": str(pointer["release_id"]), "manifest_sha256": str(pointer["manifest_sha256"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseDamagedError(f"{path} is unreadable: {error}. The next night or cycle writes it anew.") from error
