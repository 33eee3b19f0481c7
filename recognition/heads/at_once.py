"""Fits that do not need each other, side by side: one core each.

Matrices of this size gain little from two cores that wait for each other, and lose much where other programs run. Each
fit has its own generator and one thread, so what comes out depends on neither the number of cores nor the order.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")
Other = TypeVar("Other")


def at_once(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """What the tasks return, in their order; PyTorch and NumPy let the interpreter go while they compute."""
    with _one_thread_each(), ThreadPoolExecutor(_cores()) as pool:
        return list(pool.map(lambda task: task(), tasks))


def beside(other: Callable[[], Other], tasks: Sequence[Callable[[], Result]]) -> tuple[Other, list[Result]]:
    """What another task returns, which is begun first, and what the tasks return; all of them at once."""
    with _one_thread_each(), ThreadPoolExecutor(_cores()) as pool:
        begun = pool.submit(other)
        found = list(pool.map(lambda task: task(), tasks))
        return begun.result(), found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _one_thread_each() -> Iterator[None]:
    import torch
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(threads)
