"""What a run decides with: the versions of its parts, and every threshold. Stored once a run, beside its decisions."""

import importlib.metadata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict

from recognition.errors import RecognitionError
from recognition.pictures.quality import QualityPolicy
from recognition.release.pointer import current_release_id
from tasks.wiring import Parts
from warehouse import sql

_PARTS = ("skuloop", "duckdb", "torch", "faiss-cpu")
_LIMITS = ("audit", "catalogue", "review", "promise", "gate", "first_day")


def versions(parts: Parts) -> Mapping[str, str]:
    """Name -> value; a part that is not there has no row."""
    found = {"schema": str(sql.migrations()[-1].number), "encoder": parts.encoder.name}
    for name in _PARTS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    with suppress(RecognitionError, OSError):  # the stage that needs it says so, with the remedy
        found["release"] = current_release_id(parts.paths.releases) or "none"
        found["fingerprint"] = parts.fingerprint
    return found | _limits(parts)


def _limits(parts: Parts) -> dict[str, str]:
    limits = {f"quality.{name}": str(value) for name, value in asdict(QualityPolicy()).items()}
    for section in _LIMITS:
        values = getattr(parts.settings, section).model_dump()
        limits |= {f"{section}.{name}": str(value) for name, value in values.items()}
    return limits
