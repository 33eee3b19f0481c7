"""What does the warehouse cost when it is large, and what does a night cost that brings 1 % more?

    python -m benchmarks.warehouse_sizes [IMAGES ...]   # 10,000, 100,000 and 1,000,000, unless you say otherwise
    python -m benchmarks.warehouse_sizes --audit [ROWS]   # classes counted from so many statements (10,000,000)

The rows are SIMULATED: no picture is behind them. They have the shape of a catalogue: 60 photos a product, a statement
each, one in ten from a person, one photo in twenty a near duplicate of another, one in a hundred refused, a price for
each product, a judgement for every fifth photo. `audit` is the stage of the loop without the measuring of pictures,
which costs what is new alone; `snapshot` is the copy with all views as Parquet. The second night adds 1 % and runs both
again. CPU seconds of the process: other work on the machine stretches them less than the clock's.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.machine import this_machine
from recognition.audit.tiers import decide_tier
from skuloop.output import console, print_table
from tasks.audit import audit_catalogue
from tasks.loop import finish, open_loop
from tasks.settings import Settings, load_settings
from tasks.wiring import build_parts
from warehouse.audits import class_counts
from warehouse.connection import Warehouse
from warehouse.snapshot import publish_snapshot

SIZES = (10_000, 100_000, 1_000_000)
_STATEMENTS = 10_000_000
_OF_EACH = 60
_MADE = """
CREATE MACRO photo(n) AS sha256('photo ' || n);
INSERT INTO product
SELECT
    'sku-' || n, 'Thing ' || n, 'Acme', 'Things', NULL, NULL, NULL, 'shop', 'catalogue', 'run',
    TIMESTAMPTZ '2031-03-01'
FROM range({first} // {each}, {last} // {each}) AS every (n);
INSERT INTO offer
SELECT n, 'sku-' || n, 'shop', 5 + n % 90, 'EUR', 'InStock', TIMESTAMPTZ '2031-03-01', 'crawl'
FROM range({first} // {each}, {last} // {each}) AS every (n);
INSERT INTO image
SELECT
    photo(n), 'p', 1000, 'JPEG', 'run', 400, 400, 100 + n % 50, 100 + n % 100, 40 + n % 20,
    -- A hash of its own for each photo; one in twenty is that of the photo before it.
    hash(n - CASE WHEN n % 20 = 1 THEN 1 ELSE 0 END), CASE WHEN n % 100 = 7 THEN 'blurred' ELSE 'ok' END
FROM range({first}, {last}) AS every (n);
INSERT INTO image_origin
SELECT
    photo(n), 'shop', 'https://shop.example/' || n, 'sku-' || n // {each}, 'catalogue', 'crawl',
    TIMESTAMPTZ '2031-03-01'
FROM range({first}, {last}) AS every (n);
INSERT INTO prediction
SELECT
    photo(n), 'r1', 'run', 'night-' || n * 30 // {last}, 'sku-' || n // {each}, 0.9, 0.8, 'sure',
    [struct_pack(sku := 'sku-' || n // {each}, score := 0.9::DOUBLE)], TIMESTAMPTZ '2031-03-01' + to_seconds(n)
FROM range({first}, {last}) AS every (n)
WHERE n % 5 = 0;
"""
_SAID = """
INSERT INTO label_event
SELECT
    'event-' || n, n, sha256('photo ' || n), 'sku', 'sku-' || n // {each},
    CASE WHEN n % 10 = 0 THEN 'annotator' ELSE 'catalogue' END,
    CASE WHEN n % 10 = 0 THEN 'somebody' ELSE 'shop' END, TIMESTAMPTZ '2031-03-01', NULL, NULL
FROM range({first}, {last}) AS every (n);
"""


@dataclass(frozen=True, slots=True)
class Night:
    """CPU seconds of one night's work on rows, and the size of what is published."""

    images: int
    audit: float
    snapshot: float
    megabytes: float


def main(arguments: list[str]) -> int:
    if not console.is_terminal:
        console.width = 130
    found = this_machine()
    print(f"{found.cpu}, {found.cores} cores, load {found.load:.1f}. The rows are SIMULATED.")
    if arguments[:1] == ["--audit"]:
        _print_audit(int(arguments[1]) if len(arguments) > 1 else _STATEMENTS)
    else:
        _print_sizes([int(size) for size in arguments] or list(SIZES))
    return 0


def two_nights(images: int, folder: Path) -> tuple[Night, Night]:
    """A first night with so many images, and a second with 1 % more."""
    config = folder / "skuloop.toml"
    config.write_text('[encoder]\nname = "handcrafted"\n', encoding="utf-8")
    settings = load_settings(config)
    database = build_parts(settings).paths.database
    _simulate(database, 0, images, macro=True)
    first = _night(settings, images, "n1")
    more = images // 100
    _simulate(database, images, images + more, macro=False)
    return first, _night(settings, images + more, "n2")


def audit_seconds(statements: int, folder: Path) -> tuple[float, float, int]:
    """CPU and clock seconds of counting every class and deciding its tier from so many statements; and the classes."""
    warehouse = Warehouse(folder / "warehouse.duckdb")
    warehouse.migrate()
    _simulate(warehouse.path, 0, statements, macro=True)
    begun, clock = time.process_time(), time.monotonic()
    with warehouse.read() as db:
        tiers = [decide_tier(count, None).tier for count in class_counts(db).values()]
    return time.process_time() - begun, time.monotonic() - clock, len(tiers)


def _night(settings: Settings, images: int, label: str) -> Night:
    parts = build_parts(settings)
    with open_loop(settings, "nightly", label) as loop:
        audit = _cpu_seconds(lambda: audit_catalogue.fn(loop))
        snapshot = _cpu_seconds(lambda: publish_snapshot(parts.warehouse, parts.paths.snapshot))
        finish(loop, ())
    size = sum(path.stat().st_size for path in parts.paths.snapshot.rglob("*") if path.is_file())
    return Night(images, audit, snapshot, size / 1e6)


def _simulate(database: Path, first: int, last: int, *, macro: bool) -> None:
    script = _MADE + _SAID if macro else _MADE.split("\n", 2)[2] + _SAID
    with duckdb.connect(database) as db:
        db.execute("SET threads = 2")
        if not macro:
            db.execute("CREATE TEMP MACRO photo(n) AS sha256('photo ' || n)")
        db.execute(script.replace("CREATE MACRO", "CREATE TEMP MACRO").format(first=first, last=last, each=_OF_EACH))
        db.execute("CHECKPOINT")


def _cpu_seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _print_sizes(sizes: list[int]) -> None:
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for name, night in zip(("first", "1 % more"), two_nights(size, Path(folder)), strict=True):
                figures = (f"{night.audit:.1f}", f"{night.snapshot:.1f}", f"{night.megabytes:.0f}")
                rows.append((f"{night.images:,}", name, *figures))
                print(*rows[-1], sep="\t", flush=True)
    columns = ("images (simulated)", "night", "audit, CPU s", "snapshot, CPU s", "published, MB")
    print_table("What a night's rows cost", columns, rows)


def _print_audit(statements: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cpu, clock, classes = audit_seconds(statements, Path(folder))
    print_table(
        "Every class counted, its tier decided",
        ("statements (simulated)", "classes", "CPU s", "clock s"),
        [(f"{statements:,}", f"{classes:,}", f"{cpu:.1f}", f"{clock:.1f}")],
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
