"""Atomic replacement of files."""

import subprocess
import sys
from pathlib import Path

import pytest

from recognition.files import replaced


def test_a_block_that_raises_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "report.txt"
    target.write_text("old")
    with pytest.raises(TypeError), replaced(target) as temporary:
        temporary.write_bytes(b"ne") and temporary.write_text(None)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]


def test_a_reader_keeps_the_old_content_while_the_file_is_replaced(tmp_path):
    target = tmp_path / "report.txt"
    target.write_text("old")
    with target.open() as reader:
        with replaced(target) as temporary:
            temporary.write_text("new")
        assert (reader.read(), target.read_text()) == ("old", "new")


def test_what_a_killed_process_left_behind_is_removed_by_the_next(tmp_path):
    target = tmp_path / "report.txt"
    script = "import os, sys\nfrom pathlib import Path\nfrom recognition.files import replaced\n"
    script += "with replaced(Path(sys.argv[1])) as t:\n    t.write_text('half')\n    os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, target], check=False)  # noqa: S603 - our own script
    assert [path.suffix for path in tmp_path.iterdir()] == [".tmp"]
    with replaced(target) as temporary:
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]


def test_the_unfinished_file_of_a_living_process_is_left_alone(tmp_path: Path):
    target = tmp_path / "report.txt"
    with replaced(target) as outer:
        outer.write_text("outer")
        with replaced(tmp_path / "other.txt") as temporary:
            temporary.write_text("other")
        assert outer.exists()
    assert target.read_text() == "outer"
