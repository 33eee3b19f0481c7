"""A picture may kill the process that reads it, or make it hang or starve; it costs itself, and no other."""

import io
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.pictures import apart
from recognition.pictures.apart import PictureReaders, readers_for
from recognition.pictures.bounds import start_reader
from recognition.pictures.quality import PictureQuality, measure_picture
from recognition.pictures.reading import read_picture
from recognition.vocabulary import PictureReason


def photo(path: Path, seed: int, size: tuple[int, int] = (300, 200)) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(pixels).resize(size).save(path, "JPEG")
    return path


def test_what_is_measured_apart_is_what_would_be_measured_here(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"{seed}.jpg", seed) for seed in range(20)]
    with PictureReaders(2) as readers:
        assert list(readers.measure(paths)) == [measure_picture(read_picture(path)) for path in paths]


def test_no_process_is_started_for_pictures_that_another_reads_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert [readers_for(pictures) for pictures in (0, 1, 127, 128, 300, 100_000)] == [1, 1, 1, 2, 4, 4]


def test_each_bad_file_says_why_and_the_next_is_read_all_the_same(tmp_path: Path) -> None:
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(photo(tmp_path / "whole.jpg", 1).read_bytes()[:2000])
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    good = photo(tmp_path / "good.jpg", 2)
    paths = [torn, tmp_path / "page.jpg", tmp_path / "nowhere.jpg", tmp_path, good]
    with PictureReaders(1) as readers:
        *bad, last = readers.measure(paths)
    assert [seen.reason for seen in bad if isinstance(seen, UnreadablePictureError)] == [
        PictureReason.UNREADABLE, PictureReason.UNSUPPORTED_FORMAT, PictureReason.MISSING, PictureReason.MISSING,
    ]  # fmt: skip
    assert isinstance(last, PictureQuality)


def test_a_reader_that_is_killed_from_outside_costs_no_good_picture(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"{seed}.jpg", seed) for seed in range(3)]
    with PictureReaders(1) as readers:
        assert isinstance(next(iter(readers.measure(paths[:1]))), PictureQuality)
        process = readers._readers[0]._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert all(isinstance(found, PictureQuality) for found in readers.measure(paths[1:]))


def test_a_picture_that_gets_every_reader_killed_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def start_killed(module: str) -> "subprocess.Popen[bytes]":
        process = start_reader(module)
        process.kill()
        started.append(process.wait())
        return process

    monkeypatch.setattr(apart, "start_reader", start_killed)
    with PictureReaders(1) as readers:
        (lost,) = readers.measure([photo(tmp_path / "a.jpg", 1)])
    assert isinstance(lost, UnreadablePictureError)
    assert lost.reason is PictureReason.UNREADABLE
    assert len(started) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b'{"reason": "no such reason", "detail": ""}',
        b'{"width": "wide", "height": 1, "sharpness": 1.0, "brightness": 1.0, "contrast": 1.0, "phash": 1}',
        b'{"width": 1, "height": 1}',
    ],
)
def test_what_no_reader_says_is_taken_for_no_measurement(answer: bytes) -> None:
    with pytest.raises(ValueError, match="validation error"):
        apart._understood(answer)


def test_a_picture_that_its_reader_hangs_over_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PictureReaders(1) as readers:
        reader = apart._Reader()
        readers._readers.append(reader)
        assert isinstance(reader.measure(photo(tmp_path / "a.jpg", 1)), PictureQuality)
        assert reader._process is not None
        reader._process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        with monkeypatch.context() as hurried:  # a busy machine takes longer than this to start a reader
            hurried.setattr(apart, "_PATIENCE", 1.0)
            assert isinstance(reader.measure(photo(tmp_path / "b.jpg", 2)), UnreadablePictureError)
        assert time.monotonic() - begun < 5
        assert isinstance(reader.measure(photo(tmp_path / "c.jpg", 3)), PictureQuality)


def test_a_reader_takes_no_more_memory_than_it_may_and_writes_nothing(tmp_path: Path) -> None:
    with PictureReaders(1) as readers:
        list(readers.measure([photo(tmp_path / "a.jpg", 1)]))
        process = readers._readers[0]._process
        assert process is not None
        limits = Path(f"/proc/{process.pid}/limits").read_text()
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert int(soft["Max address space"]) <= 3 * 1024**3
    assert (soft["Max file size"], soft["Max core file size"]) == ("0", "0")
    assert int(soft["Max cpu time"]) <= 60


def test_the_largest_picture_that_is_taken_fits_with_transparency(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (5000, 5000), (200, 10, 10, 128)).save(buffer, "PNG")
    path = tmp_path / "large.png"
    path.write_bytes(buffer.getvalue())
    with PictureReaders(1) as readers:
        (found,) = readers.measure([path])
    assert isinstance(found, PictureQuality)
    assert (found.width, found.height) == (5000, 5000)
