"""What was measured of each crawl before it was let in, and whether it was."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.audit.sources import RELATIVE, Judged
from recognition.vocabulary import CrawlVerdict, SourceFigure
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class WaitingCrawl:
    """A crawl whose feed is not in the tables, and is not kept out of them; `cut_short`: the shop was closed to it."""

    crawl_id: str
    source: str
    finished_at: datetime
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class CrawlJudgementRow:
    """Whether a crawl was let in, and why not."""

    crawl_id: str
    source: str
    verdict: CrawlVerdict
    reasons: tuple[str, ...]
    at: datetime


def waiting_crawls(db: Session) -> list[WaitingCrawl]:
    """Return the crawls that wait to be judged and folded, oldest first."""
    return db.rows(WaitingCrawl, "judgements/waiting")


def store_judgement(db: Session, row: CrawlJudgementRow, figures: Sequence[Judged]) -> None:
    """Store the judgement of a crawl; the first one stays."""
    if db.run_over("judgements/store", [row]):
        db.run_over("judgements/store_figures", figures, crawl_id=row.crawl_id)


def figures_before(db: Session, source: str) -> Mapping[SourceFigure, Sequence[float]]:
    """Return the figures of the last fourteen crawls that were let in, oldest first; none from before a release."""
    found: defaultdict[SourceFigure, list[float]] = defaultdict(list)
    for name, value, verdict in db.tuples("judgements/history", source=source):
        figure = SourceFigure(name)
        if verdict == CrawlVerdict.NORMAL or figure not in RELATIVE:
            found[figure].append(value)
    return found


def held_crawls(db: Session) -> list[CrawlJudgementRow]:
    """Return the crawls that are kept out now, oldest first."""
    return db.rows(CrawlJudgementRow, "judgements/held")


def is_released(db: Session, crawl_id: str) -> bool:
    """Whether a person let this crawl in."""
    return bool(db.value("judgements/is_released", crawl_id=crawl_id))


def drop_held(db: Session, source: str, but: str = "") -> int:
    """Give up what is held of a source, because a later crawl took its place; return how many crawls that were."""
    return db.run("judgements/move", source=source, but=but, verdict=CrawlVerdict.DROPPED)


def release_held(db: Session, source: str) -> int:
    """Let in what is held of a source; return how many crawls that were."""
    return db.run("judgements/move", source=source, but="", verdict=CrawlVerdict.RELEASED)


def known_labels(db: Session, source: str) -> dict[str, set[str]]:
    """Return image -> the SKUs that the source has shown it for."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for sha256, sku in db.tuples("judgements/known_labels", source=source):
        found[sha256].add(sku)
    return found
