"""The vector store: Parquet shards that are whole or absent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from warehouse.errors import VectorStoreError
from warehouse.vectors import VectorStore

ENDLESS_APPENDS = """
import sys
from pathlib import Path
import numpy as np
from warehouse.vectors import VectorStore
store = VectorStore(Path(sys.argv[1]))
for batch in range(10_000):
    shas = [f"{batch}-{i}" for i in range(200)]
    store.append("enc", shas, np.full((200, 64), batch, np.float32))
    print(batch, flush=True)
"""


def some_vectors(n: int, d: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> VectorStore:
    return VectorStore(tmp_path)


def test_vectors_come_back_in_the_order_asked_and_the_unknown_are_left_out(store):
    first, second = some_vectors(2), some_vectors(2, seed=1)
    store.append("enc", ["a", "b"], first)
    store.append("enc", ["c", "d"], second)
    found, vectors = store.load("enc", ["d", "nowhere", "a"])
    assert found == ("d", "a")
    np.testing.assert_array_equal(vectors, np.stack([second[1], first[0]]))
    assert store.known("enc") == {"a", "b", "c", "d"}


def test_an_empty_store_answers_with_nothing_instead_of_failing(store):
    found, vectors = store.load("enc", ["a"])
    assert (found, len(vectors)) == ((), 0)
    assert store.known("enc") == set()
    assert store.append("enc", [], np.empty((0, 8), np.float32)) is None


def test_a_step_that_runs_again_after_a_kill_leaves_one_shard(store, tmp_path):
    store.append("enc", ["a", "b"], some_vectors(2))
    store.append("enc", ["a", "b"], some_vectors(2))
    assert len(list((tmp_path / "enc").iterdir())) == 1


def test_an_image_in_two_shards_is_found_once(store):
    store.append("enc", ["a", "b"], some_vectors(2))
    store.append("enc", ["b", "c"], some_vectors(2, seed=1))
    found, vectors = store.load("enc", ["a", "b", "c"])
    assert found == ("a", "b", "c")
    assert vectors.shape == (3, 8)


def test_vectors_of_another_encoder_are_never_found(store):
    store.append("one", ["a"], some_vectors(1))
    assert store.load("two", ["a"])[0] == ()


def test_two_encoders_cannot_share_a_fingerprint_unnoticed(store):
    store.append("enc", ["a"], some_vectors(1, d=8))
    with pytest.raises(VectorStoreError, match="must not share a fingerprint"):
        store.append("enc", ["b"], some_vectors(1, d=16))


@pytest.mark.parametrize("fingerprint", ["../elsewhere", "", "a/b", ".hidden"])
def test_a_fingerprint_cannot_lead_out_of_the_store(store, fingerprint):
    with pytest.raises(VectorStoreError, match="not an encoder's fingerprint"):
        store.append(fingerprint, ["a"], some_vectors(1))


@pytest.mark.parametrize(
    "vectors",
    [some_vectors(3), some_vectors(2).astype(np.float64), some_vectors(2)[0], np.full((2, 8), np.nan, np.float32)],
)
def test_vectors_that_cannot_be_right_are_refused_before_anything_is_written(store, tmp_path, vectors):
    with pytest.raises(VectorStoreError):
        store.append("enc", ["a", "b"], vectors)
    assert not (tmp_path / "enc").exists()


def test_a_truncated_shard_is_named_with_its_remedy(store):
    shard = store.append("enc", ["a", "b"], some_vectors(2))
    assert shard is not None
    shard.write_bytes(shard.read_bytes()[:-20])
    for use in (
        lambda: store.known("enc"),
        lambda: store.load("enc", ["a"]),
        lambda: store.append("enc", ["c"], some_vectors(1)),
    ):
        with pytest.raises(
            VectorStoreError, match=rf"{shard.name} is damaged .* delete it: its images are encoded again"
        ):
            use()


def test_a_flipped_byte_in_a_vector_is_an_error_and_not_a_wrong_neighbour(store):
    vectors = some_vectors(50)
    shard = store.append("enc", [f"image-{i}" for i in range(50)], vectors)
    assert shard is not None
    sound = shard.read_bytes()
    at = sound.index(vectors[20].tobytes()[:12])
    shard.write_bytes(sound[: at + 5] + bytes([sound[at + 5] ^ 0x10]) + sound[at + 6 :])
    with pytest.raises(VectorStoreError, match="damaged"):
        store.load("enc", ["image-1"])


def test_a_process_killed_while_it_appends_leaves_no_half_shard(store, tmp_path):
    for _ in range(3):
        with subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", ENDLESS_APPENDS, tmp_path], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            acknowledged = [int(process.stdout.readline()) for _ in range(15)]
            os.kill(process.pid, signal.SIGKILL)
        asked = [f"{batch}-{i}" for batch in acknowledged for i in (0, 199)]
        found, vectors = store.load("enc", asked)
        assert found == tuple(asked)
        np.testing.assert_array_equal(vectors[:, 0], np.repeat(acknowledged, 2))
        assert len(store.known("enc")) % 200 == 0
