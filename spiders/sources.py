"""Where products and photos come from: one model for each kind of source that the settings may name."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from spiders.items import SourceName

MAX_DATA_BYTES = 256 * 1024 * 1024
BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "hdfs", "file", "memory"})
"""Schemes of storage that an inbox may be in. The web is not among them: its guard does not stand there."""

PRODUCT_FIELDS = (
    "sku", "title", "image", "price", "currency", "availability", "brand", "gtin", "mpn", "category", "group",
    "variant", "description", "url",
)  # fmt: skip
"""What a row of a table or feed can tell of a product."""

SkuPrefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,32}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def _web_address(url: str) -> str:
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"{url!r} is not a web address: write it with http:// or https://")
    return url


def _bucket(url: str) -> str:
    scheme = url.partition("://")[0].lower()
    if "://" not in url or scheme not in BUCKETS:
        raise ValueError(
            f"{url!r} is not a bucket: write it like s3://bucket/folder; known are {', '.join(sorted(BUCKETS))}"
        )
    return url


def _fits_a_header(contact: str) -> str:
    if not (contact.isascii() and contact.isprintable()):
        raise ValueError("contact goes into the User-Agent header: plain ASCII on one line")
    return contact


WebAddress = Annotated[str, AfterValidator(_web_address)]
BucketUrl = Annotated[str, AfterValidator(_bucket)]


class _SourceModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: SourceName


class WebSource(_SourceModel):
    """What every source has that is asked over the web.

    `download_delay` is in seconds, the floor under which AutoThrottle never goes; `allow_private` lets the crawl reach
    loopback and private networks (a shop inside the company, or the demo), which is refused otherwise.
    """

    max_pages: int = Field(default=5000, ge=1)
    allow_private: bool = False
    contact: Annotated[str, AfterValidator(_fits_a_header)] | None = None
    download_delay: float = Field(default=0.25, ge=0)
    concurrency: int = Field(default=4, ge=1, le=64)
    timeout_seconds: float = Field(default=20, gt=0)
    sku_prefix: SkuPrefix = ""


class _ShopSource(WebSource):
    """A shop with categories, of which some may be chosen, and each be capped."""

    url: WebAddress
    categories: tuple[str, ...] = ()
    per_category: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _a_cap_needs_categories(self) -> Self:
        if self.per_category is not None and not self.categories:
            raise ValueError("per_category caps each of `categories`: name them too")
        return self


class SiteSource(_ShopSource):
    """A shop on the web, read page by page. `url` is where the crawl starts; it stays on that host.

    `categories` are addresses of listing pages: then only what they and their further pages list is read.
    `page_objects` is a Python file, or a folder of them, that overrides fields; see `spiders.page_object`.
    """

    kind: Literal["site"] = "site"
    page_objects: Path | None = None

    @model_validator(mode="after")
    def _categories_are_addresses_here(self) -> Self:
        for category in self.categories:
            _web_address(category)
            if urlsplit(category).hostname != urlsplit(self.url).hostname:
                raise ValueError(f"the category {category!r} is not on the host of {self.url!r}")
        return self


class ShopifySource(_ShopSource):
    """A Shopify shop, read from its products.json. `categories` are handles of collections.

    products.json tells amounts without their currency: `currency` does.
    """

    kind: Literal["shopify"] = "shopify"
    currency: Currency | None = None


class WooCommerceSource(_ShopSource):
    """A WooCommerce shop, read from its Store API. `categories` are slugs of categories."""

    kind: Literal["woocommerce"] = "woocommerce"


class _DataSource(WebSource):
    """One file of many products: at `url`, or on this machine at `path`. `max_bytes` bounds a download."""

    url: WebAddress | None = None
    path: Path | None = None
    max_bytes: int = Field(default=MAX_DATA_BYTES, ge=1)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("write either url or path")
        return self


class FeedSource(_DataSource):
    """A product feed as Google Merchant takes it: RSS or Atom XML, TSV or CSV, packed with gzip or not."""

    kind: Literal["feed"] = "feed"


class TableSource(_DataSource):
    """A table with a row for each product and addresses of its pictures: CSV, TSV or Parquet.

    `columns` says which column holds what ("sku", "image", ...); one that is not named there is guessed by its name.
    """

    kind: Literal["table"] = "table"
    columns: dict[str, str] = {}

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        unknown = sorted(set(self.columns) - set(PRODUCT_FIELDS))
        if unknown:
            raise ValueError(f"columns: there is no field {unknown[0]!r}; there are {', '.join(PRODUCT_FIELDS)}")
        return self


class FolderSource(_SourceModel):
    """Labelled photos: one folder per class, `path/<sku>/<photo>`, or a CSV that names the class of each photo.

    `manifest` is relative to `path`; its columns `photo` (relative to `path` too) and `sku` may have other names.
    """

    kind: Literal["folder"] = "folder"
    path: Path
    manifest: Path | None = None
    photo_column: str = "photo"
    sku_column: str = "sku"


class InboxSource(_SourceModel):
    """Unlabelled camera photos and videos, anywhere under `path` on this machine or `url` in a bucket (fsspec).

    Of a video a frame is taken every `frame_every` seconds, where it differs from the one before by `frame_change`
    (mean difference of grey values, 0 to 1; 0 takes all), at most `frames_per_video`.
    """

    kind: Literal["inbox"] = "inbox"
    path: Path | None = None
    url: BucketUrl | None = None
    frame_every: float = Field(default=1.0, gt=0)
    frame_change: float = Field(default=0.04, ge=0, le=1)
    frames_per_video: int = Field(default=60, ge=1)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("write either path or url")
        return self


WebKind = SiteSource | ShopifySource | WooCommerceSource | FeedSource | TableSource
Source = Annotated[WebKind | FolderSource | InboxSource, Field(discriminator="kind")]
KINDS: tuple[type[_SourceModel], ...] = (
    SiteSource, ShopifySource, WooCommerceSource, FeedSource, TableSource, FolderSource, InboxSource,
)  # fmt: skip
"""Every kind, in the order in which the documents tell of them."""


def with_absolute_path(source: Source, home: Path) -> Source:
    """The source with its paths made absolute: relative ones begin at `home`."""
    told: dict[str, Path | None] = {name: getattr(source, name, None) for name in ("path", "page_objects")}
    found = {name: (home / path.expanduser()).resolve() for name, path in told.items() if path is not None}
    return source.model_copy(update=found) if found else source
