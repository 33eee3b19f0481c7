"""One contract for every vector store: FAISS in this process, and Milvus by its client and Milvus Lite."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognition.errors import VectorStoreUnavailableError
from recognition.heads.whitening import normalised
from recognition.index.embeddings import Embeddings
from recognition.index.faiss_store import FaissStore
from recognition.index.milvus_store import MilvusStore
from recognition.index.stores import VectorStore
from serving.http.problems import answer_problems

ROWS, DIMENSION = 300, 16
VECTORS = normalised(np.random.default_rng(0).normal(size=(ROWS, DIMENSION)))
QUERIES = normalised(np.random.default_rng(1).normal(size=(9, DIMENSION)))
EVERY = QUERIES @ VECTORS.T
NEAREST = np.argsort(-EVERY, axis=1, kind="stable")


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusStore]:
    store = MilvusStore(str(tmp_path_factory.mktemp("milvus") / "vectors.db"))
    yield store
    store.close()


@pytest.fixture(params=["faiss", "milvus"])
def store(request: pytest.FixtureRequest) -> VectorStore:
    return FaissStore() if request.param == "faiss" else request.getfixturevalue("milvus")


@pytest.fixture
def name(store: VectorStore, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name of its own for every test, as every release has."""
    yield request.node.name
    store.forget(request.node.name)


def test_it_finds_what_a_scan_finds_in_the_same_order(store, name):
    rows, cosines = store.open(name, Embeddings.of_prototypes(VECTORS))(QUERIES, 10)
    assert np.array_equal(rows, NEAREST[:, :10])
    assert np.allclose(cosines, np.take_along_axis(EVERY, NEAREST[:, :10], axis=1), atol=1e-5)
    assert (rows.dtype, cosines.dtype) == (np.int64, np.float32)


def test_a_class_with_several_embeddings_is_found_once(store, name):
    class_of = np.arange(ROWS) % 60
    rows, cosines = store.open(name, Embeddings(VECTORS, class_of))(QUERIES, 6)
    best = np.stack([EVERY[:, class_of == row].max(axis=1) for row in range(60)], axis=1)
    wanted = np.argsort(-best, axis=1, kind="stable")[:, :6]
    assert np.array_equal(rows, wanted)
    assert np.allclose(cosines, np.take_along_axis(best, wanted, axis=1), atol=1e-5)


def test_more_classes_are_asked_for_than_there_are_and_no_photo_at_all(store, name):
    search = store.open(name, Embeddings.of_prototypes(VECTORS[:5]))
    assert [sorted(of) for of in search(QUERIES, 32)[0].tolist()] == [[0, 1, 2, 3, 4]] * len(QUERIES)
    assert search(QUERIES[:0], 32)[0].shape == (0, 5)


def test_what_is_opened_again_answers_the_same_and_two_names_do_not_meet(store, name):
    first = store.open(name, Embeddings.of_prototypes(VECTORS))(QUERIES, 3)[0]
    try:
        other = store.open(f"{name}-other", Embeddings.of_prototypes(VECTORS[::-1].copy()))(QUERIES, 3)[0]
    finally:
        store.forget(f"{name}-other")
    again = store.open(name, Embeddings.of_prototypes(VECTORS))(QUERIES, 3)[0]
    assert np.array_equal(first, again)
    assert np.array_equal(other, ROWS - 1 - first)


def test_what_is_forgotten_may_be_forgotten_again_and_comes_back_when_it_is_opened(store, name):
    store.open(name, Embeddings.of_prototypes(VECTORS[:50]))
    store.forget(name)
    store.forget(name)
    rows, _ = store.open(name, Embeddings.of_prototypes(VECTORS))(QUERIES, 1)
    assert np.array_equal(rows, NEAREST[:, :1])


def test_a_process_that_died_while_it_filled_a_collection_leaves_nothing_half_for_the_next(milvus, name_of_milvus):
    milvus._create(name_of_milvus[1], DIMENSION)
    milvus._fill(name_of_milvus[1], VECTORS[:120])
    rows, _ = milvus.open(name_of_milvus[0], Embeddings.of_prototypes(VECTORS))(QUERIES, 10)
    assert np.array_equal(rows, NEAREST[:, :10])


@pytest.fixture
def name_of_milvus(milvus: MilvusStore) -> Iterator[tuple[str, str]]:
    from recognition.index.milvus_store import _collection_of

    yield "killed", _collection_of("killed")
    milvus.forget("killed")


def test_a_cluster_that_does_not_answer_is_an_error_that_says_so():
    with pytest.raises(VectorStoreUnavailableError, match="Milvus does not answer"):
        MilvusStore("http://127.0.0.1:9", timeout=1)


def test_an_engine_that_does_not_answer_is_no_defect_of_the_server():
    app = FastAPI()
    answer_problems(app)

    @app.get("/ask")
    def ask() -> None:
        raise VectorStoreUnavailableError("Milvus does not answer as it should: unreachable at 10.0.0.7")

    answer = TestClient(app, raise_server_exceptions=False).get("/ask")
    assert (answer.status_code, answer.json()["type"]) == (503, "busy")
    assert "retry-after" in answer.headers
    assert "10.0.0.7" not in answer.text


def test_a_path_that_is_not_a_database_is_refused(tmp_path: Path):
    with pytest.raises(VectorStoreUnavailableError):
        MilvusStore(str(tmp_path / "vectors.txt"), timeout=1)
