"""Deploy the flows of prefect.yaml, with a local Prefect server where none answers.

Doing it again changes nothing: the server is found, the work pool and the automation are there, and the deployments are
written over with themselves.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
from prefect.automations import (
    Automation,
    ChangeFlowRunState,
    EventTrigger,
    Posture,
    ResourceSpecification,
    RunDeployment,
    SendNotification,
)
from prefect.blocks.fields import SecretDict
from prefect.blocks.notifications import CustomWebhookNotificationBlock, SlackWebhook
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.workers.process import ProcessWorker
from pydantic import SecretStr

from skuloop.exit_codes import ExitCode
from skuloop.output import complain, say
from skuloop.prefect_server import DEFAULT_API_URL, PrefectServerError, ensure_server
from skuloop.prefect_worker import POOL
from tasks.attention import ATTENTION_EVENT
from tasks.due import DUE_EVENT
from tasks.settings import CONFIG_VARIABLE, FILE_NAME, NotifySettings, Settings, load_settings

TAG = "skuloop"
AUTOMATION = "skuloop: a run without a sign of life has crashed"
START_OF_CYCLE = "skuloop: a cycle that is due starts"

_OF_OUR_RUNS = ResourceSpecification({"prefect.resource.role": ["tag"], "prefect.resource.id": [f"prefect.tag.{TAG}"]})
_TELLING = (
    (
        "skuloop: tell somebody that a run failed",
        EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=_OF_OUR_RUNS,
            expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        "skuloop: {{ flow_run.name }} {{ flow_run.state.name }}",
        "{{ flow_run.state.message }}\nWhat was done is kept: run it again.\n{{ flow_run|ui_url }}",
    ),
    (
        "skuloop: tell somebody what a person has to decide",
        EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": ["skuloop.*"]}),
            expect={f"{ATTENTION_EVENT}.*"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        "skuloop: {{ event.payload.subject }}",
        "{{ event.payload.message }}",
    ),
)
_CHECKOUT = Path(__file__).resolve().parents[2]
_SILENCE = timedelta(seconds=120)  # four heartbeats of prefect.yaml; one or two may be late on a busy machine
_DEPLOY_SECONDS = 300.0


class DeployError(Exception):
    """The deployments could not be made; the message says why and what to do."""


def deploy(config: Path | None) -> None:
    """Deploy the flows with their schedules, and say how to go on.

    Args:
        config: path of `skuloop.toml`; by default the one in the current folder.

    Raises:
        SettingsError: the settings cannot be used; nothing was started or deployed.
    """
    api_url = apply_deployments(config)
    _say_how_to_go_on(settings_path(config), api_url)


def settings_path(config: Path | None) -> Path:
    """Where the settings lie, as the deployed runs are told."""
    return (config or Path(FILE_NAME)).resolve()


def server_of_prefect() -> tuple[str, Path]:
    """Address of the API that deployments go to, and Prefect's home on this machine."""
    prefect = get_current_settings()
    return (prefect.api.url or DEFAULT_API_URL).rstrip("/"), prefect.home


def apply_deployments(config: Path | None) -> str:
    """Deploy, or end the command with the reason; return the address of Prefect's API.

    Raises:
        SettingsError: the settings cannot be used; nothing was started or deployed.
    """
    settings = load_settings(config)
    api_url, home = server_of_prefect()
    try:
        _deploy(settings_path(config), settings, api_url, home)
    except (DeployError, PrefectServerError) as error:
        complain(str(error))
        raise SystemExit(ExitCode.UNAVAILABLE) from error
    except (PrefectException, httpx.HTTPError) as error:
        complain(f"the Prefect server at {api_url} did not accept the deployments: {error}")
        raise SystemExit(ExitCode.UNAVAILABLE) from error
    return api_url


def _deploy(config: Path, settings: Settings, api_url: str, home: Path) -> None:
    if not (_CHECKOUT / "prefect.yaml").is_file():
        raise DeployError(
            f"there is no prefect.yaml in {_CHECKOUT}. Deploy from a checkout of skuloop (`make deploy`)."
        )
    ensure_server(api_url, home, say)
    with temporary_settings({PREFECT_API_URL: api_url}):
        _ensure_pool()
        _ensure_sweep()
        _ensure_notifications(settings.notify)
    say("deploying nightly, cycle, answers, bakeoff and maintenance")
    _apply(config, settings.timezone, api_url)
    with temporary_settings({PREFECT_API_URL: api_url}):
        _ensure_start_of_cycle()


