"""The Label Studio that the settings name: a remote one, or the local one of skuloop."""

import logging
from pathlib import Path

from labelling.client import LabelStudioClient
from labelling.credentials import shared_secret
from labelling.errors import LabelStudioDownError, LabelStudioRefusedError
from labelling.hints import Webhook
from labelling.interface import labelling_config
from labelling.server import LocalLabelStudio
from labelling.wire import is_loopback
from tasks.wiring import Parts

_CHECKOUT = Path(__file__).resolve().parents[1]
_log = logging.getLogger(__name__)


def local_label_studio(parts: Parts) -> LocalLabelStudio:
    """The local Label Studio, running or not."""
    hints = parts.settings.webhook.url
    return LocalLabelStudio(
        data_dir=parts.paths.label_studio,
        images_root=parts.paths.images,
        executable=_executable(parts),
        port=parts.settings.label_studio.port,
        hints=hints is not None and is_loopback(str(hints)),
    )


def connect(parts: Parts) -> tuple[LabelStudioClient, int]:
    """A client and the id of skuloop's project, which is made or mended on the way.

    Raises:
        LabelStudioDownError: nothing answers; the message says how to start it.
        LabelStudioAuthError: the token is refused.
    """
    client = _client(parts)
    project = client.ensure_project(
        parts.settings.label_studio.project,
        labelling_config(client.site),
        parts.paths.images,
        parts.settings.review.overlap_share,
    )
    _ask_for_hints(parts, client, project)
    return client, project


def _ask_for_hints(parts: Parts, client: LabelStudioClient, project: int) -> None:
    """Register our receiver with the project, or take it away where the settings name none; no run needs it."""
    url = parts.settings.webhook.url
    try:
        client.ensure_webhook(
            project, None if url is None else Webhook(str(url), shared_secret(parts.paths.hint_secret))
        )
    except LabelStudioRefusedError as error:
        _log.warning(
            "Label Studio does not take webhook.url (%s), so answers are pulled by the hour alone. It calls its own "
            "machine and networks only where it was started so: start a local one anew (`skuloop labelling stop`, then "
            "`start`); for one of yours see docs/guide/engineer.md. %s",
            url,
            error,
        )


def _executable(parts: Parts) -> Path:
    """As the settings say; where they say nothing, beside them, or that of the checkout that we run from."""
    chosen = parts.settings.label_studio
    found = parts.settings.resolve(chosen.executable)
    here = _CHECKOUT / chosen.executable
    return here if "executable" not in chosen.model_fields_set and not found.is_file() and here.is_file() else found


def _client(parts: Parts) -> LabelStudioClient:
    chosen = parts.settings.label_studio
    if chosen.url is not None:
        if chosen.token is None:
            raise LabelStudioDownError(
                f"label_studio.url is {chosen.url}, but no token is set. Put it into SKULOOP_LABEL_STUDIO__TOKEN."
            )
        return LabelStudioClient(str(chosen.url), chosen.token, site=str(chosen.site) if chosen.site else None)
    running = local_label_studio(parts).info()
    if running is None:
        raise LabelStudioDownError("the local Label Studio is not running. Start it with `skuloop labelling start`.")
    return LabelStudioClient(running.url, running.token)
