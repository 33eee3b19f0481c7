"""The one user of the local Label Studio, and the secret of its hints: made once, kept in files of this user alone."""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from labelling.errors import LabelStudioServerError

_USERNAME = "annotator@skuloop.local"


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a person logs in, and the token of the API."""

    username: str
    password: SecretStr
    token: SecretStr


def credentials(path: Path) -> Credentials:
    """Read the credentials, which are made at the first call.

    Raises:
        LabelStudioServerError: the file is damaged. It is not replaced: the server knows only what it once held.
    """
    if not path.exists():
        _create(path)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(stored["username"], SecretStr(stored["password"]), SecretStr(stored["token"]))
    except (ValueError, KeyError, TypeError) as error:
        raise LabelStudioServerError(
            f"{path} is damaged. Restore it, or move the whole folder {path.parent} away to begin with an empty Label "
            "Studio: skuloop asks its open questions again."
        ) from error


def shared_secret(path: Path) -> SecretStr:
    """Read a secret that two programs of this user share; it is made at the first call.

    Raises:
        LabelStudioServerError: the file holds none.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, secrets.token_urlsafe(32))
    secret = path.read_text(encoding="utf-8").strip()
    if not secret:
        raise LabelStudioServerError(f"{path} is empty. Delete it, and run this again: another secret is made.")
    return SecretStr(secret)


def _create(path: Path) -> None:
    made = {"username": _USERNAME, "password": secrets.token_urlsafe(12), "token": secrets.token_hex(20)}
    _write(path, json.dumps(made))


def _write(path: Path, text: str) -> None:
    """Write a file that only this user can read; one that another process has made meanwhile is left as it is."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()
