"""The growth benchmark measures what it says on a catalogue small enough for a test."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from benchmarks.growth_photos import Growth, simulate
from benchmarks.recognition_growth import Measured, _measure, _read

TINY = Growth(classes=30, photos=10)


def test_the_simulated_holdout_shows_known_classes_in_scenes_of_its_own() -> None:
    catalogue = simulate(TINY)
    assert len(catalogue.train) == 300
    assert len(catalogue.vectors) == len(catalogue.skus) == 30
    assert set(catalogue.skus) == set(catalogue.train.classes)
    assert np.allclose(np.linalg.norm(catalogue.vectors, axis=1), 1, atol=1e-5)
    assert (catalogue.vectors @ catalogue.train.vectors.T).max() < 0.999
    assert np.array_equal(simulate(TINY).train.vectors, catalogue.train.vectors)


@pytest.mark.slow
def test_a_size_is_measured_in_processes_of_its_own_and_its_figures_survive_being_kept() -> None:
    found = _measure(TINY)
    assert 0 < found.learning.start <= found.learning.train.peak <= found.learning.whole.peak
    assert found.learning.whole.seconds >= found.learning.train.seconds > 0
    assert 0 < found.answering.median <= found.answering.slowest_of_twenty
    assert 0.2 < found.learning.top1 <= 1
    assert isinstance(found, Measured)
    assert _read(json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.slow
def test_a_worker_that_asks_for_more_memory_than_promised_fails_instead_of_taking_the_machine_down(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "benchmarks.growth_worker", "learn", "30000000", "50", str(tmp_path)]
    ended = subprocess.run(command, stderr=subprocess.PIPE, check=False, text=True)  # noqa: S603
    assert ended.returncode
    assert "MemoryError" in ended.stderr
