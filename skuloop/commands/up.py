"""Everything that nights need on one machine, started together and stopped together.

Each part is found where it runs and started where it does not, so doing it again does no harm.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from labelling.errors import LabellingError
from recognition.files import write_durably
from skuloop.commands.deploy import apply_deployments, server_of_prefect, settings_path
from skuloop.exit_codes import ExitCode
from skuloop.hint_receiver import HintReceiverError, ensure_receiver, stop_receiver
from skuloop.output import complain, print_line, say
from skuloop.prefect_server import stop_server
from skuloop.prefect_worker import POOL, PrefectWorkerError, ensure_worker, stop_worker
from tasks.label_studio import local_label_studio
from tasks.settings import Settings, load_settings
from tasks.wiring import Parts

PAGE = "services.html"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}"
    "body{color:#222;background:#fff}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.6rem .8rem;border-bottom:1px solid #ddd;"
    "vertical-align:top}code{background:#f3f3f5;padding:.1rem .3rem;border-radius:4px;overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#16161a}td,th{border-color:#333}code{background:#26262c}"
    "a{color:#8ab4ff}}"
)


@dataclass(frozen=True)
class Service:
    """One thing that runs, or can be started: where it is, and what it is for."""

    name: str
    address: str
    use: str


def up(config: Path | None) -> ExitCode:
    """Start Prefect's server and worker and the local Label Studio, deploy, and write the page of addresses."""
    settings = load_settings(config)
    api_url = apply_deployments(config)
    _, home = server_of_prefect()
    try:
        pid = ensure_worker(api_url, home, say)
    except PrefectWorkerError as error:
        complain(str(error))
        return ExitCode.UNAVAILABLE
    labelling, code = _label_studio(settings)
    hints, code = _hint_receiver(settings, config, api_url, code)
    page = Parts(settings).paths.store / PAGE
    services = [
        Service("Prefect", api_url.removesuffix("/api"), "nights and cycles: what ran, what is due, run one now"),
        Service("worker", f"process {pid}, its log in {home / 'worker.log'}", f"starts what is due in the pool {POOL}"),
        labelling,
        *hints,
        Service(
            "answers",
            f"http://{settings.serve.host}:{settings.serve.port}",
            "after `skuloop serve`: what is this product?",
        ),
        Service("reports", str(Parts(settings).paths.reports), "a page for each night and cycle"),
        Service("data", str(Parts(settings).paths.snapshot), "the tables, read-only, for the data team"),
    ]
    write_durably(page, _page(services).encode())
    for row in services:
        print_line(f"{row.name:13} {row.address}\n{'':13} {row.use}")
    print_line(f"The same as a page: {page}")
    print_line("Stop everything: skuloop down" + (f" --config {config}" if config else ""))
    return code


def down(config: Path | None) -> None:
    """Stop worker, Label Studio and the server that `up` started; what is deployed and stored stays."""
    settings = load_settings(config)
    api_url, home = server_of_prefect()
    stopped = {
        "worker": stop_worker(api_url),
        **({"receiver of hints": stop_receiver(settings_path(config))} if settings.webhook.url else {}),
        "Label Studio": settings.label_studio.url is None and local_label_studio(Parts(settings)).stop(),
        "Prefect": stop_server(home),
    }
    (Parts(settings).paths.store / PAGE).unlink(missing_ok=True)
    for name, was_up in stopped.items():
        say(f"{name}: {'stopped' if was_up else 'did not run'}")


def _label_studio(settings: Settings) -> tuple[Service, ExitCode]:
    """Started here, or one of somebody's own; without one, nights go on and their questions wait."""
    if settings.label_studio.url is not None:
        return Service("Label Studio", str(settings.label_studio.url), "questions of the night, yours"), ExitCode.DONE
    server = local_label_studio(Parts(settings))
    try:
        info = server.start(say)
    except LabellingError as error:
        complain(f"Label Studio: {error}")
        return Service("Label Studio", "not running", "questions wait until it does"), ExitCode.WITH_PROBLEMS
    login = Parts(settings).paths.label_studio / "credentials.json"
    return Service(
        "Label Studio", info.url, f"questions of the night; login {info.username}, password in {login}"
    ), ExitCode.DONE


def _hint_receiver(
    settings: Settings, config: Path | None, api_url: str, code: ExitCode
) -> tuple[list[Service], ExitCode]:
    """Only where the settings ask for it; without it answers are pulled by the hour."""
    if settings.webhook.url is None:
        return [], code
    log = Parts(settings).paths.store / "webhook.log"
    try:
        pid = ensure_receiver(settings_path(config), settings.webhook.port, api_url, log, say)
    except HintReceiverError as error:
        complain(str(error))
        return [Service("hints", "not running", "answers are pulled by the hour")], ExitCode.WITH_PROBLEMS
    return [Service("hints", f"process {pid}, its log in {log}", "answers are pulled within the minute")], code


def _page(services: Sequence[Service]) -> str:
    rows = "".join(
        f"<tr><td>{escape(row.name)}</td><td>{_where(row.address)}</td><td>{escape(row.use)}</td></tr>"
        for row in services
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>skuloop: services</title><style>{_STYLE}</style><h1>skuloop</h1>"
        f"<p>Started by <code>skuloop up</code> on {escape(os.uname().nodename)}; "
        "<code>skuloop down</code> stops it.</p>"
        f"<table><tr><th>what</th><th>where</th><th>for</th></tr>{rows}</table></html>\n"
    )


def _where(address: str) -> str:
    if address.startswith(("http://", "https://")):
        return f'<a href="{escape(address, quote=True)}">{escape(address)}</a>'
    return f"<code>{escape(address)}</code>"
