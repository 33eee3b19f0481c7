"""The labelling cycle: pull the answers, audit, embed, re-cluster, retrain, gate, publish.

A candidate that is worse is refused and says why; the release before it stays. A cycle without anything new finds its
own release and changes nothing.
"""

from prefect import flow

from recognition.errors import RecognitionError
from recognition.vocabulary import RunStatus
from tasks.answers import pull_answers
from tasks.attention import tell_people
from tasks.audit import audit_catalogue
from tasks.effect import tell_effect
from tasks.embed import EmbedReport, embed_new
from tasks.freshness import require_fresh
from tasks.loop import Loop, RunSkippedError, finish, open_loop
from tasks.report import CycleReport, Findings, final_state, publish_artifacts, run_name, write_report
from tasks.settings import load_settings
from tasks.shared_releases import share_release
from tasks.snapshot import publish_tables
from tasks.train import TrainReport, train_release
from tasks.views import ViewsReport, encode_views
from tasks.wiring import today
from warehouse.errors import ObjectStoreError, VectorStoreError


@flow(name="cycle", flow_run_name=run_name)
def cycle(config: str | None = None, label: str | None = None) -> CycleReport:
    """Run one cycle.

    Args:
        config: path of `skuloop.toml`; by default SKULOOP_CONFIG or the current folder.
        label: name of the cycle; by default today's date in the configured time zone.
    """
    settings = load_settings(config)
    name = label or f"cycle-{today(settings)}"
    try:
        require_fresh(settings, "cycle", name, named=label is not None)
        with open_loop(settings, "cycle", name) as loop:
            report = _run(loop)
            publish_tables(loop)
            publish_artifacts(loop, f"Cycle {name}", report.problems)
    except RunSkippedError as skipped:
        report = CycleReport(name, RunStatus.SKIPPED, (str(skipped),))
    return final_state(report)  # type: ignore[no-any-return]


def _run(loop: Loop) -> CycleReport:
    findings = Findings()
    answers = pull_answers(loop)
    findings.add(answers.problem)
    audited = audit_catalogue(loop)
    findings.add(audited.problem)
    embedded, views, trained = _train(loop, findings)
    effect = tell_effect(loop)
    write_report(loop, f"Cycle {loop.label}", findings.problems)
    status = finish(loop, tuple(findings.problems))
    tell_people(loop)
    return CycleReport(
        cycle=loop.label,
        status=status,
        problems=tuple(findings.problems),
        answers=answers,
        audit=audited,
        embed=embedded,
        views=views,
        train=trained,
        effect=effect,
    )


def _train(loop: Loop, findings: Findings) -> tuple[EmbedReport | None, ViewsReport | None, TrainReport | None]:
    """Embed and train, as far as it goes: the answers are kept whatever happens here."""
    embedded, views, trained = None, None, None
    try:
        embedded = embed_new(loop)
        views = encode_views(loop)
        trained = train_release(loop)
        share_release(loop)
    except (RecognitionError, VectorStoreError, ObjectStoreError) as error:
        findings.add(f"{type(error).__name__}: {error}")
    return embedded, views, trained
