"""What does a second night cost that brings 1 % new images, and does it end in the tables of a store made from scratch?

    python -m benchmarks.second_night [IMAGES]      # 1,000 drawn photos of 20 products, unless you say otherwise

The photos are drawn by skuloop, the encoder is the demo's (handcrafted): a real one makes a new photo dearer, and the
share of the second night smaller. Crawl, ingest, audit, embed and snapshot of each night are measured, without Prefect:
by the clock, and in CPU seconds of this process and those that it starts, which other work stretches less.
"From scratch" is another store that sees all photos in its first night; both are compared table by table, without run
ids, times and places in a sequence. The split is counted apart: it is sticky, a photo keeps its side for ever, and a
store that sees all photos at once may hold out others.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.machine import this_machine
from skuloop.output import console, print_table
from tasks.audit import audit_catalogue
from tasks.crawl import crawl_source
from tasks.embed import embed_new
from tasks.ingest import ingest_feeds
from tasks.loop import finish, open_loop
from tasks.settings import load_settings
from tasks.snapshot import publish_tables
from warehouse.snapshot import DATABASE_NAME, query_snapshot

Seconds = tuple[float, float]
"""By the clock, and of CPU: of this process and those that it started and waited for."""

_PRODUCTS = 20
_TABLES = ("class_now", "image", "image_origin", "label_event", "duplicate_group")
_OF_A_RUN = ("run_id", "first_seen_run", "crawl_id", "seq", "event_id")
_SETTINGS = """\
[[source]]
kind = "folder"
name = "shelf"
path = "photos"

[encoder]
name = "handcrafted"
workers = 1
"""


def main(arguments: list[str]) -> int:
    images = int(arguments[0]) if arguments else 1000
    if not console.is_terminal:
        console.width = 130
    found = this_machine()
    print(f"{found.cpu}, {found.cores} cores, load {found.load:.1f}")
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        grown, scratch = Path(first), Path(second)
        more = images // 100
        _draw(grown, range(images))
        _settle(grown)
        before = _night(grown, "n1")
        _draw(grown, range(images, images + more))
        after = _night(grown, "n2")
        _draw(scratch, range(images + more))
        _settle(scratch)
        _night(scratch, "n1")
        different = [name for name in _TABLES if _rows(grown, name) != _rows(scratch, name)]
        moved = len(set(_rows(grown, "sample_part")) - set(_rows(scratch, "sample_part")))
    before["all"], after["all"] = _sum(before.values()), _sum(after.values())
    rows = [(name, *(f"{value:.1f}" for value in (*before[name], *after[name]))) for name in before]
    columns = ("stage", "first night, s", "CPU s", "second night, s", "CPU s")
    print_table(f"{images:,} drawn photos, then {more} more", columns, rows)
    clock, cpu = (then / first for then, first in zip(after["all"], before["all"], strict=True))
    print(f"the second night takes {clock:.1%} of the first by the clock, {cpu:.1%} of its CPU time")
    print(f"tables that differ from those made from scratch: {', '.join(different) or 'none'} of {len(_TABLES)}")
    print(f"photos on another side of the split than from scratch: {moved} of {images + more}")
    return 1 if different else 0


def _draw(folder: Path, numbers: Collection[int]) -> None:
    """Photos of products that differ in colour, each on a ground of its own; the same number is the same photo."""
    for number in numbers:
        random = np.random.default_rng(number)
        product = number % _PRODUCTS
        ground = random.integers(0, 255, (30, 30, 3), dtype=np.uint8)
        picture = Image.fromarray(ground).resize((240, 240), Image.Resampling.NEAREST)
        left, top = random.integers(20, 120, 2).tolist()
        colour = np.random.default_rng(10_000 + product).integers(0, 255, 3).tolist()
        picture.paste(Image.new("RGB", (90, 110), tuple(colour)), (left, top))
        path = folder / "photos" / f"product-{product:02}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=92)


def _settle(folder: Path) -> None:
    (folder / "skuloop.toml").write_text(_SETTINGS, encoding="utf-8")


def _night(folder: Path, label: str) -> dict[str, Seconds]:
    """Seconds of each stage."""
    settings, seconds = load_settings(folder / "skuloop.toml"), dict[str, Seconds]()
    with open_loop(settings, "nightly", label) as loop:
        steps: dict[str, Callable[[], object]] = {
            "crawl": lambda: [crawl_source.fn(loop, source) for source in settings.source],
            "ingest": lambda: ingest_feeds.fn(loop),
            "audit": lambda: audit_catalogue.fn(loop),
            "embed": lambda: embed_new.fn(loop),
        }
        for name, step in steps.items():
            seconds[name] = _seconds_of(step)
        finish(loop, ())
        seconds["snapshot"] = _seconds_of(lambda: publish_tables.fn(loop))
    return seconds


def _seconds_of(step: Callable[[], object]) -> Seconds:
    begun, used = time.monotonic(), os.times()
    step()
    now = os.times()
    return time.monotonic() - begun, sum(now[:4]) - sum(used[:4])


def _sum(seconds: Collection[Seconds]) -> Seconds:
    return sum(clock for clock, _ in seconds), sum(cpu for _, cpu in seconds)


def _rows(folder: Path, table: str) -> list[tuple[str, ...]]:
    snapshot = folder / "store" / "snapshot" / DATABASE_NAME
    found = query_snapshot(snapshot, f'FROM "{table}"')
    kept = [place for place, name in enumerate(found.columns) if name not in _OF_A_RUN and not name.endswith("_at")]
    return sorted(tuple(str(row[place]).replace(str(folder), "") for place in kept) for row in found.rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
