"""Where everything lies: known without opening any of it."""

from dataclasses import dataclass
from pathlib import Path


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
    def hint_secret(self) -> Path:
        """What Label Studio shows to whoever takes its hints; readable by this user alone."""
        return self.store / "hint-secret"

    @property
    def locks(self) -> Path:
        """Locks that the kernel drops with their process."""
        return self.store / "locks"
