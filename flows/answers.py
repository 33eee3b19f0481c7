"""Between nights and cycles: pull what people have answered, and say when a cycle is worth its time.

A question that somebody answers at ten is a label at eleven, and when enough wait, the cycle starts by itself.
"""

from prefect import flow

from recognition.vocabulary import RunStatus
from tasks.answers import pull_answers
from tasks.due import announce_due_cycle
from tasks.freshness import require_fresh
from tasks.loop import Loop, RunSkippedError, finish, open_loop
from tasks.report import Findings, PullReport, final_state, run_name
from tasks.settings import load_settings
from tasks.wiring import today


@flow(name="answers", flow_run_name=run_name)
def answers(config: str | None = None, label: str | None = None) -> PullReport:
    """Pull the answers once.

    Args:
        config: path of `skuloop.toml`; by default SKULOOP_CONFIG or the current folder.
        label: name of the run; by default today's date in the configured time zone.
    """
    settings = load_settings(config)
    name = label or f"answers-{today(settings)}"
    try:
        require_fresh(settings, "answers", name, named=label is not None)
        with open_loop(settings, "answers", name) as loop:
            report = _run(loop)
    except RunSkippedError as skipped:
        report = PullReport(name, RunStatus.SKIPPED, (str(skipped),))
    return final_state(report)  # type: ignore[no-any-return]


def _run(loop: Loop) -> PullReport:
    findings = Findings()
    pulled = pull_answers(loop)
    findings.add(pulled.problem)
    due = announce_due_cycle(loop)
    status = finish(loop, tuple(findings.problems))
    return PullReport(loop.label, status, tuple(findings.problems), pulled, due)
