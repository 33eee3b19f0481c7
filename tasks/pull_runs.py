"""A run of the deployed pull, started where none is due or at work."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as OfType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_URL, temporary_settings

from labelling.errors import HintError
from labelling.hints import Started

_PULL = "answers/answers"
_MOST = 100  # runs that have not begun: the schedule makes some of them days ahead


def start_pull(api_url: str) -> Started:
    """Start the deployed flow `answers`, unless a run of it is due or at work.

    Args:
        api_url: address of Prefect's API.

    Raises:
        HintError: Prefect does not answer, or has no such deployment.
    """
    try:
        with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(_PULL).id
            begun = _runs(client, deployment, [StateType.RUNNING, StateType.CANCELLING])
            waiting = _runs(client, deployment, [StateType.SCHEDULED, StateType.PENDING])
            if any(map(_is_due, waiting)):
                return Started.WAITS
            if begun:
                return Started.BUSY
            client.create_flow_run_from_deployment(deployment)
            return Started.NOW
    except ObjectNotFound as error:
        raise HintError(f"Prefect at {api_url} has no deployment {_PULL}: run `skuloop deploy`") from error
    except (PrefectException, httpx.HTTPError, RuntimeError) as error:
        raise HintError(f"Prefect at {api_url} does not start a pull ({type(error).__name__})") from error


def _runs(client: SyncPrefectClient, deployment: UUID, states: list[StateType]) -> list[FlowRun]:
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]), state=FlowRunFilterState(type=OfType(any_=states))
    )
    return client.read_flow_runs(flow_run_filter=wanted, limit=_MOST)


def _is_due(run: FlowRun) -> bool:
    """A run that the schedule has made for later is of no use to a hint."""
    return run.expected_start_time is None or run.expected_start_time <= datetime.now(UTC)
