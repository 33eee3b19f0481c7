"""Publish what the data team reads."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.disk import of_snapshot
from tasks.loop import Loop, stage
from warehouse.snapshot import SnapshotReport, publish_snapshot


@task(name="snapshot", cache_policy=NO_CACHE)
def publish_tables(loop: Loop, *, anew: bool = False) -> SnapshotReport:
    """Replace the read-only copy of the database, and the Parquet files that differ from it; all of them if `anew`."""
    with stage(loop, "snapshot", of_snapshot(loop.parts)) as done:
        report = publish_snapshot(loop.parts.warehouse, loop.parts.paths.snapshot, anew=anew)
        done.summary = f"{report.written} tables and views written, {report.bytes / 1e6:.1f} MB"
    return report
