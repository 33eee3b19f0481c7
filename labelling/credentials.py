"""The one user of the local Label Studio: made once, kept in a file that only this user can read."""

import json
import os
import secrets
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


def _create(path: Path) -> None:
    made = {"username": _USERNAME, "password": secrets.token_urlsafe(12), "token": secrets.token_hex(20)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(made, stream)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
