"""Fits that do not need each other, side by side: one core each.

Matrices of this size gain little from two cores that wait for each other, and lose much where other programs run. Each
fit has its own generator and one thread, so what comes out depends on neither the number of cores nor the order.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def at_once(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """What the tasks return, in their order; PyTorch and NumPy let the interpreter go while they compute."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(cores) as pool:
            return list(pool.map(lambda task: task(), tasks))
    finally:
        torch.set_num_threads(threads)
