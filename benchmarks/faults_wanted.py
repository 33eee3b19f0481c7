"""What a night and a cycle leave that nobody harms, and how long they take."""

import json

from benchmarks.faults_compare import Traces, differences, traces
from benchmarks.faults_run import Runner
from benchmarks.faults_store import CYCLE, LABELS, NIGHT, Ground
from skuloop.output import say

_FLOWS = (NIGHT, CYCLE)


class Unharmed:
    """Traces and seconds by flow.

    Each session runs both once more: so the seconds are those of today's machine, and traces that differ from run to
    run would be seen.
    """

    def __init__(self, ground: Ground, runner: Runner) -> None:
        path = ground.folder / "unharmed.json"
        self.traces: dict[str, Traces] = json.loads(path.read_text()) if path.exists() else {}
        self.seconds: dict[str, float] = {}
        first = not self.traces
        for flow in _FLOWS * (2 if first else 1):
            self._run(ground, runner, flow)
        path.write_text(json.dumps(self.traces))
        say(f"unharmed: night {self.seconds[NIGHT]:.1f} s, cycle {self.seconds[CYCLE]:.1f} s")

    def _run(self, ground: Ground, runner: Runner, flow: str) -> None:
        log = ground.folder / "unharmed.log"
        with ground.project(flow, "unharmed") as title:
            ground.lay_out(flow)
            attempt = runner.start(flow, ground.config, LABELS[flow], log)
            code, self.seconds[flow] = attempt.end(), attempt.seconds
            found = traces(ground.work / "store", ground.task_keys(title))
        odd = differences(self.traces.setdefault(flow, found), found)
        if code or odd:
            raise SystemExit(f"an unharmed {flow} ended with {code}, differs in {odd}: {log.read_text()}")
