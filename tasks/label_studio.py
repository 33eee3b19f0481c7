"""The Label Studio that the settings name: a remote one, or the local one of skuloop."""

from pathlib import Path

from labelling.client import LabelStudioClient
from labelling.errors import LabelStudioDownError
from labelling.interface import labelling_config
from labelling.server import LocalLabelStudio
from tasks.wiring import Parts

_CHECKOUT = Path(__file__).resolve().parents[1]


def local_label_studio(parts: Parts) -> LocalLabelStudio:
    """The local Label Studio, running or not."""
    return LocalLabelStudio(
        data_dir=parts.paths.label_studio,
        images_root=parts.paths.images,
        executable=_executable(parts),
        port=parts.settings.label_studio.port,
    )


def connect(parts: Parts) -> tuple[LabelStudioClient, int]:
    """A client and the id of skuloop's project, which is made or mended on the way.

    Raises:
        LabelStudioDownError: nothing answers; the message says how to start it.
        LabelStudioAuthError: the token is refused.
    """
    client = _client(parts)
    project = client.ensure_project(
        parts.settings.label_studio.project, labelling_config(client.url), parts.paths.images
    )
    client.ensure_overlap(project, parts.settings.review.overlap_share)
    return client, project


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
        return LabelStudioClient(str(chosen.url), chosen.token)
    running = local_label_studio(parts).info()
    if running is None:
        raise LabelStudioDownError("the local Label Studio is not running. Start it with `skuloop labelling start`.")
    return LabelStudioClient(running.url, running.token)
