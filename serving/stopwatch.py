"""How long the stages of an answer take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Stage(StrEnum):
    """What is done between a photo and its answer."""

    DECODE = "decode"
    ISOLATE = "isolate"
    ENCODE = "encode"
    SEARCH = "search"


class Stopwatch:
    """Seconds spent in each stage, summed over everything that was done under its eyes.

    Finding where the products are is part of ENCODE where both come from one forward pass; ISOLATE is what it costs
    beyond that.

    Attributes:
        seconds: of each stage.
    """

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(Stage, 0.0)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Add what the block takes to a stage, also where it raises."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start
