"""A hint that somebody answered, taken over HTTP: Label Studio's webhook with a secret of ours in a header.

A hint says that it is worth looking, and nothing else. Label Studio tries once, signs nothing and says nothing of what
it could not send, so polling is the truth: what a hint carries is not even read.

Plain ASGI, which needs no framework; the command line puts a server around it.
"""

import asyncio
import hmac
import logging
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, TypeAlias

from pydantic import SecretStr

from labelling.errors import HintError

SECRET_HEADER = "X-Skuloop-Secret"  # noqa: S105 - the name of the header, not what is in it

Message: TypeAlias = MutableMapping[str, Any]
"""A message of ASGI."""

_MOST_BYTES = 64 * 1024  # what we register sends the name of an action; whatever else comes is not from there
_BODY_SECONDS = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Label Studio reaches the receiver, and the secret that it asks for."""

    url: str
    secret: SecretStr

    @property
    def headers(self) -> dict[str, str]:
        """What Label Studio is to send along."""
        return {SECRET_HEADER: self.secret.get_secret_value()}


class Started(Enum):
    """What came of the wish to pull."""

    NOW = auto()
    WAITS = auto()  # one is due already, and will bring what the hint is about
    BUSY = auto()  # one is at work, and may have passed it


class HintReceiver:
    """An ASGI application: 204 to whoever knows the secret, at once, because the annotator waits for the answer.

    Args:
        secret: what the header must hold.
        on_hint: called at each hint; must not block.
    """

    def __init__(self, secret: SecretStr, on_hint: Callable[[], None]) -> None:
        self._secret = secret.get_secret_value().encode()
        self._on_hint = on_hint

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        status = await self._judged(scope, receive)
        if status is HTTPStatus.NO_CONTENT:
            self._on_hint()
        headers = [] if status is HTTPStatus.NO_CONTENT else [(b"content-length", b"0")]
        headers += [(b"allow", b"POST")] if status is HTTPStatus.METHOD_NOT_ALLOWED else []
        await send({"type": "http.response.start", "status": int(status), "headers": headers})
        await send({"type": "http.response.body"})

    async def _judged(self, scope: Message, receive: Callable[[], Awaitable[Message]]) -> HTTPStatus:
        headers = dict(scope["headers"])
        if scope["method"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if not hmac.compare_digest(headers.get(SECRET_HEADER.lower().encode(), b""), self._secret):
            return HTTPStatus.FORBIDDEN
        if int(headers.get(b"content-length", b"0")) > _MOST_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await _read(receive)
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT


class Gatherer:
    """Makes one pull of many hints: a thread runs it, other threads hint.

    Args:
        start: starts a pull, or says why not; a HintError says that it cannot be started now.
        seconds: from a hint to its pull; the hints in between want the same one.
        again: seconds until it is tried again where it cannot be started yet.
    """

    def __init__(self, start: Callable[[], Started], seconds: float, again: float = 15.0) -> None:
        self._start, self._seconds, self._again = start, seconds, again
        self._hinted, self._stopped = threading.Event(), threading.Event()

    def hint(self) -> None:
        """Say that it is worth looking."""
        self._hinted.set()

    def stop(self) -> None:
        """Let `run` return; hints that wait are left to the next poll."""
        self._stopped.set()
        self._hinted.set()

    def run(self) -> None:
        """Start pulls until stopped."""
        while self._hinted.wait() and not self._stopped.wait(self._seconds):
            self._pull()

    def _pull(self) -> None:
        told = None
        while not self._stopped.is_set():
            self._hinted.clear()  # before it starts: whoever hints from now on may be passed by it
            try:
                if self._start() is not Started.BUSY:
                    return
            except HintError as error:
                if str(error) != told:  # as long as it lasts, once
                    _log.warning("a hint waits: %s", error)
                told = str(error)
            self._stopped.wait(self._again)


async def _read(receive: Callable[[], Awaitable[Message]]) -> HTTPStatus:
    """Read a body to its end and keep nothing of it."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if message["type"] == "http.disconnect":
            return HTTPStatus.BAD_REQUEST
        if size > _MOST_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if not message.get("more_body"):
            return HTTPStatus.NO_CONTENT
