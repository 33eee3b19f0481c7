"""A page on this machine where the snapshot is asked: `skuloop sql --ui`.

Whoever may ask holds the address, which has a random key in it. A web page of elsewhere can neither guess that nor send
JSON here without being asked for its origin; a query can neither write nor read any other file.
"""

import hmac
import json
import secrets
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from skuloop.output import plain
from warehouse.errors import SnapshotError
from warehouse.snapshot import query_snapshot

MOST_ROWS = 1000
MOST_SECONDS = 30.0
_MOST_BYTES = 100_000
_PAGE = Path(__file__).with_name("sql_page.html")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"
_SCHEMA = """\
SELECT
    relation.name,
    relation.kind,
    relation.comment,
    list([columns.column_name, columns.comment] ORDER BY column_index)
FROM (
    SELECT view_name AS name, 'view' AS kind, comment FROM duckdb_views() WHERE NOT internal
    UNION ALL
    SELECT table_name, 'table', comment FROM duckdb_tables() WHERE NOT internal
) AS relation
JOIN duckdb_columns() AS columns ON columns.table_name = relation.name
GROUP BY ALL
ORDER BY relation.kind DESC, relation.name"""


class QueryPage:
    """A server of one page on 127.0.0.1; a context manager."""

    def __init__(self, snapshot: Path, port: int = 0) -> None:
        self.key = secrets.token_urlsafe(24)

        class Handler(_Handler):
            place, key = snapshot, self.key

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        """The address, with its key behind `#`: what stands there is sent to nobody."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/#{self.key}"

    def serve(self) -> None:
        """Answer until Ctrl-C or `close`."""
        try:
            self._server.serve_forever()
        except KeyboardInterrupt:
            return

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    place: Path
    key: str

    def do_GET(self) -> None:
        """The page; it holds no data."""
        if self.path != "/":
            self._answer(HTTPStatus.NOT_FOUND, {"error": "there is one page, at /"})
            return
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", _PAGE.read_bytes())

    def do_POST(self) -> None:
        """`/schema`: the views and tables. `/query`: {"query": ...}, an answer or an error in words."""
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= _MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"a query has 1 to {_MOST_BYTES} bytes"})
            return
        body = self.rfile.read(length)
        if not hmac.compare_digest(self.headers.get("X-Key") or "", self.key):
            self._answer(HTTPStatus.FORBIDDEN, {"error": "open the address that `skuloop sql --ui` printed last"})
            return
        queries = {"/schema": lambda: _SCHEMA, "/query": lambda: str(json.loads(body)["query"])}
        if self.path not in queries:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "ask /schema or /query"})
            return
        try:
            self._answer(HTTPStatus.OK, _ask(self.place, queries[self.path]()))
        except (ValueError, KeyError, TypeError):
            self._answer(HTTPStatus.BAD_REQUEST, {"error": 'send {"query": "SELECT ..."}'})
        except SnapshotError as error:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(error)})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Nothing: a terminal full of requests helps nobody."""

    def _answer(self, status: HTTPStatus, content: object) -> None:
        text = json.dumps(content, ensure_ascii=False, default=str)
        self._send(status, "application/json", text.encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", _POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _ask(snapshot: Path, query: str) -> dict[str, Any]:
    begun = time.monotonic()
    found = query_snapshot(snapshot, query, most_rows=MOST_ROWS, most_seconds=MOST_SECONDS)
    return {
        "columns": found.columns,
        "rows": plain(found.rows),
        "cut": found.cut,
        "seconds": round(time.monotonic() - begun, 3),
    }
