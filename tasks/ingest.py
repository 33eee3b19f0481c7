"""Fold the feed of a crawl into products, offers, images and labels. Folding it twice changes nothing."""

import hashlib
from dataclasses import dataclass, field

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.vocabulary import LabelKind, LabelOrigin
from spiders.errors import SpiderError
from spiders.feed import CrawlFiles, read_feed
from spiders.items import ImageRef, PhotoItem, ProductItem
from tasks.loop import Loop, stage
from warehouse.errors import WarehouseError
from warehouse.images import ImageRow, OriginKind, OriginRow, add_images, add_origins
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.products import OfferRow, ProductRow, append_offers, upsert_products
from warehouse.runs import mark_folded, unfolded_crawls


@dataclass(frozen=True)
class IngestReport:
    """What the feeds of one night brought."""

    new_products: int = 0
    changed_products: int = 0
    new_offers: int = 0
    new_images: int = 0
    new_labels: int = 0
    problems: tuple[str, ...] = ()


@dataclass
class _Rows:
    """One feed as rows of the warehouse."""

    products: list[ProductRow] = field(default_factory=list)
    offers: list[OfferRow] = field(default_factory=list)
    images: list[ImageRow] = field(default_factory=list)
    origins: list[OriginRow] = field(default_factory=list)
    labels: list[LabelEventRow] = field(default_factory=list)


@task(name="ingest", cache_policy=NO_CACHE)
def ingest_feeds(loop: Loop) -> IngestReport:
    """Fold every feed that is not folded yet, those of a night that was killed too.

    A damaged feed is a problem of the night, the others go on.
    """
    with stage(loop, "ingest") as done:
        report = IngestReport()
        with loop.parts.warehouse.read() as db:
            waiting = unfolded_crawls(db)
        for crawl_id, source in waiting:
            try:
                report = _sum(report, _fold(loop, crawl_id, source))
            except (SpiderError, WarehouseError, OSError) as error:
                report = _sum(report, IngestReport(problems=(f"{source}: {error}",)))
        done.summary = (
            f"{report.new_products} new products, {report.changed_products} changed, {report.new_offers} offers, "
            f"{report.new_images} new images, {report.new_labels} labels"
        )
    return report


def _fold(loop: Loop, crawl_id: str, source: str) -> IngestReport:
    feed = CrawlFiles(loop.parts.paths.feeds / source / crawl_id).feed
    rows = _Rows()
    for item in read_feed(feed):
        if isinstance(item, ProductItem):
            _add_product(rows, item, crawl_id, loop.run_id)
        else:
            _add_photo(rows, item, crawl_id, loop.run_id)
    with loop.parts.warehouse.write() as db:  # one transaction: a feed is folded as a whole or not at all
        products = upsert_products(db, rows.products)
        report = IngestReport(
            new_products=products.new,
            changed_products=products.changed,
            new_offers=append_offers(db, rows.offers),
            new_images=add_images(db, rows.images),
            new_labels=append_label_events(db, rows.labels),
        )
        add_origins(db, rows.origins)
        mark_folded(db, crawl_id)
    return report


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


def _sum(left: IngestReport, right: IngestReport) -> IngestReport:
    return IngestReport(
        left.new_products + right.new_products,
        left.changed_products + right.changed_products,
        left.new_offers + right.new_offers,
        left.new_images + right.new_images,
        left.new_labels + right.new_labels,
        left.problems + right.problems,
    )
