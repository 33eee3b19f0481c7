"""What is answered, as callers and OpenAPI see it. Prices are strings, so that they stay exact."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from recognition.vocabulary import PictureReason, Verdict

Price = Annotated[Decimal, PlainSerializer(str, return_type=str)]


class Model(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, from_attributes=True, ser_json_inf_nan="null")


class BoxAnswer(Model):
    """A rectangle in pixels of the upright photo; right and bottom lie just outside it."""

    left: float
    top: float
    right: float
    bottom: float


class ProductAnswer(Model):
    """A product as the release knows it; what no source told is null."""

    sku: str
    title: str
    brand: str | None
    category: str | None
    url: str | None
    price: Price | None
    currency: str | None
    availability: str | None
    offer_seen_at: datetime | None = Field(description="When price and availability were seen.")
    references: tuple[str, ...] = Field(description="Addresses of reference photos, relative to this server.")


class MatchAnswer(Model):
    """One possible answer; `score` is the probability that it is right."""

    sku: str
    score: float = Field(ge=0, le=1)
    product: ProductAnswer


class FoundAnswer(Model):
    """One product on a photo."""

    box: BoxAnswer
    verdict: Verdict
    confidence: float = Field(ge=0, le=1, description="Probability that the best product is right.")
    match: MatchAnswer | None = Field(description="The best product; null where the verdict is unseen.")
    alternatives: tuple[MatchAnswer, ...] = Field(description="The best products, best first, whatever the verdict.")


class IdentificationAnswer(Model):
    """The answer to one photo."""

    release_id: str
    size: tuple[int, int] = Field(description="Width and height of the upright photo in pixels.")
    isolated: bool = Field(description="False where no product stood out: then the one answer is about all of it.")
    found: tuple[FoundAnswer, ...] = Field(min_length=1, description="The products on it, the likeliest first.")


class PhotoProblem(Model):
    """Why a photo could not be read."""

    reason: PictureReason
    detail: str


class PhotoAnswer(Model):
    """What became of one photo: exactly one of `answer` and `problem` is there."""

    photo: str | None = Field(description="The file name that came with it.")
    answer: IdentificationAnswer | None
    problem: PhotoProblem | None


class Answers(Model):
    """The answers to the photos of a request, in the order sent."""

    answers: tuple[PhotoAnswer, ...]


class ReleaseAnswer(Model):
    """The release that is served."""

    release_id: str
    parent: str | None
    created_at: datetime
    method: str
    encoder: str
    products: int
    promised_precision: float = Field(description="Share of sure answers that is promised to be right.")


class Health(Model):
    """It lives."""

    status: str


class Readiness(Model):
    """It can answer."""

    status: str
    release_id: str
    encoders: int
