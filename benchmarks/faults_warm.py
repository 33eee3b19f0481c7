"""What every cycle compiles when it first needs it, compiled once before the runs are forked.

On one thread: OpenMP's threads do not survive a fork, and who counts on them in the forked run (FAISS does) waits for
ever.
"""

import faiss  # noqa: F401 - libraries that are loaded later would not be limited
import numpy as np
import umap  # noqa: F401
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recognition.heads.class_map import umap_positions

_some = np.random.default_rng(0).normal(size=(40, 48)).astype(np.float32)
_some /= np.linalg.norm(_some, axis=1, keepdims=True)
with threadpool_limits(1, user_api="openmp"):
    for _dimensions in (2, 8):
        umap_positions(_some, _dimensions)
