"""Fold the feed of a crawl into products, listings, offers, images and labels. Folding it twice changes nothing.

Nothing is let in before it was looked at: single rows at the door (`tasks.door`), the crawl as a whole by what its
source was in the nights before (`tasks.quarantine`). A crawl that is held leaves only its figures in the tables.
"""

import hashlib
from dataclasses import dataclass, field, fields

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.catalogue.keys import gtin_key, mpn_key
from recognition.vocabulary import LabelKind, LabelOrigin
from spiders.errors import SpiderError
from spiders.feed import CrawlFiles
from spiders.items import ImageRef, PhotoItem, ProductItem
from tasks.door import Admitted, admit
from tasks.ledger import decision
from tasks.loop import Loop, stage
from tasks.matching import match_products
from tasks.progress import report_progress
from tasks.quarantine import is_held, problems_of_held, take_the_place_of_held
from warehouse.errors import WarehouseError
from warehouse.images import ImageRow, OriginKind, OriginRow, add_images, add_origins
from warehouse.judgements import WaitingCrawl, waiting_crawls
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.listings import GoneListing, ListingRow, count_missed, fold_listings, returned_listings
from warehouse.products import OfferRow, ProductRow, append_offers, upsert_products
from warehouse.runs import clock_set_back, mark_folded, record_failures
from warehouse.session import Session


