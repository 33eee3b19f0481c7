"""What a night and a cycle say of themselves: one dataclass, one page of markdown, one Prefect artifact."""

import logging
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.exceptions import PrefectException
from prefect.states import Completed

from recognition.files import write_durably
from recognition.vocabulary import RunStatus
from tasks.answers import AnswersReport
from tasks.answers_page import BRIEF as ANSWERS_BRIEF
from tasks.audit import AuditReport
from tasks.bakeoff import BakeoffReport, bakeoff_page
from tasks.catalogue import CatalogueReport
from tasks.catalogue_map import MAP_NAME, PAGE_NAME
from tasks.crawl import CrawlReport
from tasks.crawl_table import CRAWL_COLUMNS, crawl_line, crawl_table
from tasks.effect import PAGE as EFFECT_PAGE
from tasks.effect_figures import EffectReport
from tasks.embed import EmbedReport
from tasks.ingest import IngestReport
from tasks.loop import Loop
from tasks.maintenance import MaintenanceReport
from tasks.night_page import write_page
from tasks.recognise import RecogniseReport
from tasks.review import ReviewReport
from tasks.train import TrainReport
from tasks.views import ViewsReport
from warehouse.audits import class_rows
from warehouse.products import titles
from warehouse.runs import stages
from warehouse.visits import CrawlReportRow, crawl_reports

_CLASSES_SHOWN = 200
_NO_KEY = re.compile(r"[^a-z0-9]+")  # Prefect's keys are lower-case letters, digits and dashes
_PICTURE = re.compile(r"(!\[[^\]]*\])\(([\w.-]+\.png)\)")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NightReport:
    """One night; stages that could not run are None, and `problems` says why."""

    night: str
    status: RunStatus
    problems: tuple[str, ...] = ()
    crawls: tuple[CrawlReport, ...] = ()
    ingest: IngestReport | None = None
    audit: AuditReport | None = None
    embed: EmbedReport | None = None
    catalogue: CatalogueReport | None = None
    recognise: RecogniseReport | None = None
    review: ReviewReport | None = None
    views: ViewsReport | None = None


@dataclass(frozen=True)
class CycleReport:
    """One labelling cycle; stages that could not run are None, and `problems` says why."""

    cycle: str
    status: RunStatus
    problems: tuple[str, ...] = ()
    answers: AnswersReport | None = None
    audit: AuditReport | None = None
    embed: EmbedReport | None = None
    views: ViewsReport | None = None
    train: TrainReport | None = None
    effect: EffectReport | None = None


@dataclass(frozen=True)
class PullReport:
    """One pull between nights and cycles; `due` is why a cycle is due, None where it is not."""

    label: str
    status: RunStatus
    problems: tuple[str, ...] = ()
    answers: AnswersReport | None = None
    due: str | None = None


@dataclass
class Findings:
    """What a flow has found so far; `report` turns it into the report of a night or a cycle."""

    problems: list[str] = field(default_factory=list)

    def add(self, *problems: str | None) -> None:
        """Note problems; None is no problem."""
        self.problems += [problem for problem in problems if problem is not None]


def run_name() -> str:
    """Name of a flow run in Prefect's lists: flow and label, or the moment where the label is today's date."""
    from prefect.runtime import flow_run

    return f"{flow_run.flow_name} {flow_run.parameters.get('label') or f'{datetime.now(UTC):%Y-%m-%d %H:%M} UTC'}"


def final_state(report: NightReport | CycleReport | BakeoffReport | MaintenanceReport | PullReport) -> Any:
    """The Prefect state of a flow, named by how it ended; Prefect hands its data, the report, to whoever called."""
    return Completed(name=report.status.capitalize(), message="; ".join(report.problems) or None, data=report)


def write_report(loop: Loop, title: str, problems: Sequence[str]) -> None:
    """Write the report of a run beside its pictures."""
    write_durably(loop.reports / f"{loop.flow}.md", _report(loop, title, problems).encode())


