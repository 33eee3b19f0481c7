"""From settings to parts: the one place where paths are laid out and parts are built."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from recognition.encoders import EncoderSpec, encoder_fingerprint
from recognition.encoders.device import found_device
from recognition.isolation.protocol import IsolationSpec
from tasks.paths import Paths
from tasks.settings import Settings
from warehouse.connection import Warehouse
from warehouse.vectors import VectorStore


@dataclass(frozen=True)
class Parts:
    """The parts of one installation. Holds paths and settings only, so it may travel to another process."""

    settings: Settings

    @property
    def paths(self) -> Paths:
        """The layout of the store."""
        return Paths(self.settings.resolve(self.settings.store))

    @property
    def warehouse(self) -> Warehouse:
        """The database."""
        return Warehouse(self.paths.database)

    @property
    def vectors(self) -> VectorStore:
        """The vector store."""
        return VectorStore(self.paths.vectors)

    @property
    def encoder(self) -> EncoderSpec:
        """The configured encoder."""
        chosen, isolation = self.settings.encoder, self.settings.encoder.isolation
        return EncoderSpec(
            name=chosen.name,
            weights=self._resolved(chosen.weights),
            device=found_device(chosen.device),
            image_size=chosen.image_size,
            isolation=IsolationSpec(
                isolation.method, self._resolved(isolation.weights), second_pass=isolation.second_pass
            ),
            colour=chosen.colour,
        )

    @cached_property
    def fingerprint(self) -> str:
        """Of the configured encoder; hashes its weights once."""
        return encoder_fingerprint(self.encoder)

    def _resolved(self, path: Path | None) -> Path | None:
        return None if path is None else self.settings.resolve(path)


def build_parts(settings: Settings) -> Parts:
    """The parts, with the database brought to its present schema."""
    parts = Parts(settings)
    parts.paths.store.mkdir(parents=True, exist_ok=True)
    parts.warehouse.migrate()
    return parts


def today(settings: Settings) -> str:
    """The date of the night or cycle that starts now, in the configured time zone."""
    return datetime.now(UTC).astimezone(settings.zone).date().isoformat()
