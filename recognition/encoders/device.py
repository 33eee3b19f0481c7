"""On which device an encoder runs: a GPU where there is one, unless the settings name another."""

import sys
from functools import lru_cache
from pathlib import Path

AUTO, CPU, CUDA = "auto", "cpu", "cuda"

_SIGNS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""Of a GPU on Linux: NVIDIA's driver, Windows' below it, and AMD's, which torch calls CUDA too."""


def found_device(wanted: str) -> str:
    """The torch device to use: "cuda" or "cpu" for "auto"; any other name is taken at its word.

    Torch, which takes seconds to import, is asked only where there are signs of a GPU.
    """
    return _best() if wanted == AUTO else wanted


@lru_cache(maxsize=1)
def _best() -> str:
    if sys.platform == "linux" and not any(Path(sign).exists() for sign in _SIGNS):
        return CPU
    import torch

    return CUDA if torch.cuda.is_available() else CPU
