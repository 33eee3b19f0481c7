"""Ask the published snapshot, on the terminal or on a page of this machine."""

import csv
import sys
from pathlib import Path

from skuloop.exit_codes import ExitCode
from skuloop.output import complain, plain, print_json, print_table, say
from tasks.settings import load_settings
from tasks.wiring import Parts
from warehouse.errors import SnapshotError
from warehouse.snapshot import DATABASE_NAME, QueryResult, query_snapshot

VIEWS = """\
SELECT view_name AS view, comment AS answers FROM duckdb_views() WHERE NOT internal ORDER BY view_name"""


def ask(query: str | None, config: Path | None, rows: int, *, as_csv: bool, as_json: bool) -> None:
    """Print the answer to a query; without one, which views there are."""
    try:
        found = query_snapshot(snapshot_of(config), query or VIEWS, most_rows=rows)
    except SnapshotError as error:
        complain(str(error))
        raise SystemExit(ExitCode.USAGE) from error
    if as_json:
        print_json([dict(zip(found.columns, row, strict=True)) for row in found.rows])
    elif as_csv:
        _print_csv(found)
    else:
        print_table("", found.columns, found.rows)
    if found.cut:
        say(f"only the first {rows} rows; --rows shows more")


def serve_page(config: Path | None, port: int) -> None:
    """Serve the page of queries on this machine alone, until Ctrl-C."""
    from skuloop.sql_page import QueryPage

    snapshot = snapshot_of(config)
    if not snapshot.exists():
        complain(f"there is no snapshot at {snapshot}: the nightly run publishes one at its end")
        raise SystemExit(ExitCode.NOT_FOUND)
    with QueryPage(snapshot, port) as page:
        say(f"Ask at {page.url}\nRead-only, on this machine alone; the address is the key. Ctrl-C ends it.")
        page.serve()


def snapshot_of(config: Path | None) -> Path:
    """Where the snapshot of a store lies."""
    return Parts(load_settings(config)).paths.snapshot / DATABASE_NAME


def _print_csv(found: QueryResult) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(found.columns)
    writer.writerows([plain(cell) for cell in row] for row in found.rows)
