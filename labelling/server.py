"""A Label Studio server on this machine: started once, found again, stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A running server.

    Attributes:
        images_root: The images folder as the server sees it: what `LabelStudioClient.ensure_project` wants.
    """

    url: str
    username: str
    password: SecretStr
    token: SecretStr
    pid: int
    images_root: Path


class LocalLabelStudio:
    """The Label Studio of one workspace, bound to the loopback interface.

    Args:
        data_dir: Its database, credentials and log.
        images_root: The folder whose pictures it may show, and no other.
        executable: `bin/label-studio` of the server's own environment.
        port: 0 takes a free one at each start.
    """

    def __init__(self, data_dir: Path, images_root: Path, executable: Path, port: int = 8080) -> None:
        self.data_dir = data_dir

    @property
    def served_images(self) -> Path:
        """The images folder as the server sees it: a link, so that the server can show nothing else of the store."""
        raise NotImplementedError

    def start(self, on_progress: Progress | None = None) -> ServerInfo:
        """Start the server unless it runs already, and wait until it answers.

        Raises:
            LabelStudioServerError: It cannot be started; the message holds the end of its log.
        """
        raise NotImplementedError

    def stop(self) -> bool:
        """Stop the server; return False if none of ours was running."""
        raise NotImplementedError

    def info(self) -> ServerInfo | None:
        """Return the running server, or None."""
        raise NotImplementedError
