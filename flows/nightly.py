"""The night: crawl, ingest, audit, embed, follow the catalogue, recognise, ask, publish.

Every step is idempotent and keyed by the night's label: a night that is run again, or again after it was killed, ends
in the same tables. What fails in one place (a shop, Label Studio, the encoder) is a problem of the report, and the rest
goes on.
"""

from prefect import flow

from recognition.errors import RecognitionError
from recognition.vocabulary import RunStatus
from tasks.attention import tell_people
from tasks.audit import audit_catalogue
from tasks.catalogue import CatalogueReport, follow_catalogue
from tasks.crawl import crawl_source
from tasks.embed import EmbedReport, embed_new
from tasks.freshness import require_fresh
from tasks.ingest import ingest_feeds
from tasks.loop import Loop, RunSkippedError, finish, open_loop
from tasks.recognise import RecogniseReport, recognise_new
from tasks.report import Findings, NightReport, final_state, publish_artifacts, run_name, write_report
from tasks.review import ReviewReport, review_queue
from tasks.settings import load_settings
from tasks.snapshot import publish_tables
from tasks.suggest import suggest_matches
from tasks.views import ViewsReport, encode_views
from tasks.wiring import today
from warehouse.errors import ObjectStoreError, VectorStoreError


@flow(name="nightly", flow_run_name=run_name)
def nightly(config: str | None = None, label: str | None = None) -> NightReport:
    """Run one night.

    Args:
        config: path of `skuloop.toml`; by default SKULOOP_CONFIG or the current folder.
        label: name of the night; by default today's date in the configured time zone.
    """
    settings = load_settings(config)
    name = label or today(settings)
    try:
        require_fresh(settings, "nightly", name, named=label is not None)
        with open_loop(settings, "nightly", name) as loop:
            report = _run(loop)
            publish_tables(loop)
            publish_artifacts(loop, f"Night {name}", report.problems)
    except RunSkippedError as skipped:
        report = NightReport(name, RunStatus.SKIPPED, (str(skipped),))
    return final_state(report)  # type: ignore[no-any-return]


def _run(loop: Loop) -> NightReport:
    findings = Findings()
    crawls = [crawl_source(loop, source) for source in loop.parts.settings.source]
    findings.add(*(crawl.problem for crawl in crawls))
    ingested = ingest_feeds(loop)
    findings.add(*ingested.problems)
    audited = audit_catalogue(loop)
    findings.add(audited.problem)
    embedded, followed, recognised, reviewed, views = _recognise(loop, findings)
    write_report(loop, f"Night {loop.label}", findings.problems)
    status = finish(loop, tuple(findings.problems))
    tell_people(loop)
    return NightReport(
        night=loop.label,
        status=status,
        problems=tuple(findings.problems),
        crawls=tuple(crawls),
        ingest=ingested,
        audit=audited,
        embed=embedded,
        catalogue=followed,
        recognise=recognised,
        review=reviewed,
        views=views,
    )


def _recognise(
    loop: Loop, findings: Findings
) -> tuple[EmbedReport | None, CatalogueReport | None, RecogniseReport | None, ReviewReport | None, ViewsReport | None]:
    """Embed, recognise and ask, as far as it goes: a night without an encoder is still worth publishing.

    What came to the catalogue is served before anything is recognised: nobody is asked about a product that is known.
    Views come last: people need their questions, and a new product gets along without them for one night.
    """
    embedded, followed, recognised, reviewed, views = None, None, None, None, None
    try:
        embedded = embed_new(loop)
        suggest_matches(loop)
        followed = follow_catalogue(loop)
        findings.add(followed.problem)
        recognised = recognise_new(loop)
        reviewed = review_queue(loop, recognised)
        findings.add(reviewed.problem)
        views = encode_views(loop)
    except (RecognitionError, VectorStoreError, ObjectStoreError) as error:
        findings.add(f"{type(error).__name__}: {error}")
    return embedded, followed, recognised, reviewed, views
