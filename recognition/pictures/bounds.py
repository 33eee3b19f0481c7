"""Processes that decode strangers' bytes: how one is started, and what it may take.

A system without such limits decodes without them.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def start_reader(module: str) -> "subprocess.Popen[bytes]":
    """Start a module that answers on stdout what it is asked on stdin; of our environment it sees nothing."""
    return subprocess.Popen(  # noqa: S603 - a module of ours, named in the code
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "OPENBLAS_NUM_THREADS": "1",  # its threads would each take addresses, and have nothing to do
            "OMP_NUM_THREADS": "1",
        },
    )


def bind_process(memory: int) -> None:
    """Bound this process: `memory` bytes of addresses, no files written, no core left behind."""
    try:
        import resource
    except ImportError:
        return
    for limit, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        _lower(limit, most)


def bind_work(seconds: int) -> None:
    """Give this process so many further seconds of CPU; it is killed when they are used up."""
    try:
        import resource
    except ImportError:
        return
    _lower(resource.RLIMIT_CPU, int(time.process_time()) + 1 + seconds)


def _lower(limit: int, most: int) -> None:
    """Set a soft limit, so that work can be bound anew, within what the system allows."""
    import resource

    hard = resource.getrlimit(limit)[1]
    resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
