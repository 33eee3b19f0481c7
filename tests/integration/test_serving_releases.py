"""Releases that come while a server runs: none of its callers may notice, but for the name in their answers."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognition.isolation.protocol import Box
from recognition.release.manifest import EncoderIdentity
from recognition.release.pointer import publish
from serving.http.metrics import Metrics
from serving.http.releases import ServedReleases
from serving.looker import Looked
from tests.support.commands import wait_for
from tests.support.serving import photo_of, release_content, running_server, write_release

FLIPS = 1000
PUBLISHED = 50


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedReleases]:
    write_release(tmp_path / "releases")
    metrics = Metrics()
    served = ServedReleases(tmp_path / "releases", None, metrics)
    assert not served.may_have_changed
    yield served
    answer = served.current.answer([_look(served)], served.current.fingerprint)
    assert answer[0].release_id == served.current.release_id


def _look(served: ServedReleases) -> Looked:
    """One glance at nothing in particular."""
    width = served.current.bundle.heads.metric.parts[-1].stop
    return Looked((9, 9), (Box(0, 0, 9, 9),), np.full((1, width), width**-0.5, dtype=np.float32))


def test_a_new_release_takes_over_and_the_way_back_works_too(served: ServedReleases, tmp_path: Path) -> None:
    write_release(tmp_path / "releases", "r0002")
    assert served.may_have_changed
    served.follow()
    assert (served.current.release_id, served.may_have_changed) == ("r0002", False)
    publish(tmp_path / "releases", "r0001-under-test")
    served.follow()
    assert served.current.release_id == "r0001-under-test"


def test_any_flipped_byte_of_a_new_release_is_refused_and_the_old_one_goes_on(
    served: ServedReleases, tmp_path: Path
) -> None:
    old = served.current
    path = write_release(tmp_path / "releases", "r0002")
    random = np.random.default_rng(0)
    files = [file for file in sorted(path.iterdir()) if file.stat().st_size]
    for at in range(FLIPS):
        file = files[at % len(files)]
        place, bit = int(random.integers(file.stat().st_size)), 1 << int(random.integers(8))
        _flip(file, place, bit)
        served.follow()
        assert served.current is old, (file.name, place)
        _flip(file, place, bit)
    served.follow()
    assert served.current.release_id == "r0002"


def _flip(file: Path, place: int, bit: int) -> None:
    with file.open("r+b") as stream:
        stream.seek(place)
        (byte,) = stream.read(1)
        stream.seek(place)
        stream.write(bytes([byte ^ bit]))


def test_a_missing_file_or_pointer_or_folder_is_refused_and_healed_when_it_is_back(
    served: ServedReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.http.releases.RETRY_SECONDS", 0.0)
    old, root = served.current, tmp_path / "releases"
    path = write_release(root, "r0002")
    for gone in [*sorted(path.iterdir()), root / "current", path]:
        gone.rename(tmp_path / "aside")
        served.follow()
        assert served.current is old, gone.name
        (tmp_path / "aside").rename(gone)
    assert served.may_have_changed, "what was refused is looked at again"
    served.follow()
    assert served.current.release_id == "r0002"


def test_heads_of_another_encoder_are_refused_with_a_line_that_says_what_to_do(
    served: ServedReleases, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = replace(release_content(), encoder=EncoderIdentity("handcrafted", "handcrafted-99", None))
    write_release(tmp_path / "releases", "r0002", stranger)
    served.follow()
    assert served.current.release_id == "r0001-under-test"
    assert "handcrafted-99" in caplog.text
    assert "start it again" in caplog.text


def test_a_release_that_is_removed_after_it_was_opened_goes_on_answering(
    served: ServedReleases, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "releases" / "r0001-under-test")
    assert served.current.references("red/tea 1")


@pytest.mark.slow
def test_fifty_releases_under_load_cost_no_answer_and_each_answer_names_one_that_there_was(tmp_path: Path) -> None:
    root = tmp_path / "releases"
    write_release(root)
    names, failed = set[str](), list[str]()
    with running_server(tmp_path, per_minute=0) as server:
        over = threading.Event()

        def ask() -> None:
            while not over.is_set():
                response = server.ask(photo_of("blue-tea"))
                if response.status_code == 200:
                    names.add(response.json()["answers"][0]["answer"]["release_id"])
                else:
                    failed.append(response.text)

        askers = [threading.Thread(target=ask) for _ in range(3)]
        for asker in askers:
            asker.start()
        published = ["r0001-under-test"]
        for number in range(PUBLISHED):
            published.append(f"r{number + 2:04d}")
            write_release(root, published[-1])
            _is_served(server.log, published[-1]) if number % 10 == 9 else None
        over.set()
        for asker in askers:
            asker.join()
        damaged = write_release(root, "r0099")
        (damaged / "heads.safetensors").write_bytes(b"")
        publish(root, "r0099")
        wait_for(lambda: server.metric('skuloop_refused_releases_total{error="ReleaseDamagedError"}') > 0, 60)
        assert server.client.get("/v1/releases/current").json()["release_id"] == published[-1]
        assert server.ask(photo_of("blue-tea")).status_code == 200
    assert not failed
    assert names <= set(published)
    assert len(names) > 1


def _is_served(log: Path, release_id: str) -> None:
    wait_for(lambda: f"release {release_id} is served" in log.read_text(), 60)
