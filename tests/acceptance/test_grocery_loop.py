"""The whole loop on real photos: twelve products of the Grocery Store Dataset, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.settings import SHARED_VARIABLE, shared_data

ROOT = Path(__file__).parents[2]
SHARED = shared_data({SHARED_VARIABLE: str(ROOT.parent / "shared"), **os.environ})
LABEL_STUDIO = ROOT / ".venv-label-studio" / "bin" / "label-studio"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(
        not (SHARED / "data" / "grocery" / "images.csv").exists() or not (SHARED / "weights").exists(),
        reason="no grocery photos and weights: set SKULOOP_SHARED to the shared folder",
    ),
    pytest.mark.skipif(
        not LABEL_STUDIO.is_file(), reason="there is no Label Studio here; `make setup-label-studio` installs it"
    ),
]


def run_quick(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.grocery_loop", "--quick", "--dir", str(folder)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SKULOOP_"))}
    environ[SHARED_VARIABLE] = str(SHARED)
    return subprocess.run(  # noqa: S603 - our own program on our own arguments
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=540, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of a finished run."""
    folder = tmp_path_factory.mktemp("grocery") / "work"
    ran = run_quick(folder)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def test_a_release_is_published_before_the_first_test_photo_arrives(result: dict[str, Any]) -> None:
    assert result["problems"] == []
    assert result["releases"][0]["status"] == "published"
    first, second, third = result["nights"][:3]
    assert (first["judged"], first["releases"]) == (0, [])  # without a release, photos wait
    assert second["judged"] == result["setup"]["validation_photos"] - 1  # one of them is blurred
    assert third["releases"] == [result["accuracies"][-1]["release_id"]]


def test_the_headline_release_beats_the_nearest_prototype_on_photos_it_never_saw(result: dict[str, Any]) -> None:
    headline = result["accuracies"][-1]
    share = {accuracy["method"]: accuracy["share"] for accuracy in headline["accuracies"]}
    assert share["this release"] > share["nearest prototype"]
    assert share["this release"] > share["5-NN"]
    assert headline["accuracies"][0]["photos"] == result["setup"]["test_photos"]


def test_every_label_of_a_person_comes_through_label_studio_and_after_the_judgement(result: dict[str, Any]) -> None:
    assert set(result["checks"].values()) == {0}
    assert result["annotator"]["mistakes"] == 0
    assert result["annotator"]["answered"] == sum(night["answered"] for night in result["nights"])
    for night in result["nights"][1:]:
        assert night["questions"] == night["answered"] == result["setup"]["budget"]
        assert night["labels"] >= night["answered"] - 1  # one of them was a golden question


def test_a_second_run_of_the_last_night_and_cycle_changes_nothing(result: dict[str, Any]) -> None:
    assert [proof["what"] for proof in result["proofs"]] == ["night-5 again", "cycle-5 again"]
    for proof in result["proofs"]:
        assert proof["changed"] == []
        assert proof["tables"] > 15
        assert proof["rows"] > 1000


def test_the_block_for_the_docs_says_that_the_annotator_is_simulated(folder: Path) -> None:
    block = (folder / "result.md").read_text()
    assert "SIMULATED" in block
    assert "stands in for" in block
    assert "synthetic" in block


def test_a_folder_with_an_earlier_run_is_not_emptied_unasked(folder: Path) -> None:
    ran = run_quick(folder)
    assert ran.returncode == 2
    assert "--fresh" in ran.stderr
    assert (folder / "result.json").exists()
