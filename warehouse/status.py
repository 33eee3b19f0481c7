"""Two answers made of many tables: the story of one SKU, and how the loop stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from recognition.vocabulary import FetchReason, LabelOrigin, PictureReason, Tier
from warehouse.audits import ClassAuditRow
from warehouse.ledger import DecisionRow
from warehouse.products import OfferRow, ProductRow
from warehouse.releases import ReleaseRow
from warehouse.runs import RunRow
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class SkuStory:
    """Everything the warehouse can say of one SKU.

    Attributes:
        product: What it is.
        offer: What it costs now, if any source says.
        audit: Its tier, the reason and the counts behind it; None before its first audit.
        images: Images that anybody claims to show it, by quality reason.
        unmeasured: Such images that wait to be measured.
        labels: Label events that name it, by origin.
        decisions: The last ten decisions about it, newest first.
        predictions: Photos that some release takes for it.
        open_questions: Questions that offer it as a candidate and wait for an answer.
    """

    product: ProductRow
    offer: OfferRow | None
    audit: ClassAuditRow | None
    images: Mapping[PictureReason, int]
    unmeasured: int
    labels: Mapping[LabelOrigin, int]
    decisions: tuple[DecisionRow, ...]
    predictions: int
    open_questions: int


@dataclass(frozen=True, slots=True)
class NightShare:
    """How much of a night was left to people; `manual_share` is 1 - sure / judged."""

    night_id: str
    judged: int
    sure: int
    unsure: int
    unseen: int
    asked: int
    manual_share: float


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """How the loop stands.

    Attributes:
        tiers: Classes by tier.
        images: Images stored.
        unmeasured: Images that wait to be measured.
        unlabelled: Usable camera images of which nobody has said anything.
        open_questions: Questions that wait for an answer.
        pending_questions: Questions that wait to be pushed.
        release: The newest release that is published and not rolled back.
        last_runs: The last five runs, newest first.
        failures: Open crawl failures by reason.
        nights: The last fourteen nights, newest first.
    """

    tiers: Mapping[Tier, int]
    images: int
    unmeasured: int
    unlabelled: int
    open_questions: int
    pending_questions: int
    release: ReleaseRow | None
    last_runs: tuple[RunRow, ...]
    failures: Mapping[FetchReason, int]
    nights: tuple[NightShare, ...]


def sku_story(db: Session, sku: str) -> SkuStory | None:
    """Return the story of one SKU, or None if there is no such product."""
    raise NotImplementedError


def loop_status(db: Session) -> LoopStatus:
    """Return how the loop stands."""
    raise NotImplementedError
