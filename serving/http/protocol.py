"""HTTP/1.1 as uvicorn speaks it, but for callers who are slow, many, or send what is no HTTP."""

import asyncio
import json
from typing import ClassVar, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.http.problems import MEDIA_TYPE, ProblemError, ProblemType, busy


class LimitedProtocol(H11Protocol):
    """One connection: closed where headers do not come in time, refused where there are too many.

    Attributes:
        header_seconds: until the headers of a request are there.
        most_connections: that may be open.
    """

    header_seconds: ClassVar[float]
    most_connections: ClassVar[int]
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for headers."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > self.most_connections:
            self._refuse(busy("Too many connections are open.", 1))
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the connection was refused."""
        if not self.transport.is_closing():
            super().data_received(data)
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_watching()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(ProblemError(ProblemType.BAD_REQUEST, msg))

    def _watch(self) -> None:
        """Give headers that have begun, or are awaited first, their time; between requests uvicorn has its own."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self._give_up)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        detail = f"The headers were not there after {self.header_seconds:g} s."
        self._refuse(ProblemError(ProblemType.TOO_SLOW, detail))

    def _refuse(self, error: ProblemError) -> None:
        """Answer outside any request, and close."""
        if not self.transport.is_closing():
            self.transport.write(_raw(error))
            self.transport.close()


def limited_protocol(header_seconds: float, most_connections: int) -> type[LimitedProtocol]:
    """The protocol with its limits: uvicorn itself makes one for each connection."""
    limits = {"header_seconds": header_seconds, "most_connections": most_connections}
    return type("_Protocol", (LimitedProtocol,), limits)


def _raw(error: ProblemError) -> bytes:
    problem = error.problem
    body = json.dumps(problem.model_dump(mode="json", exclude_none=True)).encode()
    headers = {**error.headers, "content-type": MEDIA_TYPE, "content-length": str(len(body)), "connection": "close"}
    lines = [f"HTTP/1.1 {problem.status} {problem.title}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
