"""The only module that talks to Label Studio's SDK; what comes back is checked and typed here."""

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from label_studio_sdk import ImportApiRequest, LabelStudio
from label_studio_sdk.actions import PrepareParamsRequestRequestSelectedItemsIncluded as Selected
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.core.request_options import RequestOptions
from pydantic import SecretStr, ValidationError

from labelling.answers import AnnotatedTask
from labelling.errors import (
    LabelStudioAuthError,
    LabelStudioDownError,
    LabelStudioRefusedError,
)
from labelling.payloads import KEY_FIELD
from labelling.wire import WireTask

_PAGE = 200  # tasks of one request
_LONGEST_DETAIL = 300
# The SDK repeats a POST whose answer was lost, and so does everything twice. We look first, see sync.push.
_ONCE = RequestOptions(max_retries=0)
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"  # the only way of writing a time that its filters read
_NO_FILE = "(?!)"  # matches no file name: somebody who presses "Sync storage" must not import every photo as a task
_UNAVAILABLE = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


class LabelStudioClient:
    """One Label Studio, seen with one token (a legacy token or a personal access token).

    Every method raises LabelStudioDownError where nothing answers (what was asked for may still have been done),
    LabelStudioAuthError where the token is refused, and LabelStudioRefusedError where Label Studio says no.

    Args:
        url: address of the server.
        token: of the API; it is never written anywhere.
        timeout: seconds that one request may take.
        transport: how requests travel; None for the network.
    """

    def __init__(
        self, url: str, token: SecretStr, timeout: float = 60.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        connection = httpx.Client(
            timeout=timeout,
            transport=transport,
            limits=httpx.Limits(max_keepalive_connections=0),  # nothing stays open, so nobody has to close a client
            trust_env=not _is_loopback(self._url),  # a proxy of the environment cannot reach our loopback interface
        )
        with self._told():
            self._sdk = LabelStudio(  # type: ignore[no-untyped-call]
                base_url=self._url, api_key=token.get_secret_value(), max_retries=0, httpx_client=connection
            )

    def ping(self) -> str:
        """Check that Label Studio answers and takes the token; return whose it is."""
        with self._told():
            return str(self._sdk.users.whoami(request_options=_ONCE).email)

    def ensure_project(self, title: str, config_xml: str, images_root: Path) -> int:
        """The id of the project of this title, made or brought up to date.

        Args:
            title: of at least 3 characters; of several projects with it, the oldest counts.
            config_xml: what `labelling_config` gives.
            images_root: folder of the pictures, as the server sees it.
        """
        with self._told():
            every: Iterable[Any] = self._sdk.projects.list(request_options=_ONCE)
            same = [int(project.id) for project in every if project.title == title]
            project_id = min(same) if same else self._create_project(title, config_xml)
            if same and self._sdk.projects.get(project_id, request_options=_ONCE).label_config != config_xml:
                self._sdk.projects.update(project_id, label_config=config_xml, request_options=_ONCE)
            self._ensure_storage(project_id, str(images_root))
        return project_id

    def import_tasks(self, project_id: int, payloads: Sequence[Mapping[str, Any]]) -> None:
        """Import tasks, all or none. After an error they may be there: look before importing again."""
        with self._told():
            request = [ImportApiRequest(**payload) for payload in payloads]
            self._sdk.projects.import_tasks(project_id, request=request, request_options=_ONCE)

    def tasks_updated_since(self, project_id: int, moment: datetime | None) -> Iterator[AnnotatedTask]:
        """The tasks touched at or after a moment (None: all) with their annotations, in the order they were touched.

        A task that is touched while this runs moves to the end and is met there, so nothing is passed over.
        """
        names = self._usernames()
        since, page, met = moment, 1, set[tuple[int, datetime]]()
        while True:
            filters = (
                [_filter("updated_at", "greater_or_equal", "Datetime", since.astimezone(UTC).strftime(_MOMENT))]
                if since
                else []
            )
            tasks = [raw.annotated(names) for raw in self._page(project_id, filters, "updated_at", page)]
            for task in tasks:
                if (task.task_id, task.updated_at) not in met:
                    met.add((task.task_id, task.updated_at))
                    yield task
            if len(tasks) < _PAGE:
                return
            # Go on from the last one's time instead of by page number, unless a whole page shares one time.
            since, page = (tasks[-1].updated_at, 1) if tasks[-1].updated_at != since else (since, page + 1)

    def open_tasks(self, project_id: int) -> Iterator[AnnotatedTask]:
        """The tasks that nobody has answered or skipped, oldest first."""
        unanswered = [
            _filter("total_annotations", "equal", "Number", 0),
            _filter("cancelled_annotations", "equal", "Number", 0),
        ]
        return (raw.annotated({}) for raw in self._by_id(project_id, unanswered))

    def task_ids_by_key(self, project_id: int) -> dict[str, int]:
        """The task of each question key; the oldest, should there be several."""
        found: dict[str, int] = {}
        for task in self._by_id(project_id, [], "id,updated_at,data"):
            key = task.data.get(KEY_FIELD)
            if isinstance(key, str):
                found.setdefault(key, task.id)
        return found

    def delete_tasks(self, project_id: int, task_ids: Iterable[int]) -> None:
        """Delete tasks with their annotations; ids that are not there are passed over."""
        chosen = Selected(all_=False, included=list(task_ids))
        if chosen.included:  # Label Studio takes an empty list for "all"
            with self._told():
                self._sdk.actions.create(
                    id="delete_tasks", project=project_id, selected_items=chosen, request_options=_ONCE
                )

    def submit_annotation(
        self, task_id: int, result: Sequence[Mapping[str, Any]], unique_id: str, lead_time: float
    ) -> bool:
        """Answer a task; False where this answer was delivered before.

        Args:
            task_id: the task.
            result: what `answer_result` gives.
            unique_id: a UUID of this answer.
            lead_time: seconds that answering took.
        """
        with self._told():
            try:
                self._sdk.annotations.create(
                    task_id,
                    result=[dict(part) for part in result],
                    unique_id=unique_id,
                    lead_time=lead_time,
                    request_options=_ONCE,
                )
            except ApiError as error:
                if error.status_code == HTTPStatus.CONFLICT:
                    return False
                raise
        return True

    def _create_project(self, title: str, config_xml: str) -> int:
        made: Any = self._sdk.projects.create(
            title=title,
            label_config=config_xml,
            description="Photos that skuloop asks about. Made and kept up to date by skuloop.",
            maximum_annotations=1,
            enable_empty_annotation=False,
            request_options=_ONCE,
        )
        return int(made.id)

    def _ensure_storage(self, project_id: int, path: str) -> None:
        """Label Studio serves local files only to projects with a storage row for their folder."""
        rows = self._sdk.import_storage.local.list(project=project_id, request_options=_ONCE)
        if path not in {row.path for row in rows}:
            self._sdk.import_storage.local.create(
                project=project_id,
                path=path,
                title="skuloop pictures",
                regex_filter=_NO_FILE,
                use_blob_urls=False,
                request_options=_ONCE,
            )

    def _usernames(self) -> dict[int, str]:
        with self._told():
            return {user.id: str(user.email) for user in self._sdk.users.list(request_options=_ONCE)}

    def _by_id(
        self, project_id: int, filters: Sequence[Mapping[str, Any]], include: str | None = None
    ) -> Iterator[WireTask]:
        """Tasks from the last id met onwards, so that answers that come in meanwhile shift nothing."""
        last = 0
        while True:
            tasks = self._page(project_id, [*filters, _filter("id", "greater", "Number", last)], "id", 1, include)
            yield from tasks
            if len(tasks) < _PAGE:
                return
            last = tasks[-1].id

    def _page(
        self,
        project_id: int,
        filters: Sequence[Mapping[str, Any]],
        ordering: str,
        page: int,
        include: str | None = None,
    ) -> list[WireTask]:
        query = {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": [f"tasks:{ordering}"]}
        with self._told():
            found: Any = self._sdk.tasks.list(
                project=project_id,
                query=json.dumps(query),
                fields="task_only" if include else "all",
                include=include,
                page=page,
                page_size=_PAGE,
                resolve_uri=False,
                request_options=_ONCE,
            )
            return [WireTask.model_validate(task) for task in found.items or []]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the SDK raises into our errors; none of them carries a header, so none carries a token."""
        try:
            yield
        except httpx.TransportError as error:
            raise LabelStudioDownError(
                f"no answer from {self._url} ({type(error).__name__}). Check that Label Studio runs there; "
                "nothing is lost, the next run goes on."
            ) from error
        except ApiError as error:
            raise _refusal(self._url, error) from None  # its text holds the response's headers, cookies too
        except ValidationError as error:
            raise LabelStudioRefusedError(
                f"{self._url} answered what skuloop does not understand; is it Label Studio 1.23? {_cut(error)}"
            ) from error


def _refusal(url: str, error: ApiError) -> LabelStudioAuthError | LabelStudioDownError | LabelStudioRefusedError:
    if error.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return LabelStudioAuthError(
            f"{url} refuses the token (HTTP {error.status_code}). Copy it anew from Account & Settings in Label Studio "
            "into SKULOOP_LABEL_STUDIO__TOKEN; a legacy token also needs legacy tokens enabled for the organisation."
        )
    if error.status_code in _UNAVAILABLE:
        return LabelStudioDownError(f"{url} is not ready (HTTP {error.status_code}); the next run goes on.")
    return LabelStudioRefusedError(f"{url} says no (HTTP {error.status_code}): {_cut(error.body)}")


def _cut(said: object) -> str:
    text = " ".join(str(said).split())
    return text if len(text) <= _LONGEST_DETAIL else f"{text[:_LONGEST_DETAIL]}..."


def _filter(column: str, operator: str, kind: str, value: str | int) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
