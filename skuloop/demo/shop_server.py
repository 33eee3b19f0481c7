"""The HTTP part of the demo shop: answers in, bytes out, with validators (ETag) as a good server has them."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back; with an `etag`, a visitor who has it already is told so instead."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    etag: str | None = None
    last_modified: str | None = None


class ShopServer(ThreadingHTTPServer):
    """One thread for each visitor."""

    daemon_threads = True
    block_on_close = False  # a browser's idle connection must not hold up the closing of the shop
    request_queue_size = 128


def handler_of(answer: Callable[[str], Answer], note: Callable[[str, str], None]) -> type[BaseHTTPRequestHandler]:
    """A request handler that answers with `answer(target)` and reports path and User-Agent to `note`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            note(self.path, self.headers.get("User-Agent", ""))
            self._send(answer(self.path), with_body=True)

        def do_HEAD(self) -> None:
            self._send(answer(self.path), with_body=False)

        def _send(self, found: Answer, *, with_body: bool) -> None:
            unchanged = found.etag is not None and self.headers.get("If-None-Match") == found.etag
            self.send_response(HTTPStatus.NOT_MODIFIED if unchanged else found.status)
            if found.etag:
                self.send_header("ETag", found.etag)
            if found.last_modified:
                self.send_header("Last-Modified", found.last_modified)
            self.send_header("Content-Type", found.content_type)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'")
            self.send_header("Content-Length", "0" if unchanged else str(len(found.body)))
            self.end_headers()
            if with_body and not unchanged:
                self.wfile.write(found.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
            """Keep quiet: whoever wants to know asks the shop for its requests."""

    return Handler
