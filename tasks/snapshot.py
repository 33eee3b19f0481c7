"""Publish what the data team reads."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.disk import of_snapshot
from tasks.loop import Loop, stage
from warehouse.snapshot import SnapshotReport, publish_snapshot


@task(name="snapshot", cache_policy=NO_CACHE)
def publish_tables(loop: Loop) -> SnapshotReport:
    """Replace the read-only copy of the database and its Parquet files."""
    with stage(loop, "snapshot", of_snapshot(loop.parts)) as done:
        report = publish_snapshot(loop.parts.warehouse, loop.parts.paths.snapshot)
        done.summary = f"{report.tables} tables and views, {report.bytes / 1e6:.1f} MB"
    return report
