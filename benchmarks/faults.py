"""Does a night or a cycle that is harmed end, once it is run again, as if nothing had happened?

    python -m benchmarks.faults kills [--until N] [--minutes M]
    python -m benchmarks.faults kills --table

`kills`: a run is ended by `kill -9` at a moment drawn at random, alone or with every process that it started, and run
again to its end. Then tables, vectors, releases, pictures and Label Studio's questions are compared, by content hash,
with those of a run that nobody harmed. Trials are kept in `kills.jsonl`: the command goes on where it stopped.
"""

import argparse
import json
import random
import signal
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.faults_compare import Traces, differences, leftovers, traces
from benchmarks.faults_run import Runner
from benchmarks.faults_store import CYCLE, LABELS, NIGHT, Ground, open_ground
from benchmarks.machine import this_machine
from skuloop.output import print_table, say
from tasks.settings import load_settings
from tasks.wiring import Parts
from warehouse.runs import running_runs, stages

_FOLDER = Path("benchmarks/out/faults")


@dataclass(frozen=True)
class Kill:
    """One trial.

    Attributes:
        at: seconds after the start at which the run was killed.
        after: the stage that had ended last; empty before the first.
        left: files half written that the dead run left, and the run after it had to clear away.
        differs: what was not as in the run that nobody harmed; empty where all was well.
        seconds: that the run took which went on.
    """

    number: int
    flow: str
    with_children: bool
    at: float
    after: str
    left: int
    exit_code: int
    differs: list[str]
    seconds: float


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=["kills"])
    words.add_argument("--folder", type=Path, default=_FOLDER)
    words.add_argument("--until", type=int, default=200)
    words.add_argument("--minutes", type=float, default=1e9)
    words.add_argument("--table", action="store_true")
    said, began = words.parse_args(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers end with us
    if not said.table:
        with open_ground(said.folder) as ground:
            _kill_often(ground, said.until, began + 60 * said.minutes)
    return _print_kills(said.folder)


def _kill_often(ground: Ground, until: int, deadline: float) -> None:
    runner = Runner()
    wanted, lasting = _unharmed(ground, runner)
    done = _known(ground.folder)
    chance = random.Random(len(done))  # noqa: S311 - a moment to kill at
    while len(done) < until and time.monotonic() < deadline:
        flow = (NIGHT, CYCLE)[len(done) % 2]
        found = _kill_once(ground, runner, flow, chance, len(done) + 1, statistics.median(lasting[flow]), wanted[flow])
        if found is None:
            continue  # it had ended before
        done.append(found)
        with (ground.folder / "kills.jsonl").open("a") as out:
            out.write(json.dumps(asdict(found)) + "\n")
        outcome = found.differs or "the same"
        say(f"{found.number}: {flow} killed at {found.at:.2f} s ({found.after or 'start'}): {outcome}")


def _unharmed(ground: Ground, runner: Runner) -> tuple[dict[str, Traces], dict[str, list[float]]]:
    """What runs leave that nobody harms, and how long they take now; two of each, which must agree."""
    wanted: dict[str, Traces] = {}
    lasting: dict[str, list[float]] = {NIGHT: [], CYCLE: []}
    for flow in (NIGHT, CYCLE):
        for turn in range(2):
            with ground.project(flow, f"unharmed {turn}") as title:
                ground.lay_out(flow)
                attempt = runner.start(flow, ground.config, LABELS[flow], ground.folder / "unharmed.log")
                code = attempt.end()
                lasting[flow].append(attempt.seconds)
                found = traces(ground.work / "store", ground.task_keys(title))
            odd = differences(wanted.setdefault(flow, found), found)
            if code or odd:
                said = (ground.folder / "unharmed.log").read_text()
                raise SystemExit(f"an unharmed {flow} ended with {code}, differs in {odd}: {said}")
    say(f"unharmed: night {lasting[NIGHT][-1]:.1f} s, cycle {lasting[CYCLE][-1]:.1f} s")
    return wanted, lasting


def _kill_once(
    ground: Ground, runner: Runner, flow: str, chance: random.Random, number: int, lasting: float, wanted: Traces
) -> Kill | None:
    at, with_children = chance.uniform(0, lasting), chance.random() < 0.5
    log = ground.folder / "killed.log"
    with ground.project(flow, f"kill {number}") as title:
        ground.lay_out(flow)
        attempt = runner.start(flow, ground.config, LABELS[flow], log)
        attempt.process.join(at)
        if not attempt.process.is_alive():
            return None
        attempt.kill(with_children=with_children)
        after, left = _last_stage(ground), len(leftovers(ground.work / "store"))
        again = runner.start(flow, ground.config, LABELS[flow], ground.folder / "again.log")
        code = again.end()
        seconds = again.seconds
        attempt.end()  # what it left running, if anything
        found = traces(ground.work / "store", ground.task_keys(title))
    return Kill(
        number, flow, with_children, round(at, 3), after, left, code, differences(wanted, found), round(seconds, 1)
    )


def _last_stage(ground: Ground) -> str:
    with Parts(load_settings(ground.config)).warehouse.read() as db:
        running = running_runs(db)
        ended = stages(db, running[-1].run_id) if running else []
    return ended[-1].stage if ended else ""


def _known(folder: Path) -> list[Kill]:
    path = folder / "kills.jsonl"
    return [Kill(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def _print_kills(folder: Path) -> int:
    done = _known(folder)
    rows = []
    for flow in (NIGHT, CYCLE):
        of_flow = [kill for kill in done if kill.flow == flow]
        for after, count in Counter(kill.after for kill in of_flow).items():
            same = sum(not kill.differs and not kill.exit_code for kill in of_flow if kill.after == after)
            rows.append([flow, after or "(nothing yet)", count, same])
    machine = this_machine()
    print_table("Killed after the stage", ["flow", "last stage that had ended", "kills", "the same in the end"], rows)
    good = sum(not kill.differs and not kill.exit_code for kill in done)
    print(f"{good} of {len(done)} kills ended as if nothing had happened. {machine.cpu}, {machine.cores} cores.")
    for kill in done:
        if kill.differs or kill.exit_code:
            print(f"  {kill}")
    return 0 if good == len(done) else 1


if __name__ == "__main__":
    sys.exit(main())
