"""The whole loop on real photos: the Grocery Store Dataset as shop, labelled folder and camera.

    python -m benchmarks.grocery_loop            all 81 products
    python -m benchmarks.grocery_loop --quick    12 products, a few minutes

The encoder isolates products by a foreground head that is taught with their iconic pictures, and sees their colours:
what the val split chose in `benchmarks.recognition_grocery`.

Prints its tables and writes result.json and result.md into the work folder. Needs the photos and weights of
SKULOOP_SHARED (default ../shared) and the Label Studio of `make setup-label-studio`.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from skuloop.main import set_quiet_surroundings

_OUT = Path(__file__).resolve().parent / "out"
_QUICK_CLASSES, _QUICK_BUDGET = 12, 20
_BUDGET = 100
_SEED = 7
_WIDTH = 165  # of a terminal that does not say


def main() -> int:
    options = _options()
    set_quiet_surroundings()
    from benchmarks.grocery_workspace import Plan, WorkFolderError, prepare
    from tasks.settings import shared_data

    plan = Plan(
        folder=(options.dir or _OUT / ("grocery-quick" if options.quick else "grocery")).resolve(),
        shared=shared_data(),
        classes=_QUICK_CLASSES if options.quick else None,
        budget=options.budget or (_QUICK_BUDGET if options.quick else _BUDGET),
        error_rate=options.error_rate,
        seed=options.seed,
        workers=1 if options.quick else options.workers,  # starting workers takes longer than so few photos
        whole_picture=options.quick or options.whole_picture,  # a foreground head is taught for minutes
        known_vectors=options.known_vectors,
    )
    try:
        prepare(plan, fresh=options.fresh)
    except WorkFolderError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    os.environ["PREFECT_HOME"] = str(plan.folder / "prefect")  # before Prefect is imported: it reads it once
    from benchmarks.grocery_course import run_course
    from benchmarks.grocery_result import result_of
    from benchmarks.grocery_tables import markdown, notes, tables
    from skuloop.output import console, plain, print_table, say

    if not console.is_terminal:
        console.width = _WIDTH
    result = result_of(run_course(plan))
    for table in tables(result):
        print_table(table.title, table.columns, table.rows)
    for line in [*notes(result), *(f"PROBLEM: {problem}" for problem in result.problems)]:
        console.print(f"- {line}", highlight=False, markup=False)
    (plan.folder / "result.json").write_text(json.dumps(plain(result), indent=2) + "\n", encoding="utf-8")
    (plan.folder / "result.md").write_text(markdown(result), encoding="utf-8")
    say(f"written: {plan.folder / 'result.json'} and result.md")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grocery_loop", description="The loop on real photos.")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_CLASSES} products instead of all")
    parser.add_argument("--fresh", action="store_true", help="empty the work folder of an earlier run")
    parser.add_argument("--dir", type=Path, help="work folder; default benchmarks/out/grocery")
    parser.add_argument("--budget", type=int, help="questions per night")
    parser.add_argument("--error-rate", type=float, default=0.0, help="share of wrong answers of the annotator")
    parser.add_argument("--seed", type=int, default=_SEED, help="order of the test photos, mistakes of the annotator")
    parser.add_argument("--workers", type=int, default=0, help="encoder processes; 0 is one per core")
    parser.add_argument("--whole-picture", action="store_true", help="neither isolate the product nor see colour")
    parser.add_argument(
        "--known-vectors", action="store_true", help="do not encode photos that another benchmark has encoded"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
