"""The backlog of missed schedules: a worker that was away finds all of them at once, in no order; one is enough.

A run that was due earlier than another of the same deployment, which is due as well, ends as skipped and says which one
does its work. Times are compared as Prefect scheduled them, never with the clock of this machine.
"""

import logging
from datetime import datetime
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException
from prefect.types._datetime import now

from tasks.loop import RunSkippedError, record_skip
from tasks.settings import Settings

_MOST = 100  # runs that are looked through; a backlog is seldom longer

_log = logging.getLogger(__name__)


class OverdueError(RunSkippedError):
    """A later run of the same schedule is due as well; the message says which."""


def require_fresh(settings: Settings, flow: str, label: str, *, named: bool) -> None:
    """Return unless a later run of this deployment is due too; a run for a label that somebody named is always wanted.

    Without Prefect's word (it is away, or this run is nobody's deployment) a run goes on: repeating is harmless.

    Raises:
        OverdueError: the later one does the work; a skipped run is recorded.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if named or run is None or run.deployment_id is None or run.expected_start_time is None:
        return
    later = _later_run(run.deployment_id, run.expected_start_time)
    if later is None:
        return
    reason = (
        f"this {flow} was due at {run.expected_start_time:%Y-%m-%d %H:%M} UTC, and the one that was due at "
        f"{later:%Y-%m-%d %H:%M} UTC does its work."
    )
    record_skip(settings, flow, label, reason)
    raise OverdueError(reason)


def _later_run(deployment: UUID, than: datetime) -> datetime | None:
    """When the newest other run of the deployment was due, if that is later and not in the future.

    Runs for a label that somebody named do their own work, not that of a schedule.
    """
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        expected_start_time=FlowRunFilterExpectedStartTime(after_=than, before_=now("UTC")),
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(not_any_=[StateType.CANCELLED, StateType.CANCELLING, StateType.PAUSED])
        ),
    )
    try:
        with get_client(sync_client=True) as client:
            found = client.read_flow_runs(
                flow_run_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=_MOST
            )
    except (PrefectException, httpx.HTTPError) as error:
        _log.warning("Prefect does not say which runs are due: %s", error)
        return None
    due = [row.expected_start_time for row in found if row.parameters.get("label") is None]
    return next((at for at in due if at is not None and at > than), None)
