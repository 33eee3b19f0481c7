"""Does a night or a cycle that is harmed end, once it is run again, as if nothing had happened?

    python -m benchmarks.faults kills [--until N] [--minutes M]
    python -m benchmarks.faults harms [--only two|disk|clock|prefect|worker|missed]
    python -m benchmarks.faults table

`kills`: a run is ended by `kill -9` at a moment drawn at random, alone or with every process that it started, and run
again to its end. Trials are kept: the command goes on where it stopped. `harms`: two nights at once, a disk that is
full from the beginning of each stage on (needs the right to mount), a clock that is set by a day (needs libfaketime),
Prefect's server away for a minute, worker and flow killed together, five missed schedules.

After each, tables, vectors, releases, pictures and Label Studio's questions are compared, by content hash, with those
of a run that nobody harmed. The store is small: 26 products of a real crawl, 195 labelled photos, 50 of a camera, all
of them drawn; the encoder is the demo's; Label Studio and Prefect are real.
"""

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.faults_harms import Harm, every_harm
from benchmarks.faults_kills import kill_often, print_kills
from benchmarks.faults_run import Runner
from benchmarks.faults_store import open_ground
from benchmarks.faults_wanted import Unharmed
from benchmarks.machine import this_machine
from skuloop.output import print_table, say

_FOLDER = Path("benchmarks/out/faults")
_HARMS = "harms.jsonl"


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what", choices=["kills", "harms", "table"])
    words.add_argument("--folder", type=Path, default=_FOLDER)
    words.add_argument("--until", type=int, default=200)
    words.add_argument("--minutes", type=float, default=1e9)
    words.add_argument("--only", default="all")
    said, began = words.parse_args(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers end with us
    if said.what != "table":
        with open_ground(said.folder) as ground:
            runner = Runner()
            unharmed = Unharmed(ground, runner)
            if said.what == "kills":
                kill_often(ground, runner, unharmed, said.until, began + 60 * said.minutes)
            else:
                for harm in every_harm(ground, runner, unharmed, said.only):
                    say(str(harm))
                    _keep(said.folder, harm)
    machine = this_machine()
    print(f"{machine.cpu}, {machine.cores} cores; mean load of the last 15 minutes {machine.load:.1f}")
    well = print_kills(said.folder)
    return 0 if _print_harms(said.folder) and well else 1


def _keep(folder: Path, harm: Harm) -> None:
    known = {row.what: row for row in _known(folder)}
    known[harm.what] = harm
    (folder / _HARMS).write_text("".join(json.dumps(asdict(row)) + "\n" for row in known.values()))


def _known(folder: Path) -> list[Harm]:
    path = folder / _HARMS
    return [Harm(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def _print_harms(folder: Path) -> bool:
    rows = [[row.what, row.said, ", ".join(row.differs) or "the same in the end"] for row in _known(folder)]
    print_table("Harmed", ["what", "the harmed run", "run again"], rows)
    return not any(row.differs for row in _known(folder))


if __name__ == "__main__":
    sys.exit(main())
