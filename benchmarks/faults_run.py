"""A night or a cycle in a process of its own, forked from one that has all imported: cheap enough to kill often."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

_IMPORTED_ONCE = ["flows.nightly", "flows.cycle", "recognition.release.candidate"]
_COMPILED_ONCE = ["benchmarks.faults_warm"]
SKIPPED, FAILED = 75, 1


@dataclass(frozen=True)
class Attempt:
    """One run: how it was named, and the process that it is in."""

    process: ForkServerProcess
    began: float

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def kill(self, *, with_children: bool) -> None:
        """`kill -9`: the flow's process alone, or with everything that it started."""
        pid = self.process.pid
        assert pid is not None  # noqa: S101 - it was started
        with suppress(ProcessLookupError):
            (os.killpg if with_children else os.kill)(pid, signal.SIGKILL)
        self.process.join()

    def end(self, patience: float = 300) -> int:
        """Wait for its end, and see to it that nothing of it lives on; the exit code."""
        self.process.join(patience)
        assert self.process.pid is not None  # noqa: S101
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        return self.process.exitcode if self.process.exitcode is not None else -1


class Runner:
    """Starts runs. Make it after the environment is as the runs shall see it.

    Args:
        compiled: compile what cycles need beforehand; not worth it for a few runs, or classes too few for a map.
    """

    def __init__(self, *, compiled: bool = True) -> None:
        # Compiled code survives a fork; threads do not, and this layer starts its own anew.
        os.environ |= {"NUMBA_THREADING_LAYER": "workqueue", "NUMBA_NUM_THREADS": "1"}
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*_IMPORTED_ONCE, *(_COMPILED_ONCE if compiled else [])])

    def start(
        self, flow: str, config: Path, label: str, log: Path, prepare: Callable[[], None] | None = None
    ) -> Attempt:
        """Start a run; its output goes to `log`."""
        process = self._context.Process(target=_run, args=(flow, config, label, log, dict(os.environ), prepare))
        process.start()
        return Attempt(process, time.monotonic())


def _run(
    flow: str, config: Path, label: str, log: Path, environ: dict[str, str], prepare: Callable[[], None] | None
) -> None:
    os.setsid()  # so that it can be killed with its children
    os.environ.clear()
    os.environ.update(environ)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if prepare is not None:
        prepare()
    from flows.cycle import cycle
    from flows.nightly import nightly

    report = (nightly if flow == "nightly" else cycle)(config=str(config), label=label)
    print(report.status, *report.problems, sep="\n", flush=True)
    if report.status == "skipped":
        raise SystemExit(SKIPPED)
