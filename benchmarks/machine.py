"""Where seconds were measured."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the seconds were measured; `load` is the machine's mean load over the last 15 minutes, in processes."""

    cpu: str
    cores: int
    load: float


def this_machine() -> Machine:
    """The machine that this process runs on, and how busy it is now."""
    return Machine(_cpu(), os.cpu_count() or 1, os.getloadavg()[2])


def _cpu() -> str:
    """The CPU's own name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
