"""Source quarantine: a crawl that is not like those before it is held until a person or a normal crawl lets it go.

What is held never reaches a table that anything is trained or served from: no product, offer, picture or label of it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recognition.audit.sources import Judged, KnownItem, SourceItem, judge_crawl, measure_crawl
from recognition.files import write_durably
from recognition.vocabulary import CrawlVerdict, FetchReason, SourceFigure, SourceReason
from spiders.items import ProductItem
from tasks.door import Admitted
from tasks.ledger import decision
from tasks.loop import Loop
from tasks.quarantine_page import KeptOut, draw_quarantine, quarantine_page
from warehouse.judgements import (
    CrawlJudgementRow,
    WaitingCrawl,
    drop_held,
    figures_before,
    held_crawls,
    is_released,
    known_labels,
    release_held,
    store_judgement,
)
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.listings import known_listings
from warehouse.runs import CrawlFailureRow, record_failures
from warehouse.session import Session

_log = logging.getLogger(__name__)
_FIELDS = (
    ("price", SourceFigure.WITH_PRICE),
    ("currency", SourceFigure.WITH_CURRENCY),
    ("availability", SourceFigure.WITH_AVAILABILITY),
    ("brand", SourceFigure.WITH_BRAND),
    ("gtin", SourceFigure.WITH_GTIN),
    ("category", SourceFigure.WITH_CATEGORY),
    ("images", SourceFigure.WITH_PICTURE),
)


class NothingHeldError(Exception):
    """Nothing of that source is held."""


@dataclass(frozen=True)
class Released:
    """A source that a person let go, and the crawl that waits to be folded now."""

    source: str
    crawl_id: str
    reasons: tuple[str, ...]


def is_held(loop: Loop, db: Session, crawl: WaitingCrawl, admitted: Admitted) -> bool:
    """Judge a crawl and say whether it is held; what a person let in is not judged again.

    An inbox is not judged: what cameras bring differs from night to night, and claims nothing.
    """
    if is_released(db, crawl.crawl_id):
        return False
    items = _measured_items(admitted)
    if not items and not known_listings(db, crawl.source):
        return False
    before = figures_before(db, crawl.source)
    judged = judge_crawl(_figures(db, crawl, admitted, items), before)
    odd = [figure for figure in judged if figure.odd]
    reasons = tuple(dict.fromkeys(figure.reason for figure in odd))
    verdict = CrawlVerdict.HELD if odd else CrawlVerdict.NORMAL
    store_judgement(db, CrawlJudgementRow(crawl.crawl_id, crawl.source, verdict, reasons, crawl.finished_at), judged)
    if odd:
        _hold(loop, db, crawl, judged, before, KeptOut(len(items), len(admitted.refused)))
    return bool(odd)


def take_the_place_of_held(loop: Loop, db: Session, crawl: WaitingCrawl) -> None:
    """Give up what is held of the source of a crawl that was let in: this one says what the source is now."""
    if drop_held(db, crawl.source, but=crawl.crawl_id):
        key = f"drop|{crawl.crawl_id}"
        why = decision(loop.run_id, SubjectKind.SOURCE, crawl.source, "release", "normal_again", key=key)
        record_decisions(db, [why])


def problems_of_held(db: Session) -> tuple[str, ...]:
    """One problem for each source that is in quarantine now."""
    return tuple(
        f"{row.source}: in quarantine since {row.at:%Y-%m-%d} ({', '.join(row.reasons)}); nothing of it is let in. "
        f"Look at quarantine-{row.source}.md in the reports; `skuloop source release {row.source}` lets it in"
        for row in held_crawls(db)
    )


def release_source(loop: Loop, source: str) -> Released:
    """Let in what is held of a source; from now on that is what is usual for it.

    Raises:
        NothingHeldError: nothing of it is held.
    """
    with loop.parts.warehouse.write() as db:
        held = {row.source: row for row in held_crawls(db)}
        if source not in held:
            others = ", ".join(sorted(held)) or "no source"
            raise NothingHeldError(
                f"nothing of {source!r} is in quarantine; {others} is. The name is that of the settings."
            )
        row = held[source]
        release_held(db, source)
        why = decision(loop.run_id, SubjectKind.SOURCE, source, "release", "reviewed", crawl=row.crawl_id)
        record_decisions(db, [why])
    return Released(source, row.crawl_id, row.reasons)


def _hold(
    loop: Loop,
    db: Session,
    crawl: WaitingCrawl,
    judged: Sequence[Judged],
    before: Mapping[SourceFigure, Sequence[float]],
    kept_out: KeptOut,
) -> None:
    drop_held(db, crawl.source, but=crawl.crawl_id)
    odd = [figure for figure in judged if figure.odd]
    facts = {figure.figure.value: [figure.value, figure.expected, figure.tolerance] for figure in odd}
    reasons: list[SourceReason] = list(dict.fromkeys(figure.reason for figure in odd))
    key = f"hold|{crawl.crawl_id}"
    record_decisions(
        db,
        [
            decision(
                loop.run_id,
                SubjectKind.SOURCE,
                crawl.source,
                "quarantine",
                reason,
                key=key,
                figures=facts,
                rows=kept_out.rows,
                damaged=kept_out.damaged,
            )
            for reason in reasons
        ],
    )
    detail = f"the crawl is held ({', '.join(reasons)}): it is not like those before it"
    row = CrawlFailureRow(
        crawl.source, crawl.source, FetchReason.SITE_CHANGED, detail, crawl.crawl_id, crawl.finished_at
    )
    record_failures(db, [row])
    name = f"quarantine-{crawl.source}"
    write_durably(loop.reports / f"{name}.png", draw_quarantine(crawl.source, judged, before))
    page = quarantine_page(crawl.source, crawl.crawl_id, reasons, judged, f"{name}.png", kept_out)
    write_durably(loop.reports / f"{name}.md", page.encode())
    _log.warning("%s: in quarantine: %s", crawl.source, ", ".join(reasons))


def _figures(
    db: Session, crawl: WaitingCrawl, admitted: Admitted, items: Sequence[SourceItem]
) -> Mapping[SourceFigure, float]:
    known = {
        row.sku: KnownItem(row.title, row.price, row.currency, alive=not row.is_gone)
        for row in known_listings(db, crawl.source)
    }
    labels = known_labels(db, crawl.source)
    return measure_crawl(items, len(admitted.refused), known, labels, cut_short=crawl.cut_short)


def _measured_items(admitted: Admitted) -> list[SourceItem]:
    photos = [SourceItem(photo.sku, None, (photo.image.sha256,)) for photo in admitted.photos if photo.sku is not None]
    return [*map(_measured, admitted.products), *photos]


def _measured(item: ProductItem) -> SourceItem:
    return SourceItem(
        sku=item.sku,
        title=item.title,
        pictures=tuple(image.sha256 for image in item.images),
        price=None if item.price is None else float(item.price),
        currency=item.currency,
        fields=frozenset(figure for name, figure in _FIELDS if getattr(item, name) not in (None, ())),
    )
