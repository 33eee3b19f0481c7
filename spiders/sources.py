"""Where products and photos come from: the three kinds of source that the settings may name."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from spiders.items import SourceName

SkuPrefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,32}$")]


class _SourceModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: SourceName


class SiteSource(_SourceModel):
    """A shop on the web. `url` is where the crawl starts; it stays on that host.

    `download_delay` is in seconds, the floor under which AutoThrottle never goes; `allow_private` lets the crawl reach
    loopback and private networks (a shop inside the company, or the demo), which is refused otherwise.
    """

    kind: Literal["site"] = "site"
    url: str
    max_pages: int = Field(default=5000, ge=1)
    allow_private: bool = False
    contact: str | None = None
    download_delay: float = Field(default=0.25, ge=0)
    concurrency: int = Field(default=4, ge=1, le=64)
    timeout_seconds: float = Field(default=20, gt=0)
    sku_prefix: SkuPrefix = ""

    @field_validator("url")
    @classmethod
    def _absolute_web_address(cls, url: str) -> str:
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not a web address: write it with http:// or https://")
        return url

    @field_validator("contact")
    @classmethod
    def _fits_a_header(cls, contact: str | None) -> str | None:
        if contact is not None and not (contact.isascii() and contact.isprintable()):
            raise ValueError("contact goes into the User-Agent header: plain ASCII on one line")
        return contact


class FolderSource(_SourceModel):
    """Labelled photos, one folder per class: `path/<sku>/<photo>`."""

    kind: Literal["folder"] = "folder"
    path: Path


class InboxSource(_SourceModel):
    """Unlabelled camera photos, anywhere under `path`."""

    kind: Literal["inbox"] = "inbox"
    path: Path


Source = Annotated[SiteSource | FolderSource | InboxSource, Field(discriminator="kind")]
