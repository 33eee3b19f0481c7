"""The Label Studio that the settings name: a remote one, or the local one of skuloop."""

from labelling.client import LabelStudioClient
from labelling.errors import LabelStudioDownError
from labelling.interface import labelling_config
from labelling.server import LocalLabelStudio
from tasks.wiring import Parts


def local_label_studio(parts: Parts) -> LocalLabelStudio:
    """The local Label Studio, running or not."""
    chosen = parts.settings.label_studio
    return LocalLabelStudio(
        data_dir=parts.paths.label_studio,
        images_root=parts.paths.images,
        executable=parts.settings.resolve(chosen.executable),
        port=chosen.port,
    )


def connect(parts: Parts) -> tuple[LabelStudioClient, int]:
    """A client and the id of skuloop's project, which is made or mended on the way.

    Raises:
        LabelStudioDownError: nothing answers; the message says how to start it.
        LabelStudioAuthError: the token is refused.
    """
    client = _client(parts)
    project = client.ensure_project(parts.settings.label_studio.project, labelling_config(), parts.paths.images)
    return client, project


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
