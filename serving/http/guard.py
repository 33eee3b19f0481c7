"""What every request passes first: whom it may come from, how large it may be, how long it may take."""

import asyncio
import contextlib
import time
from collections.abc import MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.metrics import Metrics
from serving.http.options import Limits, ServerOptions
from serving.http.problems import ProblemError, ProblemType, busy, problem_response

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",  # the page has its own
}
_CALLER_LEFT = 499  # as nginx counts it; nobody is left to read it
_LINGER_SECONDS = 2.0  # a caller that is still sending when it is refused gets this long to notice


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, options: ServerOptions, metrics: Metrics) -> None:
        self._app, self._options, self._metrics = app, options, metrics
        self._held = 0
        metrics.watch("held_bytes", "Bytes of requests that are held.", lambda: self._held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(self, scope, receive, send)
        try:
            await passage.run(self._app)
        finally:
            self._held -= passage.held
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(route, _method(scope), str(passage.status)).inc()

    def check(self, headers: Headers) -> None:
        """Refuse web pages of other origins, and names under which somebody else may have lured a browser here."""
        host, origin = headers.get("host", ""), headers.get("origin")
        name = urlsplit(f"//{host}").hostname or ""
        if (
            not self._options.asks_for_keys
            and not _is_address(name)
            and name not in ("localhost", *self._options.hosts)
        ):
            raise ProblemError(ProblemType.UNKNOWN_HOST, f"Add {name[:100]!r} to serve.hosts to serve under that name.")
        if origin is not None and urlsplit(origin).netloc != host and origin not in self._options.origins:
            raise ProblemError(ProblemType.FOREIGN_PAGE, f"Add {origin[:100]!r} to serve.origins to let its pages ask.")

    def hold(self, count: int) -> None:
        """Hold more bytes of requests.

        Raises:
            ProblemError: as many are held as may be; a deliberate 503.
        """
        self._held += count
        if self._held > self._options.limits.held_bytes:
            raise busy("Too many bytes of other requests are held just now.", 1)

    @property
    def limits(self) -> Limits:
        """What callers may ask for."""
        return self._options.limits


class _Passage:
    """One request on its way through the guard."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self._guard, self._scope, self._receive, self._send = guard, scope, receive, send
        self._headers = Headers(scope=scope)
        self._size = 0
        self._complete = not ("transfer-encoding" in self._headers or self._headers.get("content-length", "0") != "0")
        self._deadline: float | None = None
        self.held, self.status = 0, 0

    async def run(self, app: ASGIApp) -> None:
        try:
            self._guard.check(self._headers)
            self._check_declared_size()
            await app(self._scope, self.receive, self.send)
        except ProblemError as error:
            await problem_response(error)(self._scope, self.receive, self.send)
        except ClientDisconnect:
            self.status = _CALLER_LEFT
        except BaseException:
            self.status = self.status or 500
            raise

    async def receive(self) -> Message:
        """The next part of the body, counted and timed."""
        limits = self._guard.limits
        if self._complete:
            return await self._receive()  # nothing but the caller's leave can come
        self._deadline = self._deadline or time.monotonic() + limits.body_seconds
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            detail = f"The body was not there after {limits.body_seconds:g} s."
            raise ProblemError(ProblemType.TOO_SLOW, detail) from None
        self._complete = not message.get("more_body", False)
        self._count(len(message.get("body", b"")))
        return message

    async def send(self, message: Message) -> None:
        """Send with our headers; where the body was not read, let the caller finish a little, then hang up."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if not self._complete:
                await self._linger()
            if not self._complete:
                headers["connection"] = "close"
        await self._send(message)

    def _check_declared_size(self) -> None:
        declared = self._headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._guard.limits.request_bytes:
            raise self._too_large()

    def _count(self, more: int) -> None:
        self._size += more
        if self._size > self._guard.limits.request_bytes:
            raise self._too_large()
        self.held += more
        self._guard.hold(more)

    def _too_large(self) -> ProblemError:
        most = self._guard.limits.request_bytes
        return ProblemError(ProblemType.TOO_LARGE, f"A request may have {most} bytes: send fewer or smaller photos.")

    async def _linger(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue" and not self._size:
            return  # the caller asked before sending
        left = self._guard.limits.request_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while left > 0 and not self._complete:
                    message: MutableMapping[str, Any] = await self._receive()
                    self._complete = not message.get("more_body", False)
                    left -= len(message.get("body", b""))


def _method(scope: Scope) -> str:
    """The method, of those that exist: a label must not be whatever callers think of."""
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
