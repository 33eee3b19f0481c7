"""`skuloop status`: how the loop stands."""

from pathlib import Path

from skuloop.output import percent, print_json, print_table
from tasks.settings import load_settings
from tasks.wiring import Parts
from warehouse.status import LoopStatus, loop_status


def show_status(config: Path | None, *, as_json: bool) -> None:
    """Print how the loop stands."""
    parts = Parts(load_settings(config))
    with parts.warehouse.read() as db:
        found = loop_status(db)
    if as_json:
        print_json(found)
    else:
        _print_status(found)


def _print_status(found: LoopStatus) -> None:
    release = found.release
    print_table(
        "The loop",
        ("what", "how many"),
        [
            *((f"classes {tier}", count) for tier, count in found.tiers.items()),
            ("photos", found.images),
            ("photos without a label", found.unlabelled),
            ("questions open / waiting", f"{found.open_questions} / {found.pending_questions}"),
            ("release", f"{release.release_id} ({release.published_method})" if release else "none yet"),
        ],
    )
    print_table(
        "Last runs",
        ("run", "started", "status", "reason"),
        [(run.run_id, f"{run.started_at:%Y-%m-%d %H:%M}", run.status, run.reason) for run in found.last_runs],
    )
    if found.nights:
        print_table(
            "Nights",
            ("night", "judged", "sure", "unsure", "unseen", "asked", "manual share"),
            [
                (row.night_id, row.judged, row.sure, row.unsure, row.unseen, row.asked, percent(row.manual_share))
                for row in found.nights
            ],
        )
    if found.failures:
        print_table("Open crawl failures", ("reason", "count"), list(found.failures.items()))
