"""Labels: take back what somebody said."""

from datetime import datetime
from pathlib import Path

import typer

from skuloop.output import print_json, say
from tasks.loop import finish, open_loop
from tasks.revert import RevertReport, revert_labels, what_would_be_reverted
from tasks.settings import Settings, load_settings
from tasks.wiring import build_parts, today

_SHOWN = 20


def revert(config: Path | None, annotator: str, since: str, *, dry_run: bool, as_json: bool) -> None:
    """Take back, or say what would be taken back."""
    settings = load_settings(config)
    moment = _moment(since, settings)
    if dry_run:
        report = what_would_be_reverted(build_parts(settings), annotator, moment)
    else:
        report = _revert(settings, annotator, moment)
    if as_json:
        print_json(report)
    else:
        _tell(report, "would be taken back" if dry_run else "taken back")


def _revert(settings: Settings, annotator: str, moment: datetime) -> RevertReport:
    from tasks.snapshot import publish_tables

    with open_loop(settings, "revert", f"revert-{today(settings)}") as loop:
        report = revert_labels(loop, annotator, moment)
        finish(loop, ())
        publish_tables.fn(loop)
    return report


def _moment(since: str, settings: Settings) -> datetime:
    try:
        moment = datetime.fromisoformat(since)
    except ValueError as error:
        raise typer.BadParameter(
            f"{since!r} is no ISO time; write one like 2026-03-01T09:30", param_hint="--since"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.zone)


def _tell(report: RevertReport, done: str) -> None:
    say(f"{len(report.labels)} labels of {report.annotator} since {report.since.isoformat()} {done}, ")
    say(f"and {report.questions} questions may be asked again.")
    for label in report.labels[:_SHOWN]:
        print(f"{label.at.isoformat()}  {label.sha256[:12]}  {label.sku or label.kind}")
    if len(report.labels) > _SHOWN:
        print(f"... and {len(report.labels) - _SHOWN} more; --json shows all")