def _ensure_pool() -> None:
    """Create the work pool unless there is one: somebody may have made it a docker or kubernetes pool on purpose."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(POOL)
        except ObjectNotFound:
            template = ProcessWorker.get_default_base_job_template()
            client.create_work_pool(WorkPoolCreate(name=POOL, type=ProcessWorker.type, base_job_template=template))


def _ensure_sweep() -> None:
    """A run whose worker and process were both killed would look alive for ever: nobody is left to report its end.

    Only runs of our deployments are watched (by their tag), because others may send their signs of life less often. Any
    event of a run counts as one: an end may bear any name, such as `Degraded` or `Skipped`.
    """
    trigger = EventTrigger(
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        match_related=_OF_OUR_RUNS,
        for_each={"prefect.resource.id"},
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.*"},
        posture=Posture.Proactive,
        threshold=1,
        within=_SILENCE,
    )
    action = ChangeFlowRunState(state=StateType.CRASHED, message=f"no sign of life for {_SILENCE}")
    _ensure_automation(AUTOMATION, trigger, action, lambda _: True)


def _ensure_start_of_cycle() -> None:
    """A cycle that is said to be due is started; the deployment must be there before the automation that names it."""
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("cycle/cycle").id
    trigger = EventTrigger(
        match=ResourceSpecification({"prefect.resource.id": ["skuloop.cycle"]}),
        expect={DUE_EVENT},
        posture=Posture.Reactive,
        threshold=1,
    )
    action = RunDeployment(deployment_id=deployment)
    _ensure_automation(
        START_OF_CYCLE, trigger, action, lambda found: getattr(found, "deployment_id", None) == deployment
    )


def _ensure_notifications(notify: NotifySettings) -> None:
    """Install, renew or remove the automations that tell somebody; without an address nobody is told."""
    block = _notification_block(notify)
    for name, trigger, subject, body in _TELLING:
        action = None
        if block is not None:
            action = SendNotification(block_document_id=block, subject=subject, body=body)
        _ensure_automation(name, trigger, action, lambda found: getattr(found, "block_document_id", None) == block)


def _ensure_automation(
    name: str, trigger: EventTrigger, action: ActionTypes | None, is_it: Callable[[ActionTypes], bool]
) -> None:
    """Leave an automation of that name as it is if `is_it` says so of its action; else put this one, or none, there."""
    with get_client(sync_client=True) as client:
        found = client.read_automations_by_name(name)
        if action is not None and any(is_it(row.actions[0]) for row in found):
            return
        for row in found:
            client.delete_automation(row.id)
    if action is not None:
        Automation(name=name, description="Installed by `skuloop deploy`.", trigger=trigger, actions=[action]).create()


def _notification_block(notify: NotifySettings) -> UUID | None:
    """Id of the block that the settings name, or of one that is made of their address."""
    if notify.block is not None:
        kind, name = notify.block.split("/")
        with get_client(sync_client=True) as client:
            try:
                return client.read_block_document_by_name(name, kind).id
            except ObjectNotFound as error:
                raise DeployError(
                    f"there is no block {notify.block} in Prefect (notify.block). Make it on the page Blocks, "
                    "or set SKULOOP_NOTIFY__URL instead."
                ) from error
    if notify.url is None:
        return None
    url = notify.url.get_secret_value()
    block: SlackWebhook | CustomWebhookNotificationBlock
    if url.startswith(("http://", "https://")) and "hooks.slack" not in url:
        text = {"text": "{{subject}}\n{{body}}", "subject": "{{subject}}", "body": "{{body}}"}
        secrets = SecretDict({"address": url})
        block = CustomWebhookNotificationBlock(name=POOL, url="{{address}}", json_data=text, secrets=secrets)
    else:
        block = SlackWebhook(url=SecretStr(url))  # hands whatever is not Slack's to Apprise: mail and a hundred more
    saved = block.save(POOL, overwrite=True)
    return saved if isinstance(saved, UUID) else UUID(str(saved))


def _apply(config: Path, timezone: str, api_url: str) -> None:
    """Let Prefect read prefect.yaml, with the two names that it leaves open."""
    names = {CONFIG_VARIABLE: str(config), "SKULOOP_TIMEZONE": timezone, "PREFECT_API_URL": api_url}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "deploy", "--all", "--prefect-file", "prefect.yaml"],
            cwd=_CHECKOUT,
            env={**os.environ, **names, "PREFECT_CLI_PROMPT": "false"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_DEPLOY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeployError(
            f"`prefect deploy --all` did not end within {_DEPLOY_SECONDS:.0f} s. Deploy again: that does no harm."
        ) from error
    if done.returncode != 0:
        raise DeployError(f"`prefect deploy --all` in {_CHECKOUT} failed:\n{done.stdout.strip()}")


def _say_how_to_go_on(config: Path, api_url: str) -> None:
    program = f"PREFECT_API_URL={api_url} {Path(sys.executable).with_name('prefect')}"
    print(f"deployed for {config}: nightly, cycle, answers and maintenance with their schedules")
    print("  bakeoff:         deployed too; its schedule is switched off until you want it")
    print(f"  watch them:      {api_url.removesuffix('/api')}")
    print(f"  start a worker:  {program} worker start --pool {POOL}")
    print(f"  run one now:     {program} deployment run nightly/nightly")
