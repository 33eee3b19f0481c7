"""`kill -9` at random moments: one trial, and the table of all."""

import json
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from benchmarks.faults_compare import differences, leftovers, traces
from benchmarks.faults_run import Runner
from benchmarks.faults_store import CYCLE, LABELS, NIGHT, Ground
from benchmarks.faults_wanted import Unharmed
from skuloop.output import print_table, say
from tasks.settings import load_settings
from tasks.wiring import Parts

_TRIALS = "kills.jsonl"
_LAST_STAGE = """
SELECT
    CASE WHEN run.finished_at IS NULL THEN coalesce(last(stage ORDER BY run_stage.rowid), '') ELSE 'ended' END
FROM run LEFT JOIN run_stage USING (run_id) WHERE label = ? GROUP BY run_id, run.finished_at
"""


@dataclass(frozen=True)
class Kill:
    """One trial.

    Attributes:
        at: seconds after the start at which the run was killed.
        after: the stage that had ended last; empty before the first, "ended" where the run had said that it
            was, and published its tables.
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

    @property
    def is_well(self) -> bool:
        """Whether it ended as if nothing had happened."""
        return not self.differs and not self.exit_code


def kill_often(ground: Ground, runner: Runner, unharmed: Unharmed, until: int, deadline: float) -> None:
    """Kill until there are so many trials, or the time is up; each is kept as soon as it is known."""
    done = len(_known(ground.folder))
    chance = random.Random(done)  # noqa: S311 - a moment to kill at
    while done < until and time.monotonic() < deadline:
        flow = (NIGHT, CYCLE)[done % 2]
        found = _kill_once(ground, runner, unharmed, flow, chance, done + 1)
        if found is None:
            continue  # it had ended before
        done += 1
        with (ground.folder / _TRIALS).open("a") as out:
            out.write(json.dumps(asdict(found)) + "\n")
        outcome = "the same" if found.is_well else f"{found.exit_code} {found.differs}"
        say(f"{found.number}: {flow} killed at {found.at:.2f} s ({found.after or 'start'}): {outcome}")


def _kill_once(
    ground: Ground, runner: Runner, unharmed: Unharmed, flow: str, chance: random.Random, number: int
) -> Kill | None:
    drawn, with_children = chance.uniform(0, unharmed.seconds[flow]), chance.random() < 0.5
    with ground.project(flow, f"kill {number}") as title:
        ground.lay_out(flow)
        attempt = runner.start(flow, ground.config, LABELS[flow], ground.folder / "killed.log")
        attempt.process.join(drawn)
        if not attempt.process.is_alive():
            return None
        at = attempt.seconds  # a machine that is busy may have come later than was drawn
        attempt.kill(with_children=with_children)
        after, left = _last_stage(ground, flow), len(leftovers(ground.work / "store"))
        again = runner.start(flow, ground.config, LABELS[flow], ground.folder / "again.log")
        code, seconds = again.end(), again.seconds
        attempt.end()  # what it left running, if anything
        found = traces(ground.work / "store", ground.task_keys(title))
    differs = differences(unharmed.traces[flow], found)
    return Kill(number, flow, with_children, round(at, 3), after, left, code, differs, round(seconds, 1))


def _last_stage(ground: Ground, flow: str) -> str:
    with duckdb.connect(Parts(load_settings(ground.config)).paths.database, read_only=True) as db:
        found = db.execute(_LAST_STAGE, [LABELS[flow]]).fetchone()
    return str(found[0]) if found else ""


def print_kills(folder: Path) -> bool:
    """Print the trials by the stage they met; whether all of them ended well."""
    done = _known(folder)
    met = Counter((kill.flow, kill.after) for kill in done)
    well = Counter((kill.flow, kill.after) for kill in done if kill.is_well)
    rows = [[flow, after or "(nothing yet)", count, well[flow, after]] for (flow, after), count in met.items()]
    print_table("Killed", ["flow", "stage that had ended last", "kills", "the same in the end"], sorted(rows))
    left = sum(kill.left > 0 for kill in done)
    print(f"{sum(well.values())} of {len(done)} ended as if nothing had happened; {left} had left files half written.")
    for kill in done:
        if not kill.is_well:
            print(f"  {kill}")
    return all(kill.is_well for kill in done)


def _known(folder: Path) -> list[Kill]:
    path = folder / _TRIALS
    return [Kill(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []
