"""Commands that run something: night, cycle, bake-off, maintenance, rollback."""

from pathlib import Path

from recognition.vocabulary import RunStatus
from skuloop.exit_codes import ExitCode
from skuloop.output import print_json, say, show_progress
from skuloop.prefect_server import ensure_run_server
from skuloop.reports import print_bakeoff, print_cycle, print_maintenance, print_night
from tasks.settings import load_settings

_EXIT = {
    RunStatus.COMPLETED: ExitCode.DONE,
    RunStatus.DEGRADED: ExitCode.WITH_PROBLEMS,
    RunStatus.SKIPPED: ExitCode.TRY_LATER,
}


def run_night(config: Path | None, label: str | None, *, as_json: bool) -> ExitCode:
    """Run a night and print its report."""
    from flows.nightly import nightly

    _prepare(config)
    report = nightly(config=_text(config), label=label)
    if as_json:
        print_json(report)
    else:
        print_night(report)
    return _EXIT[report.status]


def run_cycle(config: Path | None, label: str | None, *, as_json: bool) -> ExitCode:
    """Run a cycle and print its report."""
    from flows.cycle import cycle

    _prepare(config)
    report = cycle(config=_text(config), label=label)
    if as_json:
        print_json(report)
    else:
        print_cycle(report)
    return _EXIT[report.status]


def run_bakeoff(
    config: Path | None, label: str | None, models: list[str], photos: int, detector: Path | None, *, as_json: bool
) -> ExitCode:
    """Run a bake-off and print its table and its advice."""
    from flows.bakeoff import bakeoff

    _prepare(config)
    report = bakeoff(config=_text(config), label=label, models=models, photos=photos, detector=_text(detector))
    if as_json:
        print_json(report)
    else:
        print_bakeoff(report)
    return _EXIT[report.status]


def run_maintenance(config: Path | None, label: str | None, *, as_json: bool) -> ExitCode:
    """Run the maintenance and print its report."""
    from flows.maintenance import maintenance

    _prepare(config)
    report = maintenance(config=_text(config), label=label)
    if as_json:
        print_json(report)
    else:
        print_maintenance(report)
    return _EXIT[report.status]


def run_rollback(config: Path | None, *, as_json: bool) -> None:
    """Roll back and say from where to where."""
    from tasks.loop import finish, open_loop
    from tasks.roll_back import roll_back
    from tasks.snapshot import publish_tables
    from tasks.wiring import today

    settings = load_settings(config)
    with open_loop(settings, "rollback", f"rollback-{today(settings)}") as loop:
        withdrawn, current = roll_back(loop)
        finish(loop, ())
        publish_tables.fn(loop)
    if as_json:
        print_json({"withdrawn": withdrawn, "current": current})
    else:
        say(f"{withdrawn} is withdrawn; {current} answers again.")


def _prepare(config: Path | None) -> None:
    load_settings(config)  # a wrong key is said before Prefect takes its seconds to start
    show_progress()
    ensure_run_server(say)


def _text(config: Path | None) -> str | None:
    return None if config is None else str(config)
