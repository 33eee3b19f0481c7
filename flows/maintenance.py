"""Maintenance: compaction, agreement with Label Studio, a look at release and snapshot. It changes no answer."""

from prefect import flow

from recognition.vocabulary import RunStatus
from tasks.freshness import require_fresh
from tasks.loop import Loop, RunSkippedError, finish, open_loop
from tasks.maintenance import MaintenanceReport, check_published, compact_store, compare_ids
from tasks.report import Findings, final_state, run_name, write_report
from tasks.settings import load_settings
from tasks.snapshot import publish_tables
from tasks.wiring import today


@flow(name="maintenance", flow_run_name=run_name)
def maintenance(config: str | None = None, label: str | None = None) -> MaintenanceReport:
    """Run the maintenance of one store.

    Args:
        config: path of `skuloop.toml`; by default SKULOOP_CONFIG or the current folder.
        label: name of the run; by default today's date in the configured time zone.
    """
    settings = load_settings(config)
    name = label or f"maintenance-{today(settings)}"
    try:
        require_fresh(settings, "maintenance", name, named=label is not None)
        with open_loop(settings, "maintenance", name) as loop:
            report = _run(loop)
            publish_tables(loop, anew=True)  # what was found damaged, and what only seems to be as it should
    except RunSkippedError as skipped:
        report = MaintenanceReport(name, RunStatus.SKIPPED, (str(skipped),))
    return final_state(report)  # type: ignore[no-any-return]


def _run(loop: Loop) -> MaintenanceReport:
    findings = Findings()
    findings.add(*check_published(loop))
    tidied = compare_ids(loop)
    findings.add(tidied.problem)
    compacted = compact_store(loop)
    findings.add(compacted.problem)
    write_report(loop, f"Maintenance {loop.label}", findings.problems)
    status = finish(loop, tuple(findings.problems))
    return MaintenanceReport(
        label=loop.label,
        status=status,
        problems=tuple(findings.problems),
        freed_bytes=compacted.freed_bytes,
        shards_merged=compacted.shards_merged,
        leftovers=compacted.leftovers,
        tidied=tidied,
    )
