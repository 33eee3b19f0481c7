"""Nights, cycles and bake-offs as tables for people."""

from skuloop.output import complain, console, percent, print_table, say
from tasks.audit import AuditReport
from tasks.bakeoff import COLUMNS, BakeoffReport, row_of
from tasks.crawl import CrawlReport
from tasks.maintenance import MaintenanceReport
from tasks.recognise import RecogniseReport
from tasks.report import CycleReport, NightReport

_WIDE = 130  # columns of a terminal on which the whole table of a bake-off can be read
_NARROW = ("isolation", "nearest prototype", "best head", "top-1", "interval", "ms/photo")


def print_night(report: NightReport) -> None:
    """A night for people."""
    rows: list[tuple[str, str]] = [
        (f"crawl {crawl.source}", crawl.problem or _crawled(crawl)) for crawl in report.crawls
    ]
    if report.ingest is not None:
        rows.append(("ingest", f"{report.ingest.new_products} new products, {report.ingest.new_images} new images"))
    if report.audit is not None:
        rows.append(("audit", _audited(report.audit)))
    if report.embed is not None:
        rows.append(("embed", f"{report.embed.embedded} photos by {report.embed.encoder}"))
    if report.catalogue is not None and not report.catalogue.unchanged:
        rows.append(("catalogue", f"{report.catalogue.status}: {report.catalogue.explanation}"))
    if report.recognise is not None:
        rows.append(("recognise", _recognised(report.recognise)))
    if report.review is not None:
        rows.append(("review", f"{report.review.pushed} questions asked, {report.review.waiting} waiting"))
    _print_run(f"Night {report.night}: {report.status}", rows, report.problems)


def print_cycle(report: CycleReport) -> None:
    """A cycle for people."""
    rows: list[tuple[str, str]] = []
    if report.answers is not None:
        said = report.answers
        found = f"{said.answers} pulled, {said.labels} labels, {said.new_products} new products"
        rows.append(("answers", f"{found}, {said.rejected} set aside"))
    if report.audit is not None:
        rows.append(("audit", _audited(report.audit)))
    if report.train is not None:
        train = report.train
        rows += [("release", f"{train.release_id} {train.status}: {train.explanation}"), ("method", train.method)]
        if train.top1 is not None:
            rows.append(("holdout top-1", f"{train.top1:.3f}"))
            rows += [(f"  {name}", f"{value:.3f}") for name, value in train.baselines]
    _print_run(f"Cycle {report.cycle}: {report.status}", rows, report.problems)


def print_maintenance(report: MaintenanceReport) -> None:
    """A maintenance for people."""
    rows = [
        (
            "compacted",
            f"{report.freed_bytes / 2**20:.1f} MiB of the database, {report.shards_merged} shards of vectors",
        ),
        ("leftovers", f"{report.leftovers} removed"),
    ]
    if report.tidied is not None:
        said = report.tidied
        rows.append(("Label Studio", f"{said.taken_back} labels taken back, {said.removed} tasks removed"))
    _print_run(f"Maintenance {report.label}: {report.status}", rows, report.problems)


def print_bakeoff(report: BakeoffReport) -> None:
    """A bake-off for people: the table, and what to write into skuloop.toml."""
    if console.width >= _WIDE:
        print_table(f"Bake-off {report.label}", COLUMNS, [row_of(entry) for entry in report.entries])
    else:
        _print_narrow(report)
    for problem in report.problems:
        complain(problem)
    if report.advice:
        say(f"table and contact sheets: {report.reports}\nfor skuloop.toml, in place of its [encoder]:")
        print(report.advice, end="")


def _print_narrow(report: BakeoffReport) -> None:
    """A table for each encoder, without what the page says too: on few columns a wide one cuts every word."""
    places = [COLUMNS.index(name) for name in _NARROW]
    for encoder in dict.fromkeys(entry.encoder for entry in report.entries):
        cells = [row_of(entry) for entry in report.entries if entry.encoder == encoder]
        print_table(encoder, _NARROW, [[row[place] for place in places] for row in cells])


def _crawled(crawl: CrawlReport) -> str:
    found = f"{crawl.products} products, {crawl.photos} photos, {crawl.failures} failures"
    return f"{found} (unchanged, not read again)" if crawl.skipped else found


def _audited(found: AuditReport) -> str:
    return f"{found.trained} trained, {found.gallery} gallery, {found.quarantined} quarantined"


def _recognised(found: RecogniseReport) -> str:
    if found.release_id is None:
        return "no release yet: photos wait for the first cycle"
    counts = f"{found.sure} sure, {found.unsure} unsure, {found.unseen} unseen"
    return f"{counts}; manual share {percent(found.manual_share)}"


def _print_run(title: str, rows: list[tuple[str, str]], problems: tuple[str, ...]) -> None:
    if rows:
        print_table(title, ("stage", "what came of it"), rows)
    for problem in problems:
        complain(problem)
