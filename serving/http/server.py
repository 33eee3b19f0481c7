"""One server, from the open port to the last answer."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from serving.http.app import create_app
from serving.http.listening import listening
from serving.http.options import ServerOptions
from serving.http.protocol import limited_protocol
from serving.http.service import Service


def serve(options: ServerOptions, on_ready: Callable[[str, Service], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that are under way are answered first.

    Args:
        options: what the server is told.
        on_ready: called with its address and its parts, once it answers.

    Raises:
        PortTakenError: the port cannot be had.
        RecognitionError: the release or its encoder cannot be had.
        KeysError: the file of keys is damaged.
    """
    keep_to_one_thread()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn hands the signal on once all is answered
    with (
        listening(options.host, options.port, "choose another --host or --port") as listener,
        contextlib.suppress(KeyboardInterrupt),
    ):
        service = Service(options)
        try:
            server = _Server(_config(options, service), lambda: on_ready(_address(options, listener), service))
            server.run(sockets=[listener])
        finally:
            service.close()


def keep_to_one_thread() -> None:
    """Let one search use one core: its threads would wait for each other, for the encoders keep some from running."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # read by what is loaded from now on: FAISS, and the encoders' libraries
    threadpool_limits(1)  # what is loaded already: NumPy's BLAS


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _config(options: ServerOptions, service: Service) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(service),
        http=limited_protocol(options.limits.header_seconds, options.limits.connections),
        ws="none",
        log_config=None,
        access_log=False,  # addresses of callers are nobody's business; /metrics counts what they ask
        server_header=False,
        proxy_headers=bool(options.proxies),
        forwarded_allow_ips=list(options.proxies),
        timeout_graceful_shutdown=options.drain_seconds,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.private_key,
    )


def _address(options: ServerOptions, listener: socket.socket) -> str:
    scheme = "https" if options.certificate else "http"
    host = f"[{options.host}]" if ":" in options.host else options.host
    return f"{scheme}://{host}:{listener.getsockname()[1]}"
