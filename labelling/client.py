"""The only module that talks to Label Studio's SDK; what comes back is checked and typed here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

import httpx
from label_studio_sdk import ImportApiRequest, LabelStudio
from label_studio_sdk.actions import PrepareParamsRequestRequestSelectedItemsIncluded as Selected
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.core.request_options import RequestOptions
from pydantic import SecretStr, ValidationError

from labelling.answers import AnnotatedTask
from labelling.errors import LabelStudioDownError, LabelStudioRefusedError, excerpt, refusal
from labelling.hints import SECRET_HEADER, Webhook
from labelling.payloads import ANSWERS_FILE, KEY_FIELD, picture_url
from labelling.served import link_pictures
from labelling.wire import TaskState, WireProject, WireTask, is_loopback, task_filter, task_query

_PAGE = 200  # tasks of one request
# The SDK repeats a POST whose answer was lost, and so does everything twice. We look first, see sync.push.
_ONCE = RequestOptions(max_retries=0)
_HINTS = ["ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_DELETED"]
_DESCRIPTION = "Photos that skuloop asks about. Made and kept up to date by skuloop."
_NO_FILE = "(?!)"  # matches no file name: somebody who presses "Sync storage" must not import every photo as a task


class LabelStudioClient:
    """One Label Studio, seen with one token (a legacy token or a personal access token).

    Every method raises LabelStudioDownError where nothing answers (what was asked for may still have been done),
    LabelStudioAuthError where the token is refused, and LabelStudioRefusedError where Label Studio says no.

    Args:
        url: address of the server.
        token: of the API; it is never written anywhere.
        timeout: seconds that one request may take.
        transport: how requests travel; None for the network.
        site: address at which people's browsers reach the same server, where it is another one.
    """

    def __init__(
        self,
        url: str,
        token: SecretStr,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        site: str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._site = (site or url).rstrip("/")
        connection = httpx.Client(
            timeout=timeout,
            transport=transport,
            limits=httpx.Limits(max_keepalive_connections=0),  # nothing stays open, so nobody has to close a client
            trust_env=not is_loopback(self._url),  # a proxy of the environment cannot reach our loopback interface
        )
        with self._told():
            self._sdk = LabelStudio(  # type: ignore[no-untyped-call]
                base_url=self._url, api_key=token.get_secret_value(), max_retries=0, httpx_client=connection
            )

    @property
    def url(self) -> str:
        """Address of the server."""
        return self._url

    @property
    def site(self) -> str:
        """Address of the server for people's browsers."""
        return self._site

    def ping(self) -> str:
        """Check that Label Studio answers and takes the token; return whose it is."""
        with self._told():
            return str(self._sdk.users.whoami(request_options=_ONCE).email)

    def ensure_project(self, title: str, config_xml: str, images_root: Path, overlap_share: float | None = None) -> int:
        """The id of the project of this title, made or brought up to date.

        Args:
            title: of at least 3 characters; of several projects with it, the oldest counts.
            config_xml: what `labelling_config` gives.
            images_root: folder of the pictures. A Label Studio that is not ours needs the document root of `served.py`.
            overlap_share: share of the tasks that two people answer each, the others one; None leaves it as it is.
                Label Studio chooses which, anew with every import, and shows nobody a task that they have answered.
        """
        wanted = {"label_config": config_xml, "show_collab_predictions": False, "description": self._description()}
        if overlap_share is not None:
            wanted |= {
                "maximum_annotations": 2 if overlap_share else 1,
                "overlap_cohort_percentage": round(100 * overlap_share) if overlap_share else 100,
            }
        with self._told():
            every: Iterable[Any] = self._sdk.projects.list(request_options=_ONCE)
            same = [int(project.id) for project in every if project.title == title]
            project_id = min(same) if same else self._create_project(title, config_xml)
            self._mend_project(project_id, wanted)
            self._ensure_storage(project_id, str(link_pictures(images_root)))
        return project_id

    def ensure_webhook(self, project_id: int, wanted: Webhook | None) -> None:
        """Let the project hint there that somebody answered; without an address, let it hint no more.

        Only webhooks with our header are touched. What is sent is the name of an action, and no answer.

        Raises:
            LabelStudioRefusedError: the address is one that Label Studio does not call, such as one of its own machine.
        """
        with self._told():
            every: Iterable[Any] = self._sdk.webhooks.list(project=str(project_id), request_options=_ONCE)
            ours = [hook for hook in every if hook.project == project_id and SECRET_HEADER in (hook.headers or {})]
            right = [hook.id for hook in ours if wanted is not None and _is_right(hook, wanted)][:1]
            for hook in ours:
                if hook.id not in right:
                    self._sdk.webhooks.delete(hook.id, request_options=_ONCE)
            if wanted is not None and not right:
                self._create_webhook(project_id, wanted)

    def import_tasks(self, project_id: int, payloads: Sequence[Mapping[str, Any]]) -> None:
        """Import tasks, all or none. After an error they may be there: look before importing again."""
        with self._told():
            # The SDK's model of a prediction wants the id of its task, which is what the import is yet to give it.
            request = [ImportApiRequest.model_construct(**payload) for payload in payloads]
            self._sdk.projects.import_tasks(project_id, request=request, request_options=_ONCE)

    def tasks_updated_since(self, project_id: int, moment: datetime | None) -> Iterator[AnnotatedTask]:
        """The tasks touched at or after a moment (None: all) with their annotations, in the order they were touched.

        A task that is touched while this runs moves to the end and is met there, so nothing is passed over.
        """
        names = self._usernames()
        since, size, met = moment, _PAGE, set[tuple[int, datetime]]()
        while True:
            filters = [task_filter("updated_at", "greater_or_equal", since)] if since else []
            tasks = [raw.annotated(names) for raw in self._first(project_id, filters, "updated_at", size)]
            for task in tasks:
                if (task.task_id, task.updated_at) not in met:
                    met.add((task.task_id, task.updated_at))
                    yield task
            if len(tasks) < size:
                return
            last = tasks[-1].updated_at
            since, size = last, size * 2 if last == since else _PAGE  # look further where a whole page shares one time

    def open_tasks(self, project_id: int) -> Iterator[AnnotatedTask]:
        """The tasks that nobody has answered or skipped, oldest first."""
        unanswered = [
            task_filter("total_annotations", "equal", 0),
            task_filter("cancelled_annotations", "equal", 0),
        ]
        return (raw.annotated({}) for raw in self._by_id(project_id, unanswered))

    def task_ids_by_key(self, project_id: int) -> dict[str, int]:
        """The task of each question key; the oldest, should there be several."""
        found: dict[str, int] = {}
        for task in self._by_id(project_id, [], "id,updated_at,data", "task_only"):
            key = task.data.get(KEY_FIELD)
            if isinstance(key, str):
                found.setdefault(key, task.id)
        return found

    def task_states(self, project_id: int) -> Iterator[TaskState]:
        """How the task of each question stands; several of one key, should there be several."""
        asked_for = "id,updated_at,data,annotations_ids,total_annotations,cancelled_annotations,draft_exists"
        for task in self._by_id(project_id, [], asked_for, "all"):  # without "all" it leaves out what it must count
            key = task.data.get(KEY_FIELD)
            if isinstance(key, str):
                yield task.state(key)

    def tasks_by_id(self, project_id: int, task_ids: Iterable[int]) -> Iterator[AnnotatedTask]:
        """These tasks with their annotations; one that is not there is passed over. One request for each: for a few."""
        names = self._usernames()
        for task_id in task_ids:
            for task in self._first(project_id, [task_filter("id", "equal", task_id)], "id", 1):
                yield task.annotated(names)

    def project_began(self, project_id: int) -> datetime:
        """When the project was made, by Label Studio's clock."""
        with self._told():
            return WireProject.model_validate(self._sdk.projects.get(project_id, request_options=_ONCE)).created_at

    def update_task(self, task_id: int, data: Mapping[str, Any]) -> None:
        """Replace what a task shows; what was said of it stays."""
        with self._told():
            self._sdk.tasks.update(str(task_id), data=dict(data), request_options=_ONCE)

    def delete_tasks(self, project_id: int, task_ids: Iterable[int]) -> None:
        """Delete tasks with their annotations; ids that are not there are passed over."""
        chosen = Selected(all_=False, included=list(task_ids))
        if chosen.included:  # Label Studio takes an empty selection for the whole project
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

    def _create_webhook(self, project_id: int, wanted: Webhook) -> None:
        try:
            self._sdk.webhooks.create(
                url=wanted.url,
                project=project_id,
                headers=wanted.headers,
                actions=_HINTS,
                send_for_all_actions=False,
                send_payload=False,
                is_active=True,
                request_options=_ONCE,
            )
        except ApiError as error:
            if error.status_code == HTTPStatus.FORBIDDEN:  # not the token: what it refuses is to call that address
                raise LabelStudioRefusedError(f"{self._url} says no: {excerpt(error.body)}") from None
            raise

    def _create_project(self, title: str, config_xml: str) -> int:
        made: Any = self._sdk.projects.create(
            title=title,
            label_config=config_xml,
            description=self._description(),
            maximum_annotations=1,
            enable_empty_annotation=False,
            show_collab_predictions=False,  # nobody is to find the recogniser's guess already chosen
            request_options=_ONCE,
        )
        return int(made.id)

    def _mend_project(self, project_id: int, wanted: dict[str, Any]) -> None:
        """Bring a project that is there to what is wanted; one that is up to date is left alone."""
        stored: Any = self._sdk.projects.get(project_id, request_options=_ONCE)
        changed = {name: value for name, value in wanted.items() if getattr(stored, name) != value}
        if not (stored.description or _DESCRIPTION).startswith(_DESCRIPTION):
            changed.pop("description", None)  # somebody wrote their own
        if changed:
            self._sdk.projects.update(project_id, request_options=_ONCE, **changed)

    def _description(self) -> str:
        return f"{_DESCRIPTION} What your answers changed: {self._site}{picture_url(ANSWERS_FILE)}"

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
        self,
        project_id: int,
        filters: Sequence[Mapping[str, Any]],
        include: str | None = None,
        fields: Literal["all", "task_only"] = "all",
    ) -> Iterator[WireTask]:
        """Tasks from the last id met onwards, so that answers that come in meanwhile shift nothing."""
        last = 0
        while True:
            tasks = self._first(
                project_id, [*filters, task_filter("id", "greater", last)], "id", _PAGE, include, fields
            )
            yield from tasks
            if len(tasks) < _PAGE:
                return
            last = tasks[-1].id

    def _first(
        self,
        project_id: int,
        filters: Sequence[Mapping[str, Any]],
        ordering: str,
        size: int,
        include: str | None = None,
        fields: Literal["all", "task_only"] = "all",
    ) -> list[WireTask]:
        """The first tasks of a list; page numbers would pass over tasks while people answer."""
        with self._told():
            found: Any = self._sdk.tasks.list(
                project=project_id,
                query=task_query(filters, ordering),
                fields=fields,
                include=include,
                page=1,
                page_size=size,
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
            raise refusal(self._url, error.status_code, error.body) from None  # its text holds headers and cookies
        except ValidationError as error:
            raise LabelStudioRefusedError(
                f"{self._url} answered what skuloop does not understand; is it Label Studio 1.23? {excerpt(error)}"
            ) from error


def _is_right(hook: Any, wanted: Webhook) -> bool:
    is_quiet = hook.is_active and not hook.send_payload and not hook.send_for_all_actions
    is_ours = hook.url == wanted.url and hook.headers == wanted.headers
    return bool(is_quiet and is_ours and set(hook.actions) == set(_HINTS))
