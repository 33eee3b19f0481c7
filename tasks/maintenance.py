"""What a store needs from time to time: compaction, agreement with Label Studio, and a look at what is published.

Nothing here is needed for the next night to be right; it keeps nights as quick as they were, and finds damage while the
copy beside it is still whole.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.errors import ReleaseDamagedError
from recognition.release.pointer import current_release_id, open_current
from recognition.vocabulary import RunStatus
from tasks.loop import Loop, stage
from tasks.published import follow_history
from tasks.tidying import TidyReport, tidy
from warehouse.errors import SnapshotError, VectorStoreError
from warehouse.predictions import forget_old_predictions
from warehouse.releases import current_release
from warehouse.snapshot import check_snapshot

_MIB = 1024**2
_RELEASES_REMEMBERED = 5  # what older ones took photos for is told by the first judgement of each alone


@dataclass(frozen=True)
class MaintenanceReport:
    """What was set right; `problems` needs somebody's eye."""

    label: str
    status: RunStatus
    problems: tuple[str, ...] = ()
    freed_bytes: int = 0
    shards_merged: int = 0
    leftovers: int = 0
    tidied: TidyReport | None = None


@dataclass(frozen=True)
class Compacted:
    """Bytes that the database gave back, shards of vectors that became larger ones, and leftovers removed."""

    freed_bytes: int = 0
    shards_merged: int = 0
    leftovers: int = 0
    problem: str | None = None


@task(name="compact", cache_policy=NO_CACHE)
def compact_store(loop: Loop) -> Compacted:
    """Rewrite database and vector shards without their gaps; remove what dead runs and old releases left behind."""
    parts = loop.parts
    database = parts.paths.database
    with stage(loop, "compact", needs=2 * database.stat().st_size) as done:
        leftovers = _remove_leftovers(parts.paths.releases)
        with parts.warehouse.write() as db:
            current = current_release(db)
            forgotten = forget_old_predictions(db, current.release_id if current else None, _RELEASES_REMEMBERED)
        freed, merged, problem = parts.warehouse.compact(), 0, None
        try:
            for fingerprint in parts.vectors.fingerprints():
                merged += parts.vectors.compact(fingerprint)
        except VectorStoreError as error:
            problem = str(error)
        done.summary = (
            f"{freed / _MIB:.1f} MiB freed, {merged} shards merged, {leftovers} leftovers removed, "
            f"{forgotten} judgements of old releases forgotten"
        )
    return Compacted(freed, merged, leftovers, problem)


@task(name="compare ids", cache_policy=NO_CACHE)
def compare_ids(loop: Loop) -> TidyReport:
    """Take back what was deleted in Label Studio, and remove there what nobody needs to answer."""
    with stage(loop, "compare ids") as done:
        report = tidy(loop, current_release_id(loop.parts.paths.releases))
        done.summary = f"{report.taken_back} labels taken back, {report.removed} tasks removed"
    return report


@task(name="check", cache_policy=NO_CACHE)
def check_published(loop: Loop) -> tuple[str, ...]:
    """Read every byte of the current release and every row of the snapshot; each problem says what to do."""
    with stage(loop, "check") as done:
        problems = tuple(_problems(loop))
        done.summary = f"{len(problems)} problems"
    return problems


def _problems(loop: Loop) -> Iterator[str]:
    paths = loop.parts.paths
    try:
        if follow_history(loop.parts) is not None:
            open_current(paths.releases)
    except ReleaseDamagedError as error:
        yield f"{error} `skuloop rollback`, or a cycle with anything new, heals it."
    try:
        check_snapshot(paths.snapshot)
    except SnapshotError as error:
        yield f"{error} This run writes it anew."


def _remove_leftovers(releases: Path) -> int:
    """Bundles that killed cycles were writing: whoever writes one holds the lock, and that is us."""
    found = list(releases.glob(".*.part")) if releases.exists() else []
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return len(found)
