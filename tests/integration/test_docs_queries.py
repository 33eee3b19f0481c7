"""What the data team copies from its guide runs as it stands."""

import json
import re
from pathlib import Path

import pytest

from tests.support.warehouses import migrated_warehouse
from warehouse.snapshot import publish_snapshot, query_snapshot

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "data-team.md"
TEXT = GUIDE.read_text(encoding="utf-8")
QUERIES = re.findall(r"^### (\d+\. .+?)$.*?^```sql\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    warehouse = migrated_warehouse(folder / "warehouse.duckdb")
    return publish_snapshot(warehouse, folder / "snapshot").path


def test_the_guide_has_its_twelve_queries_and_none_hides_outside_a_question():
    assert len(QUERIES) == 12
    assert TEXT.count("```sql") == 12


@pytest.mark.parametrize("query", [pytest.param(sql, id=title) for title, sql in QUERIES])
def test_a_query_of_the_guide_runs_on_the_snapshot_of_an_empty_warehouse(snapshot: Path, query: str):
    assert query_snapshot(snapshot, query).columns


def test_the_notebook_runs_from_top_to_bottom(snapshot: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SKULOOP_SNAPSHOT", str(snapshot))
    monkeypatch.setenv("MPLBACKEND", "agg")
    cells = json.loads(GUIDE.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    known: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], "a notebook is committed without what it once printed"
            exec("".join(cell["source"]), known)  # noqa: S102 - our own notebook
    assert "drift" in known


def test_every_view_is_in_the_guide_and_the_guide_names_no_view_that_is_gone(snapshot: Path):
    views = {
        name for (name,) in query_snapshot(snapshot, "SELECT view_name FROM duckdb_views() WHERE NOT internal").rows
    }
    section = TEXT.split("## The views")[1].split("## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == views
