import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.encoders import HANDCRAFTED, EncoderSpec, EncodingFailedError, encode_files, open_encoder
from recognition.encoders.backbone import batch_size
from recognition.encoders.parallel import MAX_TRIES, SHARD, SMALL_JOB, WORTH_WORKERS, _encode_shard
from recognition.errors import EncoderUnavailableError
from recognition.pictures.reading import read_picture
from recognition.vocabulary import PictureReason

SPEC = EncoderSpec(HANDCRAFTED)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(3)
    paths = [folder / f"{number}.png" for number in range(8)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((200, 200)).save(path)
    return paths


def job(photos: list[Path], count: int) -> list[tuple[str, Path]]:
    return [(f"{number:064x}", photos[number % len(photos)]) for number in range(count)]


def workers_now() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid is not None]


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_small_job_starts_no_process(photos: list[Path]) -> None:
    for _ in encode_files(SPEC, job(photos, SMALL_JOB - 1), workers=2):
        assert workers_now() == []


def test_left_to_itself_a_job_that_workers_would_slow_down_starts_none(photos: list[Path]) -> None:
    for _ in encode_files(SPEC, job(photos, WORTH_WORKERS - 1)):
        assert workers_now() == []


def test_no_files_give_no_batch_and_no_error() -> None:
    assert list(encode_files(SPEC, [])) == []


def test_broken_and_missing_files_are_named_with_their_reason_and_the_others_are_encoded(
    photos: list[Path], tmp_path: Path
) -> None:
    text, truncated = tmp_path / "page.html", tmp_path / "half.png"
    text.write_bytes(b"<html>gone</html>")
    truncated.write_bytes(photos[0].read_bytes()[:300])
    items = [("a", photos[0]), ("b", text), ("c", photos[1]), ("d", truncated), ("e", tmp_path / "absent.jpg")]
    (batch,) = encode_files(SPEC, items)
    assert batch.sha256s == ("a", "c")
    assert batch.unreadable == (
        ("b", PictureReason.UNSUPPORTED_FORMAT),
        ("d", PictureReason.UNREADABLE),
        ("e", PictureReason.MISSING),
    )
    expected = open_encoder(SPEC).encode([read_picture(photos[0]), read_picture(photos[1])])
    np.testing.assert_array_equal(batch.vectors, expected)


def test_a_shard_without_one_readable_file_is_still_a_batch(tmp_path: Path) -> None:
    (batch,) = encode_files(SPEC, [("a", tmp_path / "absent.jpg")])
    assert batch.vectors.shape == (0, open_encoder(SPEC).dimension)
    assert batch.unreadable == (("a", PictureReason.MISSING),)


def test_workers_give_the_same_vectors_as_this_process_and_report_every_file(photos: list[Path]) -> None:
    items, progress = job(photos, 2 * SHARD + 40), list[tuple[int, int]]()
    batches = list(encode_files(SPEC, items, workers=2, on_progress=lambda done, total: progress.append((done, total))))
    vectors = {sha: row for batch in batches for sha, row in zip(batch.sha256s, batch.vectors, strict=True)}
    assert sorted(vectors) == [sha for sha, _ in items]
    for sha, path in items[:: SHARD // 2]:
        np.testing.assert_allclose(vectors[sha], open_encoder(SPEC).encode([read_picture(path)])[0], atol=1e-6)
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert progress[-1] == (len(items), len(items))


def test_left_to_itself_a_large_job_begins_with_one_worker_and_adds_those_that_pay(photos: list[Path]) -> None:
    items, counts = job(photos, max(WORTH_WORKERS, 8 * SHARD)), list[int]()
    seen = list[str]()
    for batch in encode_files(SPEC, items):
        seen.extend(batch.sha256s)
        counts.append(len(workers_now()))
    assert sorted(seen) == [sha for sha, _ in items]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    assert max(counts) <= max(cores, 1)
    assert cores == 1 or counts[0] >= 1


def test_a_gpu_is_given_larger_batches_and_pictures_that_threads_have_read(photos: list[Path], tmp_path: Path) -> None:
    assert batch_size("cuda:0") > batch_size("cpu")
    items = [*job(photos, 20), ("absent", tmp_path / "absent.jpg")]
    on_cpu, on_gpu = (_encode_shard(open_encoder(SPEC), items, device) for device in ("cpu", "cuda"))
    assert on_gpu.sha256s == on_cpu.sha256s
    assert on_gpu.unreadable == on_cpu.unreadable == (("absent", PictureReason.MISSING),)
    np.testing.assert_array_equal(on_gpu.vectors, on_cpu.vectors)


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_loses_no_image(photos: list[Path]) -> None:
    items, killed, seen = job(photos, 6 * SHARD), list[int](), list[str]()
    for batch in encode_files(SPEC, items, workers=2):
        seen.extend(batch.sha256s)
        if not killed:
            killed.extend(workers_now()[:1])
            os.kill(killed[0], signal.SIGKILL)
    assert killed
    assert sorted(seen) == [sha for sha, _ in items]


def test_workers_that_always_die_end_in_an_error_that_says_what_to_do(photos: list[Path]) -> None:
    stop, deaths = threading.Event(), set[int]()

    def kill_every_worker() -> None:
        while not stop.wait(0.05):
            for pid in workers_now():
                deaths.add(pid)
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_every_worker)
    killer.start()
    try:
        with pytest.raises(EncodingFailedError, match=rf"{MAX_TRIES} times.*fewer workers"):
            list(encode_files(SPEC, job(photos, 2 * SHARD), workers=2))
    finally:
        stop.set()
        killer.join()
    assert len(deaths) >= MAX_TRIES


def test_an_encoder_that_cannot_be_loaded_stops_the_job_before_any_worker_starts(photos: list[Path]) -> None:
    spec = EncoderSpec("vit_tiny_patch16_224.augreg_in21k_ft_in1k", Path("absent.safetensors"))
    with pytest.raises(EncoderUnavailableError, match=r"absent\.safetensors"):
        next(encode_files(spec, job(photos, 4 * SHARD), workers=2))
    assert workers_now() == []


def test_a_caller_who_stops_listening_leaves_no_worker_behind(photos: list[Path]) -> None:
    batches = encode_files(SPEC, job(photos, 6 * SHARD), workers=2)
    next(batches)
    assert len(workers_now()) == 2
    batches.close()  # type: ignore[attr-defined]
    assert workers_now() == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads process states from /proc")
def test_workers_of_a_killed_run_end_by_themselves(photos: list[Path]) -> None:
    program = (
        "import sys, multiprocessing, time; from pathlib import Path; from recognition.encoders import *\n"
        "items = [(str(n), Path(sys.argv[1])) for n in range(2000)]\n"
        "batches = encode_files(EncoderSpec(HANDCRAFTED), items, workers=2); next(batches)\n"
        "print(*[child.pid for child in multiprocessing.active_children()], flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(photos[0])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:  # noqa: S603  # our own program
        assert run.stdout is not None
        workers = [int(pid) for pid in run.stdout.readline().split()]
        run.kill()
    assert len(workers) == 2
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(alive(pid) for pid in workers)