@dataclass(frozen=True)
class IngestReport:
    """What the feeds of one night brought."""

    new_products: int = 0
    changed_products: int = 0
    new_offers: int = 0
    new_images: int = 0
    new_labels: int = 0
    refused_rows: int = 0
    merged_products: int = 0
    gone_listings: int = 0
    held_crawls: int = 0
    problems: tuple[str, ...] = ()

    def __add__(self, other: "IngestReport") -> "IngestReport":
        """Both together."""
        return IngestReport(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass
class _Rows:
    """One feed as rows of the warehouse."""

    products: list[ProductRow] = field(default_factory=list)
    listings: list[ListingRow] = field(default_factory=list)
    offers: list[OfferRow] = field(default_factory=list)
    images: list[ImageRow] = field(default_factory=list)
    origins: list[OriginRow] = field(default_factory=list)
    labels: list[LabelEventRow] = field(default_factory=list)


@task(name="ingest", cache_policy=NO_CACHE)
def ingest_feeds(loop: Loop) -> IngestReport:
    """Let in every feed that waits, those of a night that was killed too.

    A damaged feed and a source that is not what it was are problems of the night, the others go on.
    """
    with stage(loop, "ingest") as done:
        report = IngestReport()
        with loop.parts.warehouse.read() as db:
            waiting = waiting_crawls(db)
        for place, crawl in enumerate(waiting, start=1):
            try:
                report += take_in(loop, crawl)
            except (SpiderError, WarehouseError, OSError) as error:
                report += IngestReport(problems=(f"{crawl.source}: {error}",))
            report_progress("ingest", place, len(waiting))
        with loop.parts.warehouse.read() as db:
            report += IngestReport(problems=problems_of_held(db))
        done.summary = (
            f"{report.new_products} new products, {report.changed_products} changed, "
            f"{report.merged_products} merged, {report.gone_listings} gone, {report.new_offers} offers, "
            f"{report.new_images} new images, {report.new_labels} labels; {report.refused_rows} rows refused, "
            f"{report.held_crawls} crawls held"
        )
    return report


def take_in(loop: Loop, crawl: WaitingCrawl) -> IngestReport:
    """Judge one crawl, and fold its feed or hold it; all of it is one transaction."""
    feed = CrawlFiles(loop.parts.paths.feeds / crawl.source / crawl.crawl_id).feed
    admitted = admit(feed, crawl.source, crawl.crawl_id, crawl.finished_at)
    with loop.parts.warehouse.write() as db:
        _put_in_order(db, crawl, admitted)
        record_failures(db, admitted.refused)
        refused = IngestReport(refused_rows=len(admitted.refused))
        if is_held(loop, db, crawl, admitted):
            return refused + IngestReport(held_crawls=1)
        report = _fold(loop, db, crawl, admitted)
        take_the_place_of_held(loop, db, crawl)
        mark_folded(db, crawl.crawl_id)
    return refused + report


def _put_in_order(db: Session, crawl: WaitingCrawl, admitted: Admitted) -> None:
    """What was recorded later is newer, whatever the clock said: one that was set back would keep new prices out."""
    behind = clock_set_back(db, crawl.crawl_id)
    if behind is not None:
        admitted.products[:] = [row.model_copy(update={"seen_at": row.seen_at + behind}) for row in admitted.products]
        admitted.photos[:] = [row.model_copy(update={"seen_at": row.seen_at + behind}) for row in admitted.photos]


def _fold(loop: Loop, db: Session, crawl: WaitingCrawl, admitted: Admitted) -> IngestReport:
    rows = _Rows()
    for product in admitted.products:
        _add_product(rows, product, crawl.crawl_id, loop.run_id)
    for photo in admitted.photos:
        _add_photo(rows, photo, crawl.crawl_id, loop.run_id)
    products = upsert_products(db, rows.products)
    back = returned_listings(db, rows.listings)
    fold_listings(db, rows.listings)
    report = IngestReport(
        new_products=products.new,
        changed_products=products.changed,
        new_offers=append_offers(db, rows.offers),
        new_images=add_images(db, rows.images),
        new_labels=append_label_events(db, rows.labels),
        merged_products=match_products(loop, db),
    )
    add_origins(db, rows.origins)
    gone = _missed(loop, db, crawl, rows.listings)
    record_decisions(
        db, [*(_why_gone(loop, crawl, each) for each in gone), *(_why_back(loop, crawl, each) for each in back)]
    )
    return report + IngestReport(gone_listings=len(gone))


def _missed(loop: Loop, db: Session, crawl: WaitingCrawl, seen: list[ListingRow]) -> list[GoneListing]:
    """What a crawl of a shop did not see; a crawl that saw nothing says nothing."""
    if not seen:
        return []
    times = [row.seen_at for row in seen]
    nights = loop.parts.settings.catalogue.gone_after
    return count_missed(db, crawl.source, crawl.crawl_id, min(times), max(times), nights)


def _why_gone(loop: Loop, crawl: WaitingCrawl, listing: GoneListing) -> DecisionRow:
    key = f"{crawl.crawl_id}|{listing.sku}"
    detail = {"source": listing.source, "missed": listing.missed, "last_seen": listing.last_seen_at}
    return decision(loop.run_id, SubjectKind.SKU, listing.sku, "gone", "not_listed", key=key, **detail)


def _why_back(loop: Loop, crawl: WaitingCrawl, listing: GoneListing) -> DecisionRow:
    key = f"{crawl.crawl_id}|{listing.sku}"
    return decision(loop.run_id, SubjectKind.SKU, listing.sku, "back", "listed_again", key=key, source=listing.source)


def _add_product(rows: _Rows, item: ProductItem, crawl_id: str, run_id: str) -> None:
    rows.products.append(
        ProductRow(
            sku=item.sku,
            title=item.title,
            brand=item.brand,
            category=item.category,
            gtin=item.gtin,
            description=item.description,
            url=item.url,
            source=item.source,
            named_by=LabelOrigin.CATALOGUE,
            first_seen_run=run_id,
            updated_at=item.seen_at,
        )
    )
    rows.listings.append(
        ListingRow(
            source=item.source,
            sku=item.sku,
            title=item.title,
            brand=item.brand,
            gtin=item.gtin,
            mpn=item.mpn,
            gtin_key=gtin_key(item.gtin),
            mpn_key=mpn_key(item.brand, item.mpn),
            product_group=item.group,
            variant=item.variant,
            url=item.url,
            seen_at=item.seen_at,
        )
    )
    rows.offers.append(
        OfferRow(item.sku, item.source, item.price, item.currency, item.availability, item.seen_at, crawl_id)
    )
    for image in item.images:
        rows.images.append(_image_row(image, run_id))
        rows.origins.append(
            OriginRow(image.sha256, item.source, image.url, item.sku, OriginKind.CATALOGUE, crawl_id, item.seen_at)
        )
        rows.labels.append(_label(image.sha256, item.sku, LabelOrigin.CATALOGUE, item))


def _add_photo(rows: _Rows, item: PhotoItem, crawl_id: str, run_id: str) -> None:
    rows.images.append(_image_row(item.image, run_id))
    kind = OriginKind.CAMERA if item.sku is None else OriginKind.LABELLED
    rows.origins.append(OriginRow(item.image.sha256, item.source, item.origin, item.sku, kind, crawl_id, item.seen_at))
    if item.sku is None:
        return
    rows.labels.append(_label(item.image.sha256, item.sku, LabelOrigin.FOLDER, item))
    rows.products.append(  # a folder knows no more of a product than its name; a shop may tell the rest later
        ProductRow(
            sku=item.sku,
            title=item.sku,
            brand=None,
            category=None,
            gtin=None,
            description=None,
            url=None,
            source=item.source,
            named_by=LabelOrigin.FOLDER,
            first_seen_run=run_id,
            updated_at=item.seen_at,
        )
    )


def _image_row(image: ImageRef, run_id: str) -> ImageRow:
    return ImageRow(image.sha256, image.path, image.bytes, image.format, run_id)


def _label(sha256: str, sku: str, origin: LabelOrigin, item: ProductItem | PhotoItem) -> LabelEventRow:
    """A claim of a source; the same claim on a later night is the same event."""
    key = hashlib.sha256(f"{origin}|{item.source}|{sha256}|{sku}".encode()).hexdigest()[:32]
    return LabelEventRow(key, sha256, LabelKind.SKU, sku, origin, actor=item.source, at=item.seen_at)
