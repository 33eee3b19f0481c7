"""Two answers made of many tables: the story of one SKU, and how the loop stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from recognition.vocabulary import FetchReason, LabelOrigin, PictureReason, Tier
from warehouse.audits import ClassAuditRow
from warehouse.ledger import DecisionRow, SubjectKind, decisions_for
from warehouse.products import OfferRow, ProductRow
from warehouse.releases import ReleaseRow, current_release
from warehouse.runs import RunRow
from warehouse.session import Session

_DECISIONS_SHOWN = 10


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
    """How much of a night was left to people; `manual_share` is 1 - sure / judged, None where nothing was."""

    night_id: str
    judged: int
    sure: int
    unsure: int
    unseen: int
    asked: int
    manual_share: float | None


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


@dataclass(frozen=True, slots=True)
class _Counts:
    images: int
    unmeasured: int
    unlabelled: int
    open_questions: int
    pending_questions: int


@dataclass(frozen=True, slots=True)
class _Mentions:
    predictions: int
    open_questions: int


def sku_story(db: Session, sku: str) -> SkuStory | None:
    """Return the story of one SKU, or None if there is no such product."""
    product = db.first(ProductRow, "status/product", sku=sku)
    if product is None:
        return None
    images = dict(db.tuples("status/images", sku=sku))
    (mentions,) = db.rows(_Mentions, "status/mentions", sku=sku)
    return SkuStory(
        product=product,
        offer=db.first(OfferRow, "status/offer", sku=sku),
        audit=db.first(ClassAuditRow, "status/audit", sku=sku),
        images={PictureReason(reason): count for reason, count in images.items() if reason is not None},
        unmeasured=images.get(None, 0),
        labels={LabelOrigin(origin): count for origin, count in db.tuples("status/labels", sku=sku)},
        decisions=tuple(decisions_for(db, SubjectKind.SKU, sku)[:_DECISIONS_SHOWN]),
        predictions=mentions.predictions,
        open_questions=mentions.open_questions,
    )


def loop_status(db: Session) -> LoopStatus:
    """Return how the loop stands."""
    (counts,) = db.rows(_Counts, "status/counts")
    tiers = dict(db.tuples("status/tiers"))
    return LoopStatus(
        tiers={tier: tiers.get(tier, 0) for tier in Tier},
        images=counts.images,
        unmeasured=counts.unmeasured,
        unlabelled=counts.unlabelled,
        open_questions=counts.open_questions,
        pending_questions=counts.pending_questions,
        release=current_release(db),
        last_runs=tuple(db.rows(RunRow, "status/last_runs")),
        failures={FetchReason(reason): count for reason, count in db.tuples("status/failures")},
        nights=tuple(db.rows(NightShare, "status/nights")),
    )
