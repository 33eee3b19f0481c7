"""Maintenance changes no row and no vector, finds what is damaged, and clears what killed runs left behind."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from tasks.loop import DiskFullError, finish, open_loop, stage
from tasks.maintenance import check_published, compact_store
from tasks.settings import load_settings
from tasks.snapshot import publish_tables
from tests.support.in_process import plain_cycle, plain_night
from tests.support.workspace import small_workspace
from warehouse.vectors import VectorStore

pytestmark = pytest.mark.slow


def rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(database, read_only=True) as connection:
        names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {name: connection.execute(f'FROM "{name}" ORDER BY ALL').fetchall() for name in names}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maintenance")
    config = small_workspace(folder)
    plain_night(config, "night")
    plain_cycle(config, "cycle")
    return config


def test_compaction_keeps_every_row_and_clears_the_half_written_bundle_of_a_killed_cycle(store: Path) -> None:
    with open_loop(load_settings(store), "maintenance", "m") as loop:
        half = loop.parts.paths.releases / ".0001-abc.4711.part"
        half.mkdir()
        before = rows(loop.parts.paths.database)
        done = compact_store.fn(loop)
        assert done.problem is None
        assert done.leftovers == 1
        assert not half.exists()
        after = rows(loop.parts.paths.database)
        finish(loop, ())
    assert {name: found for name, found in after.items() if name != "run_stage"} == {
        name: found for name, found in before.items() if name != "run_stage"
    }


def test_a_parquet_file_that_lost_a_page_is_found(store: Path) -> None:
    with open_loop(load_settings(store), "maintenance", "m2") as loop:
        publish_tables.fn(loop)
        assert check_published.fn(loop) == ()
        victim = loop.parts.paths.snapshot / "parquet" / "image.parquet"
        victim.write_bytes(victim.read_bytes()[:-200])
        (problem,) = check_published.fn(loop)
        assert "snapshot" in problem
        publish_tables.fn(loop)
        assert check_published.fn(loop) == ()
        finish(loop, ())


def test_what_maintenance_publishes_mends_a_parquet_file_whose_footer_is_as_it_should_be(store: Path) -> None:
    with open_loop(load_settings(store), "maintenance", "m-page") as loop:
        publish_tables.fn(loop)
        victim = loop.parts.paths.snapshot / "parquet" / "image.parquet"
        whole = victim.read_bytes()
        victim.write_bytes(bytes([*whole[:4], *(byte ^ 255 for byte in whole[4:200]), *whole[200:]]))
        publish_tables.fn(loop)
        assert check_published.fn(loop) != ()
        publish_tables.fn(loop, anew=True)
        assert check_published.fn(loop) == ()
        finish(loop, ())


def test_many_small_shards_become_one_and_every_vector_is_found_as_before(tmp_path: Path) -> None:
    vectors, chance = VectorStore(tmp_path), np.random.default_rng(0)
    known: dict[str, np.ndarray] = {}
    for place in range(12):
        names = [f"{place}-{number}" for number in range(5)]
        some = chance.normal(size=(5, 7)).astype(np.float32)
        vectors.append("enc", names, some)
        known |= dict(zip(names, some, strict=True))
    assert vectors.compact("enc") == 12
    assert len(list((tmp_path / "enc").glob("*.parquet"))) == 1
    assert vectors.compact("enc") == 0
    found, matrix = vectors.load("enc", sorted(known))
    assert list(found) == sorted(known)
    np.testing.assert_array_equal(matrix, np.stack([known[name] for name in sorted(known)]))


def test_a_stage_that_would_fill_the_disk_does_not_begin_and_says_how_much_it_needs(store: Path) -> None:
    with open_loop(load_settings(store), "maintenance", "m3") as loop:
        with (
            pytest.raises(DiskFullError, match=r"1048576\.00 that embed is going to write"),
            stage(loop, "embed", 2**50),
        ):
            raise AssertionError
        finish(loop, ())
