"""Encoding on a cluster: two real worker processes, a real S3-compatible server, a worker that dies in the middle."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recognition.release.pointer import open_current
from recognition.vocabulary import RunStatus
from tests.support.loops import LoopUnderTest, small_loop
from warehouse.objects import ObjectStore

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytest.importorskip("prefect_dask", reason="the extra `cluster` is not installed")
moto_server = pytest.importorskip("moto.server", reason="moto is not installed")

pytestmark = [
    pytest.mark.slow,
    # Dask and moto leave sockets of their own to the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

NIGHT = "night-1"
PHOTOS = 420
BUCKET = "s3://photos/skuloop"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of an S3-compatible server, and the environment in which it is found."""
    server = moto_server.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        ObjectStore(BUCKET)._system.mkdir("photos")
        yield BUCKET
    server.stop()


@pytest.fixture(scope="module")
def alone(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[LoopUnderTest, Path]:
    """A night by one process, and the workspace as it was before."""
    loop = small_loop(tmp_path_factory.mktemp("alone"))
    loop.deliver("lamp", photos=PHOTOS)
    (loop.folder / "photos" / "red-tea" / "torn.jpg").write_bytes(b"\xff\xd8\xff no more")
    before = loop.copy(tmp_path_factory.mktemp("before")).folder
    assert loop.night(NIGHT).status is RunStatus.COMPLETED
    return loop, before


def vectors(loop: LoopUnderTest) -> tuple[tuple[str, ...], np.ndarray]:
    parts = loop.parts
    return parts.vectors.load(parts.fingerprint, sorted(parts.vectors.known(parts.fingerprint)))


def test_a_cluster_with_a_worker_killed_in_the_middle_leaves_what_one_process_leaves(
    alone: tuple[LoopUnderTest, Path], bucket: str, tmp_path: Path
) -> None:
    single, before = alone
    loop = LoopUnderTest(before / "skuloop.toml").copy(tmp_path / "cluster")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        loop.configure(cluster={"engine": "dask", "address": cluster.scheduler_address, "objects": bucket})
        workers = list(client.run(os.getpid).values())
        killed = threading.Thread(target=kill_once_a_shard_is_there, args=(bucket, workers[0]))
        killed.start()
        report = loop.night(NIGHT)
        killed.join()
        assert set(client.run(os.getpid).values()) != set(workers), "no worker was killed: the night was too short"
    assert report.status is RunStatus.COMPLETED, report.problems
    assert loop.comparable_tables() == single.comparable_tables()
    (names, found), (wanted_names, wanted) = vectors(loop), vectors(single)
    assert names == wanted_names
    np.testing.assert_array_equal(found, wanted)
    shards = {path.name for path in (loop.folder / "store" / "vectors").rglob("*.parquet")}
    assert shards == {path.name for path in (single.folder / "store" / "vectors").rglob("*.parquet")}


def test_what_the_bucket_holds_already_is_not_encoded_again_by_a_cluster_of_this_machine(
    alone: tuple[LoopUnderTest, Path], tmp_path: Path
) -> None:
    single, before = alone
    objects = tmp_path / "objects"
    for turn in ("first", "second"):
        loop = LoopUnderTest(before / "skuloop.toml").copy(tmp_path / turn)
        loop.configure(cluster={"engine": "dask", "workers": 2, "objects": objects.as_uri()})
        assert loop.night(NIGHT).status is RunStatus.COMPLETED
        written = {path: path.stat().st_mtime_ns for path in objects.rglob("*.*")}
        if turn == "first":
            after_first = written
        np.testing.assert_array_equal(vectors(loop)[1], vectors(single)[1])
    assert written == after_first
    assert not list(objects.rglob("*.unfinished"))


def test_a_published_release_is_in_the_bucket_and_opens_from_a_copy_of_it(
    alone: tuple[LoopUnderTest, Path], bucket: str, tmp_path: Path
) -> None:
    loop = alone[0].copy(tmp_path / "cycle")
    loop.configure(cluster={"objects": bucket})
    assert loop.cycle("cycle-1").status is RunStatus.COMPLETED
    store = ObjectStore(bucket)
    for name in store.names("releases"):
        target = tmp_path / "copy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(store.read(name))
    assert open_current(tmp_path / "copy" / "releases").manifest.release_id == loop.release_id


def test_a_bucket_that_is_not_there_is_a_problem_of_the_night_and_the_questions_of_others_go_on(
    alone: tuple[LoopUnderTest, Path], bucket: str, tmp_path: Path
) -> None:
    loop = LoopUnderTest(alone[1] / "skuloop.toml").copy(tmp_path / "nowhere")
    loop.configure(cluster={"engine": "dask", "workers": 1, "objects": "s3://nobody/skuloop"})
    report = loop.night(NIGHT)
    assert report.status is RunStatus.DEGRADED
    assert "s3://nobody/skuloop" in report.problems[0]


def kill_once_a_shard_is_there(bucket: str, pid: int) -> None:
    store, deadline = ObjectStore(bucket), time.monotonic() + 500
    while time.monotonic() < deadline:
        if any(name.endswith(".json") for name in store.names("vectors")):
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)
