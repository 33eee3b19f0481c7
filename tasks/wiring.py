"""From settings to parts: the one place where paths are laid out and parts are built."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from recognition.encoders import EncoderSpec, encoder_fingerprint
from recognition.isolation.protocol import IsolationSpec
from tasks.settings import Settings
from warehouse.connection import Warehouse
from warehouse.vectors import VectorStore


@dataclass(frozen=True)
class Paths:
    """Where everything lies under the store."""

    store: Path

    @property
    def database(self) -> Path:
        """The one-writer database."""
        return self.store / "warehouse.duckdb"

    @property
    def images(self) -> Path:
        """Content-addressed photos, and what people are shown of them."""
        return self.store / "images"

    @property
    def feeds(self) -> Path:
        """What the crawls wrote down."""
        return self.store / "feeds"

    @property
    def vectors(self) -> Path:
        """Parquet shards, a folder per encoder."""
        return self.store / "vectors"

    @property
    def isolation(self) -> Path:
        """Foreground heads that a bake-off taught."""
        return self.store / "isolation"

    @property
    def releases(self) -> Path:
        """Immutable bundles and the pointer."""
        return self.store / "releases"

    @property
    def snapshot(self) -> Path:
        """What the data team reads."""
        return self.store / "snapshot"

    @property
    def reports(self) -> Path:
        """Pictures and cards, a folder per run label."""
        return self.store / "reports"

    @property
    def label_studio(self) -> Path:
        """Data of the local Label Studio."""
        return self.store / "label-studio"

    @property
    def locks(self) -> Path:
        """Locks that the kernel drops with their process."""
        return self.store / "locks"


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
