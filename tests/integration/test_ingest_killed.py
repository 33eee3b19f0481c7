"""Ingest that is killed at any moment, or runs out of disk, ends as if nothing had happened once it is run again."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.commands import CHECKOUT
from tests.support.feeds import Store, product

INGEST = """
import sys
from tasks.ingest import ingest_feeds
from tasks.loop import finish, open_loop
from tasks.settings import load_settings

with open_loop(load_settings(sys.argv[1]), "nightly", "night") as loop:
    print("at work", flush=True)
    report = ingest_feeds.fn(loop)
    finish(loop, report.problems)
    print("; ".join(report.problems), flush=True)
"""
KILLS = 8
GTIN = "4006381333931"


def delivered(folder: Path, products: int, settings: str = "") -> Store:
    """Three crawls that wait: a shop on two nights, and another shop that shares a product with it."""
    folder.mkdir(exist_ok=True)
    store = Store.made_in(folder, settings)
    shelf = [product(f"A{place}", price=Decimal(place + 1)) for place in range(products)]
    store.deliver(0, [*shelf, product("B", gtin=GTIN)])
    store.deliver(1, [*shelf[:-1], product("B", gtin=GTIN, price=Decimal(7))])
    store.deliver(2, [product("77", "market", gtin=GTIN)], "market")
    return store


def ingest(store: Store) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", INGEST, str(store.config)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def comparable(store: Store) -> dict[str, list[str]]:
    """Tables without what names a run, a process or the moment of writing."""
    columns = store.query("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY ALL")
    tables = {name for (name,) in store.query("SELECT table_name FROM duckdb_tables()")} - {
        "run",
        "run_stage",
        "run_version",
        "schema_migration",
    }
    volatile = {"run_id", "first_seen_run", "decision_id", "seq", "decided_at", "suggested_at"}
    found = {}
    for table in sorted(tables):
        kept = ", ".join(f'"{column}"' for name, column in columns if name == table and column not in volatile)
        where = "WHERE action <> 'sweep'" if table == "decision" else ""
        found[table] = sorted(map(str, store.query(f"SELECT {kept} FROM {table} {where}")))  # noqa: S608
    return found


@pytest.mark.slow
def test_ingest_killed_again_and_again_ends_like_one_that_never_was(tmp_path: Path) -> None:
    spared = delivered(tmp_path / "spared", 1500)
    killed = Store(Path(shutil.copytree(spared.config.parent, tmp_path / "killed")) / spared.config.name)
    spared.ingest()
    chance, alive = random.Random(5), 0  # noqa: S311
    for _ in range(KILLS):
        process = ingest(killed)
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        time.sleep(chance.uniform(0.0, 2.5))
        alive += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert alive > 0, "every run had ended before it was killed: make the feed longer"
    killed.ingest()
    assert comparable(killed) == comparable(spared)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount, umount, disk = shutil.which("mount"), shutil.which("umount"), tmp_path / "disk"
    if mount is None or umount is None:
        pytest.skip("this system has no `mount`: a small disk cannot be made")
    disk.mkdir()
    command = [mount, "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run([umount, "-l", str(disk)], check=True)  # noqa: S603


@pytest.mark.slow
def test_a_full_disk_is_a_problem_of_the_night_and_the_next_one_takes_everything_in(
    small_disk: Path, tmp_path: Path
) -> None:
    full = delivered(small_disk / "store", 1500, "free_disk_gib = 0\n")
    spared = Store(Path(shutil.copytree(full.config.parent, tmp_path / "spared")) / full.config.name)
    spared.ingest()
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(b"\0" * (free - 300_000))
    process = ingest(full)
    said, complaint = process.communicate()
    assert process.returncode != 0 or "shop" in said, (said, complaint)
    assert "could not be" in said + complaint or "failed" in said + complaint
    ballast.unlink()
    full.ingest()
    assert comparable(full) == comparable(spared)
