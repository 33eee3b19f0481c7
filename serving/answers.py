"""What the query path answers: each product found on a photo, with its verdict and what the shop says of it."""

from dataclasses import dataclass

from recognition.isolation.protocol import Box
from recognition.release.products import ProductCard
from recognition.vocabulary import Verdict


@dataclass(frozen=True, slots=True)
class Match:
    """One possible answer.

    Attributes:
        sku: the product.
        score: probability that this is the product, 0 to 1.
        product: title, price and availability as the release knows them.
    """

    sku: str
    score: float
    product: ProductCard


@dataclass(frozen=True, slots=True)
class Found:
    """One product on a photo.

    Attributes:
        box: where it is, in pixels of the upright photo; the whole photo where nothing was isolated.
        verdict: sure, unsure or unseen. Unseen is an answer, not an error.
        confidence: probability that the best product is right, 0 to 1.
        match: the best product; None where it is unseen.
        alternatives: the best products, best first, `match` among them, whatever the verdict.
    """

    box: Box
    verdict: Verdict
    confidence: float
    match: Match | None
    alternatives: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer to one photo.

    Attributes:
        release_id: the release that answered.
        size: width and height of the upright photo in pixels.
        isolated: False where no product stood out, and the one answer is about the whole photo.
        found: at least one product, the likeliest first.
    """

    release_id: str
    size: tuple[int, int]
    isolated: bool
    found: tuple[Found, ...]

    @property
    def best(self) -> Found:
        """The likeliest product."""
        return self.found[0]
