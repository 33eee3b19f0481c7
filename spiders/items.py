"""What a crawl writes down: one frozen model per line of a feed. Texts are plain and short by now."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from recognition.vocabulary import FetchReason
from spiders.cleaning import clean_text

DETAIL_LENGTH = 300

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ImagePath = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}/[0-9a-f]{64}\.(jpg|png|webp|gif|avif)$")]


class FeedModel(BaseModel):
    """Frozen and closed: a field that nobody declared is an error, not a surprise for the next room."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageRef(FeedModel):
    """One stored original: where it came from and where its bytes are.

    `path` is relative to the images root (`ab/<sha256>.jpg`), `bytes` its size, `format` what it truly is ("JPEG").
    """

    url: str
    sha256: Sha256
    path: ImagePath
    bytes: int = Field(gt=0)
    format: str


class ProductItem(FeedModel):
    """One product as its shop described it at `seen_at`.

    `price` is in units of `currency` (ISO 4217); `availability` is a schema.org short name such as "InStock". Sizes and
    colours of one product are products of their own with the same `group`; `variant` says which one ("Red / M"). A
    picture belongs to one of them only: two SKUs on one picture would contradict each other.
    `unchanged`: it is what this source said the last time, images included; only `seen_at` is new.
    """

    type: Literal["product"] = "product"
    source: SourceName
    sku: Sku
    title: str = Field(min_length=1)
    brand: str | None = None
    category: str | None = None
    gtin: str | None = None
    mpn: str | None = None
    group: Sku | None = None
    variant: str | None = None
    description: str | None = None
    url: str
    price: Decimal | None = Field(default=None, ge=0)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    availability: str | None = None
    images: tuple[ImageRef, ...] = ()
    seen_at: AwareDatetime
    unchanged: bool = False


class PhotoItem(FeedModel):
    """One photo of a folder; `sku` is the label its folder gives it, None where nobody has said what it shows."""

    type: Literal["photo"] = "photo"
    source: SourceName
    image: ImageRef
    origin: str
    sku: Sku | None = None
    seen_at: AwareDatetime


class FailureRow(FeedModel):
    """Something a source offered that was not taken, and why. `url` is a path where the source is a folder."""

    source: SourceName
    url: str
    reason: FetchReason
    detail: str = Field(default="", max_length=DETAIL_LENGTH)
    at: AwareDatetime


FeedItem = Annotated[ProductItem | PhotoItem, Field(discriminator="type")]
FEED_LINE: TypeAdapter[ProductItem | PhotoItem] = TypeAdapter(FeedItem)
FAILURE_LINE: TypeAdapter[FailureRow] = TypeAdapter(FailureRow)


def failure(source: str, url: str, reason: FetchReason, detail: str) -> FailureRow:
    """A failure of this moment; the detail is cleaned and cut to its allowed length."""
    return FailureRow(
        source=source, url=url, reason=reason, detail=clean_text(detail, DETAIL_LENGTH) or "", at=datetime.now(UTC)
    )
