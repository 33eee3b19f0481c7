"""Analysts ask the snapshot ten times a second while a cycle and a night run: every question is answered."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.loop import open_loop
from tasks.report import write_report
from tasks.settings import load_settings
from tasks.snapshot import publish_tables
from tests.support.commands import CHECKOUT
from tests.support.in_process import plain_cycle, plain_night
from tests.support.loops import small_loop

# Ten questions a second, each on a connection of its own, for as long as its standard input is open.
ANALYSTS = """
import json, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from warehouse.snapshot import query_snapshot

snapshot, queries, over = Path(sys.argv[1]), json.loads(sys.argv[2]), threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()

def ask(query):
    begun = time.monotonic()
    query_snapshot(snapshot, query)
    return time.monotonic() - begun

asked = []
with ThreadPoolExecutor(4) as analysts:
    while not over.wait(0.1):
        asked.append(analysts.submit(ask, queries[len(asked) % len(queries)]))
refused = [str(error) for one in asked if (error := one.exception()) is not None]
seconds = sorted(one.result() for one in asked if one.exception() is None)
print(json.dumps({"asked": len(asked), "refused": refused, "seconds": seconds}))
"""
QUERIES = [
    "SELECT * FROM class_now",
    "SELECT * FROM why_excluded",
    "SELECT * FROM decision_ledger LIMIT 20",
    "SELECT * FROM lineage",
    # Half a state would be a judgement whose photo is not there.
    "SELECT CASE WHEN count(*) > 0 THEN error('half a state') END FROM prediction ANTI JOIN image USING (sha256)",
]


@contextmanager
def analysts(snapshot: Path) -> Iterator[dict[str, object]]:
    """Ask until the block ends; then the dictionary says what came of it."""
    found: dict[str, object] = {}
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", ANALYSTS, str(snapshot), json.dumps(QUERIES)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield found
        finally:
            said, _ = process.communicate(timeout=120)
    found.update(json.loads(said))


@pytest.mark.slow
def test_every_question_is_answered_through_a_cycle_and_a_night(tmp_path: Path) -> None:
    loop = small_loop(tmp_path)
    plain_night(loop.config, "n1")
    _publish(loop.config, "n1")
    begun = time.monotonic()
    with analysts(loop.parts.paths.snapshot / "skuloop.duckdb") as found:
        plain_cycle(loop.config, "c1")
        _publish(loop.config, "c1")
        loop.deliver("green")
        plain_night(loop.config, "n2")
        for _ in range(3):
            _publish(loop.config, "n2")
    seconds = time.monotonic() - begun
    assert found["refused"] == []
    asked, took = found["asked"], found["seconds"]
    assert isinstance(asked, int)
    assert isinstance(took, list)
    print(f"{asked} questions in {seconds:.0f} s, median {took[len(took) // 2]:.3f} s, longest {took[-1]:.3f} s")
    assert asked == len(took) > 20


def _publish(config: Path, label: str) -> None:
    with open_loop(load_settings(config), "nightly", label) as loop:
        write_report(loop, label, ())
        publish_tables.fn(loop)
