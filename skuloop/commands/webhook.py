"""Take hints of Label Studio that somebody answered, and have them pulled."""

import contextlib
import logging
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import uvicorn

from labelling.credentials import shared_secret
from labelling.errors import LabellingError
from labelling.hints import Gatherer, HintReceiver
from serving.http.listening import listening
from serving.http.protocol import limited_protocol
from skuloop.commands.deploy import server_of_prefect
from skuloop.output import complain, say
from tasks.label_studio import connect
from tasks.pull_runs import start_pull
from tasks.settings import SettingsError, load_settings
from tasks.wiring import Parts

_HEADER_SECONDS = 5.0
_CONNECTIONS = 64  # Label Studio opens one for each answer, and waits a second for it
_DRAIN_SECONDS = 5


def take_hints(config: Path | None) -> None:
    """Take hints until told to stop.

    Raises:
        SettingsError: the settings name no address to be called at.
        PortTakenError: the port cannot be had.
    """
    settings = load_settings(config)
    if settings.webhook.url is None:
        raise SettingsError(
            "webhook.url is not set: write the address at which Label Studio reaches this machine, such as "
            f"http://127.0.0.1:{settings.webhook.port}/"
        )
    parts = Parts(settings)
    secret = shared_secret(parts.paths.hint_secret)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    api_url, _ = server_of_prefect()
    gatherer = Gatherer(partial(start_pull, api_url), settings.webhook.seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn hands the signal on once all is answered
    with listening(settings.webhook.host, settings.webhook.port, "set webhook.port to a free one") as listener:
        _register(parts)
        say(f"hints for {settings.webhook.url} are taken at {settings.webhook.host}:{listener.getsockname()[1]}")
        pulls = threading.Thread(target=gatherer.run, name="pulls", daemon=True)
        pulls.start()
        with contextlib.suppress(KeyboardInterrupt):
            hint_server(HintReceiver(secret, gatherer.hint)).run(sockets=[listener])


def hint_server(receiver: HintReceiver) -> uvicorn.Server:
    """The HTTP server around a receiver; like that of `skuloop serve` it bounds headers and connections."""
    return uvicorn.Server(
        uvicorn.Config(
            receiver,
            http=limited_protocol(_HEADER_SECONDS, _CONNECTIONS),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )


def _register(parts: Parts) -> None:
    """Every run does it too: one that is not possible now is no reason to end."""
    try:
        connect(parts)
    except LabellingError as error:
        complain(f"no hint will come yet: {error}")
