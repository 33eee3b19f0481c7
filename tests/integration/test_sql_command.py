"""Analysts ask the snapshot from the command line and from a page: they get answers, and get at nothing else."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from skuloop.commands.sql import ask
from skuloop.exit_codes import ExitCode
from skuloop.sql_page import MOST_ROWS, QueryPage
from tasks.settings import load_settings
from tasks.wiring import build_parts
from tests.support.workspace import small_workspace
from warehouse.errors import SnapshotError
from warehouse.snapshot import publish_snapshot, query_snapshot


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = small_workspace(tmp_path_factory.mktemp("asked"))
    parts = build_parts(load_settings(config))
    publish_snapshot(parts.warehouse, parts.paths.snapshot)
    return config


@pytest.fixture(scope="module")
def page(config: Path) -> Iterator[QueryPage]:
    snapshot = build_parts(load_settings(config)).paths.snapshot / "skuloop.duckdb"
    with QueryPage(snapshot) as page:
        thread = threading.Thread(target=page.serve)
        thread.start()
        yield page
        page.close()
        thread.join()


def test_an_answer_is_a_table_csv_or_json_and_says_when_there_is_more(config, capsys):
    ask("SELECT range AS n, 'a,b' AS t FROM range(3)", config, 2, as_csv=True, as_json=False)
    said = capsys.readouterr()
    assert said.out == 'n,t\r\n0,"a,b"\r\n1,"a,b"\r\n'
    assert "only the first 2 rows" in said.err
    ask("SELECT 1 AS n", config, 2, as_csv=False, as_json=True)
    assert json.loads(capsys.readouterr().out) == [{"n": 1}]


def test_without_a_query_the_views_are_listed_with_what_they_answer(config, capsys):
    ask(None, config, 1000, as_csv=True, as_json=False)
    assert "superclass_churn,How far do the superclasses" in capsys.readouterr().out


def test_a_query_that_would_write_is_refused_with_an_exit_code(config, capsys):
    with pytest.raises(SystemExit) as refused:
        ask("DROP VIEW class_now", config, 10, as_csv=False, as_json=False)
    assert refused.value.code == ExitCode.USAGE
    assert "read-only" in capsys.readouterr().err


def test_a_query_without_an_end_is_stopped(config):
    snapshot = build_parts(load_settings(config)).paths.snapshot / "skuloop.duckdb"
    endless = "SELECT count(*) FROM range(1000000000000) AS a, range(1000000000000) AS b"
    with pytest.raises(SnapshotError, match="stopped after 1 second"):
        query_snapshot(snapshot, endless, most_seconds=1)


def post(page: QueryPage, path: str, body: str, key: str | None = None) -> httpx.Response:
    base = page.url.split("#")[0]
    return httpx.post(f"{base}{path}", content=body, headers={"X-Key": page.key if key is None else key})


def test_the_page_answers_who_has_its_address(page):
    found = post(page, "query", '{"query": "SELECT range AS n FROM range(2000)"}').json()
    assert (found["columns"], len(found["rows"]), found["cut"]) == (["n"], MOST_ROWS, True)
    names = {row[0]: row for row in post(page, "schema", "{}").json()["rows"]}
    assert names["class_now"][2].startswith("How does each class stand now?")
    assert ["sku", "The class."] in names["class_now"][3]
    shown = httpx.get(page.url.split("#")[0])
    assert page.key not in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "body", "key", "status"),
    [
        ("query", '{"query": "SELECT 1"}', "guessed", 403),
        ("query", '{"query": "SELECT * FROM read_text(\'/etc/passwd\')"}', None, 422),
        ("query", '{"query": "DELETE FROM product"}', None, 422),
        ("query", "no json", None, 400),
        ("query", '["SELECT 1"]', None, 400),
        ("elsewhere", "{}", None, 404),
    ],
)
def test_the_page_refuses_what_it_must(page, path, body, key, status):
    found = post(page, path, body, key)
    assert found.status_code == status
    assert found.json()["error"]
