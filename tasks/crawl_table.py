"""The shops of a night in one table: what they gave, what it cost, and which manners were kept."""

from collections.abc import Sequence

from warehouse.visits import CrawlReportRow

CRAWL_COLUMNS = (
    "shop", "pages", "unchanged", "not asked", "products", "images new", "images known", "failed", "seconds", "MB",
    "manners",
)  # fmt: skip


def crawl_table(rows: Sequence[CrawlReportRow]) -> list[str]:
    """Lines of markdown; none where no shop was visited."""
    if not rows:
        return []
    return [
        "",
        f"| {' | '.join(CRAWL_COLUMNS)} |",
        "|" + "---|" * len(CRAWL_COLUMNS),
        *(f"| {' | '.join(crawl_line(row))} |" for row in rows),
    ]


def crawl_line(row: CrawlReportRow) -> tuple[str, ...]:
    """One shop, a text for each of CRAWL_COLUMNS. Not asked: unchanged by the sitemap's word, or put off."""
    return (
        row.source,
        str(row.pages),
        str(row.pages_unchanged),
        str(row.pages_unasked + row.pages_postponed),
        str(row.products),
        str(row.images_new),
        str(row.images_known),
        row.failed_by_reason or "-",
        f"{row.seconds:.0f}",
        f"{row.bytes / 1e6:.1f}",
        _manners(row),
    )


def _manners(row: CrawlReportRow) -> str:
    kept = [f"{row.requests} requests, {row.seconds_between:.2g} s apart"]
    if row.asked_delay is not None:
        kept.append(f"robots.txt asks for {row.asked_delay:g} s")
    if row.pauses:
        kept.append(f"waited {row.paused_seconds:.0f} s in {row.pauses} pauses that were asked for")
    if row.closed:
        kept.append(row.closed)
    return "; ".join(kept)