def publish_artifacts(loop: Loop, title: str, problems: Sequence[str]) -> None:
    """Write the page of the run, and show what is in it to people who look into Prefect.

    What Prefect has is a copy: a Prefect that does not take it spoils no run.
    """
    page = write_page(loop, title, problems, datetime.now(UTC))
    with loop.parts.warehouse.read() as db:
        classes, names, crawls = class_rows(db), titles(db), crawl_reports(db, loop.run_id)
    fewest = sorted(classes, key=lambda row: (row.samples, row.sku))[:_CLASSES_SHOWN]
    columns = ("sku", "title", "tier", "reason", "samples")
    table = [
        dict(zip(columns, (row.sku, names.get(row.sku, ""), row.tier, row.reason, row.samples), strict=True))
        for row in fewest
    ]
    try:
        create_markdown_artifact(_report(loop, title, problems), key=loop.flow, description=title)
        create_markdown_artifact(page.in_brief, key=f"{loop.flow}-pictures", description=f"{title}, in pictures")
        about = f"The {_CLASSES_SHOWN} classes with the fewest samples"
        create_table_artifact(table, key=f"{loop.flow}-classes", description=about)
        if crawls:
            lines = [dict(zip(CRAWL_COLUMNS, crawl_line(row), strict=True)) for row in crawls]
            create_table_artifact(
                lines, key=f"{loop.flow}-crawls", description="What the shops gave, and how they were asked"
            )
        answers = loop.reports / EFFECT_PAGE
        if loop.flow == "cycle" and answers.exists():
            create_markdown_artifact(
                with_pictures(answers), key="cycle-answers", description="What the answers changed"
            )
        brief = loop.reports / ANSWERS_BRIEF
        if loop.flow == "cycle" and brief.exists():
            create_markdown_artifact(
                brief.read_text(encoding="utf-8"), key="cycle-your-answers", description="Your answers, in pictures"
            )
        for held in sorted(loop.reports.glob("quarantine-*.md")):
            key = _NO_KEY.sub("-", held.stem.lower()).strip("-")
            create_markdown_artifact(with_pictures(held), key=key, description="A source that is held")
    except (PrefectException, httpx.HTTPError) as error:
        _log.warning("Prefect did not take the artifacts: %s", error)


def with_pictures(page: Path) -> str:
    """A page whose pictures are in its text: elsewhere, their files are not beside it."""

    def embedded(link: re.Match[str]) -> str:
        picture = page.parent / link[2]
        if not picture.is_file():
            return link[0]
        return f"{link[1]}(data:image/png;base64,{b64encode(picture.read_bytes()).decode()})"

    return _PICTURE.sub(embedded, page.read_text(encoding="utf-8"))


def publish_comparison(report: BakeoffReport) -> None:
    """Show the table of a bake-off to people who look into Prefect."""
    try:
        create_markdown_artifact(bakeoff_page(report), key="bakeoff", description=f"Bake-off {report.label}")
    except (PrefectException, httpx.HTTPError) as error:
        _log.warning("Prefect did not take the artifact: %s", error)


def _report(loop: Loop, title: str, problems: Sequence[str]) -> str:
    with loop.parts.warehouse.read() as db:
        rows, crawls = stages(db, loop.run_id), crawl_reports(db, loop.run_id)
    return _markdown(title, loop, [(row.stage, row.seconds, row.summary) for row in rows], problems, crawls)


def _map_links(loop: Loop) -> list[str]:
    """Where the catalogue can be seen as the release of this run sees it; links from the folder of the reports."""
    if not (loop.reports / PAGE_NAME).exists():
        return []
    where = f"in `reports/{loop.label}` of the store"
    return ["", f"The catalogue as the recogniser sees it, {where}: [page]({PAGE_NAME}), [picture]({MAP_NAME})."]


def _markdown(
    title: str,
    loop: Loop,
    rows: Sequence[tuple[str, float, str]],
    problems: Sequence[str],
    crawls: Sequence[CrawlReportRow],
) -> str:
    lines = [
        f"# {title}",
        "",
        f"Encoder: `{loop.parts.encoder.name}`. Run: `{loop.run_id}`.",
        "",
        *(f"> **Problem.** {problem}\n" for problem in problems),
        "| stage | seconds | what came of it |",
        "|---|---|---|",
        *(f"| {name} | {seconds:.1f} | {summary} |" for name, seconds, summary in rows),
        *crawl_table(crawls),
        *_map_links(loop),
    ]
    return "\n".join(lines) + "\n"
