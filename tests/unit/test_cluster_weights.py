"""Weights of a cluster lie among the temporary files of each machine: who else uses one must not choose them."""

import hashlib
import tempfile
from pathlib import Path

import pytest

from recognition.encoders import EncoderSpec
from tasks.cluster import _fetched
from warehouse.errors import ObjectStoreError
from warehouse.objects import ObjectStore

WEIGHTS = b"weights of an encoder"
NAME = Path(f"weights/{hashlib.sha256(WEIGHTS).hexdigest()}.safetensors")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    store = ObjectStore(f"file://{tmp_path / 'objects'}")
    store.write(NAME.as_posix(), WEIGHTS)
    return store


def fetched(store: ObjectStore) -> Path:
    found = _fetched(store, EncoderSpec("an encoder", weights=NAME)).weights
    assert found is not None
    return found


def test_weights_that_somebody_altered_on_this_machine_are_fetched_anew(store: ObjectStore) -> None:
    file = fetched(store)
    file.write_bytes(b"somebody else's")
    assert fetched(store).read_bytes() == WEIGHTS


def test_weights_that_are_not_what_their_name_says_are_refused(store: ObjectStore) -> None:
    store.write(NAME.as_posix(), b"damaged")
    with pytest.raises(ObjectStoreError, match="is damaged: delete it"):
        fetched(store)


def test_a_folder_that_others_can_write_to_is_refused(store: ObjectStore) -> None:
    fetched(store).parent.chmod(0o777)
    with pytest.raises(ObjectStoreError, match="not this user's alone"):
        fetched(store)


def test_weights_that_the_store_has_no_more_are_missing_here_too(store: ObjectStore, tmp_path: Path) -> None:
    fetched(store).write_bytes(b"altered")
    (tmp_path / "objects" / NAME).unlink()
    assert not fetched(store).exists()
