"""Superclasses keep their ids from cycle to cycle, so that a report can say what really moved."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from tasks.settings import load_settings
from tasks.wiring import Parts
from tests.support.in_process import plain_cycle, plain_night
from tests.support.workspace import CLASSES, drawn_photo, small_workspace
from warehouse.releases import superclass_ids

pytestmark = pytest.mark.slow

SHIFT = 40
MORE = {
    "green-tea": (30, 170, 50),
    "mate": (200, 180, 30),
    "cola": (60, 20, 10),
    "water": (150, 200, 240),
    "milk": (240, 240, 235),
    "plum": (110, 30, 120),
}


def ids_of(config: Path, release_id: str) -> dict[str, int]:
    with Parts(load_settings(config)).warehouse.read() as db:
        return superclass_ids(db, release_id)


def add_class(config: Path, sku: str, colour: tuple[int, int, int], seed: int) -> None:
    random = np.random.default_rng(seed)
    (config.parent / "photos" / sku).mkdir()
    for place in range(4):
        drawn_photo(random, colour).save(config.parent / "photos" / sku / f"{place}.jpg", quality=92)


def test_two_cycles_give_the_same_superclasses_the_same_ids_whatever_their_rows_are(tmp_path: Path):
    config = small_workspace(tmp_path)
    for seed, (sku, colour) in enumerate(MORE.items()):
        add_class(config, sku, colour, seed)
    plain_night(config, "n1")
    first = plain_cycle(config, "c1")
    rows = ids_of(config, first.release_id)
    assert set(rows) == {*CLASSES, *MORE}
    assert len(set(rows.values())) > 1
    with duckdb.connect(str(Parts(load_settings(config)).paths.database)) as db:  # ids that are no rows
        db.execute("UPDATE superclass SET superclass_id = superclass_id + ?", [SHIFT])

    add_class(config, "black-tea", (20, 20, 25), seed=9)
    plain_night(config, "n2")
    second = plain_cycle(config, "c2")
    assert second.release_id != first.release_id
    now = ids_of(config, second.release_id)
    assert {sku: now[sku] - SHIFT for sku in rows} == rows
    assert now["black-tea"] >= SHIFT
