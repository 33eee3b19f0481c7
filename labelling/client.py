"""The only module that talks to the Label Studio SDK."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr

from labelling.payloads import StoredTask


class LabelStudioClient:
    """One Label Studio server, seen with one person's token.

    Every method raises `LabelStudioDownError` (no answer), `LabelStudioAuthError` (token refused) or
    `LabelStudioRefusedError` (anything else the server says no to).

    Args:
        url: Address of the server.
        token: Legacy token (`Authorization: Token ...`) or personal access token.
        timeout_seconds: How long to wait for one answer.
        transport: How requests travel; None for the network.
    """

    def __init__(
        self, url: str, token: SecretStr, timeout_seconds: float = 60.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url

    def ping(self) -> str:
        """Check that the server answers and accepts the token; return its version."""
        raise NotImplementedError

    def ensure_project(self, title: str, config_xml: str, images_root: Path) -> int:
        """Return the id of the project with this title, made or brought up to date; doing it twice changes nothing.

        Args:
            title: The project is found by it.
            config_xml: The labelling interface.
            images_root: The images folder as the *server* sees it (`ServerInfo.images_root` of a local one).
        """
        raise NotImplementedError

    def import_tasks(self, project_id: int, payloads: Sequence[Mapping[str, Any]]) -> int:
        """Import tasks, all or none; return how many. After an error, look before importing again."""
        raise NotImplementedError

    def tasks_updated_since(self, project_id: int, since: datetime | None) -> Iterator[StoredTask]:
        """Yield the tasks touched at or after a time (None: all), oldest touch first, with their annotations."""
        raise NotImplementedError

    def open_tasks(self, project_id: int) -> Iterator[StoredTask]:
        """Yield the tasks that nobody has answered, in the order in which people are asked."""
        raise NotImplementedError

    def task_ids_by_key(self, project_id: int) -> dict[str, int]:
        """Return the task of each question key in the project (the oldest, should there be several)."""
        raise NotImplementedError

    def delete_tasks(self, project_id: int, task_ids: Sequence[int]) -> None:
        """Delete tasks with their annotations; ids that do not exist are passed over."""
        raise NotImplementedError

    def submit_annotation(
        self, task_id: int, result: Sequence[Mapping[str, Any]], unique_id: UUID, lead_time_seconds: float
    ) -> bool:
        """Answer a task; return False if this `unique_id` was delivered before."""
        raise NotImplementedError
