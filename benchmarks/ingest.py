"""How fast do rows reach the warehouse, and what does a night of near duplicates cost?

    python -m benchmarks.ingest [PRODUCTS]      # 50,000 products with three pictures each, unless you say otherwise

The feed and the hashes are simulated: they cost what real ones do. The first table sets ways into DuckDB beside each
other, the same rows (one per picture: 64 signs of hash, path, bytes, format, run) into the same empty table; `with key`
is the table of the loop, whose key is checked row by row. The second takes one feed through the whole ingest. The
third compares each new picture with every stored one, and sets that beside grouping all of them from scratch and beside
an exact scan of all pairs (FAISS, as far as it goes in reasonable time). CPU seconds, one thread: other work on the
machine stretches them less than the clock's.
"""

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import faiss
import numpy as np
import pandas as pd

from benchmarks.machine import this_machine
from recognition.files import write_durably
from recognition.pictures.duplicates import MAX_DISTANCE, grow_groups
from skuloop.output import console, print_table
from spiders.feed import CrawlFiles
from tasks.door import admit
from tasks.ingest import take_in
from tasks.loop import finish, open_loop
from tasks.settings import Settings, load_settings
from tasks.wiring import build_parts
from warehouse.images import ImageRow
from warehouse.judgements import WaitingCrawl
from warehouse.rows import arrow_table
from warehouse.runs import CrawlRow, record_crawl

_PICTURES = 3
_SLOW_ROWS, _SLOWEST_ROWS = 5_000, 500
_COLUMNS = "sha256 VARCHAR{}, path VARCHAR, bytes BIGINT, format VARCHAR, first_seen_run VARCHAR"
_SIZES = (10_000, 100_000, 1_000_000)
_NEW_SHARE = 0.01
_SCANNED = 100_000
_NIGHT = datetime(2031, 3, 1, 2, tzinfo=UTC)


def main() -> int:
    products = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    if not console.is_terminal:
        console.width = 130
    found = this_machine()
    print(f"{found.cpu}, {found.cores} cores, load {found.load:.1f}")
    _ways_in(products * _PICTURES)
    _whole_ingest(products)
    _near_duplicates()
    return 0


def _ways_in(n: int) -> None:
    names = [_sha(f"picture {place}") for place in range(n)]
    rows = [ImageRow(sha, f"{sha[:2]}/{sha}.jpg", 1000, "JPEG", "run") for sha in names]
    arrow = arrow_table(rows).drop_columns("row_position")
    frame: pd.DataFrame = arrow.to_pandas()
    tuples = list(frame.itertuples(index=False, name=None))
    found = [
        ("dataclasses to Arrow", n, _seconds(lambda: arrow_table(rows))),
        ("Arrow (the loop's way)", n, _inserted(lambda db: db.register("incoming", arrow))),
        ("Arrow, with key", n, _inserted(lambda db: db.register("incoming", arrow), " PRIMARY KEY")),
        ("pandas", n, _inserted(lambda db: db.register("incoming", frame))),
        ("executemany", _SLOW_ROWS, _executed(lambda db, sql: db.executemany(sql, tuples[:_SLOW_ROWS]))),
        (
            "row at a time",
            _SLOWEST_ROWS,
            _executed(lambda db, sql: [db.execute(sql, row) for row in tuples[:_SLOWEST_ROWS]]),
        ),
    ]
    best = n / found[1][2]
    print_table(
        f"{n:,} rows into DuckDB",
        ("way", "rows/s", "of the loop's way"),
        [(way, f"{count / seconds:,.0f}", f"{count / seconds / best:.3f}") for way, count, seconds in found],
    )


def _inserted(register: Callable[[Any], object], key: str = "") -> float:
    with _database(key) as db:
        register(db)
        return _seconds(lambda: db.execute("INSERT INTO image SELECT * FROM incoming"))


def _executed(insert: Callable[[Any, str], object]) -> float:
    with _database("") as db:
        return _seconds(lambda: insert(db, "INSERT INTO image VALUES (?, ?, ?, ?, ?)"))


@contextmanager
def _database(key: str) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(Path(folder) / "w.duckdb") as db:
        db.execute("SET threads = 1")
        db.execute(f"CREATE TABLE image ({_COLUMNS.format(key)})")
        yield db


def _whole_ingest(products: int) -> None:
    nights = (
        ("first night", products),
        ("second night, nothing changed", products),
        ("third night, 1 % new", products + products // 100),
    )
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "skuloop.toml"
        config.write_text('[encoder]\nname = "handcrafted"\n', encoding="utf-8")
        settings = load_settings(config)
        build_parts(settings)
        rows = [_night(settings, what, size, night) for night, (what, size) in enumerate(nights)]
    print_table(
        f"A feed of {products:,} products with {_PICTURES} pictures each, from file to tables",
        ("night", "door, s", "judge and fold, s", "products/s", "facts/s"),
        rows,
    )


def _night(settings: Settings, what: str, products: int, night: int) -> tuple[str, ...]:
    crawl_id, ended = f"shop-{night}", _NIGHT + timedelta(days=night, hours=1)
    crawl = WaitingCrawl(crawl_id, "shop", ended)
    parts = build_parts(settings)
    feed = CrawlFiles(parts.paths.feeds / "shop" / crawl_id).feed
    write_durably(feed, _feed(products, night))
    with parts.warehouse.write() as db:
        record_crawl(db, CrawlRow(crawl_id, "shop", "run", products, 0, 0, 0, 60.0, reached=True, finished_at=ended))
    door = _seconds(lambda: admit(feed, "shop", crawl_id, ended))
    with open_loop(settings, "nightly", f"night-{night}") as loop:
        whole = _seconds(lambda: take_in(loop, crawl))
        finish(loop, ())
    facts = products * (2 + 2 * _PICTURES)  # product and offer, and for each picture its file and its label
    return what, f"{door:.1f}", f"{whole - door:.1f}", f"{products / whole:,.0f}", f"{facts / whole:,.0f}"


def _feed(products: int, night: int) -> bytes:
    seen = (_NIGHT + timedelta(days=night)).isoformat()
    return "".join(_line(place, seen) for place in range(products)).encode()


def _line(place: int, seen: str) -> str:
    names = [_sha(f"{place} {view}") for view in range(_PICTURES)]
    images = [
        {
            "url": f"https://shop.example/{sha}.jpg",
            "sha256": sha,
            "path": f"{sha[:2]}/{sha}.jpg",
            "bytes": 1000,
            "format": "JPEG",
        }
        for sha in names
    ]
    item = {
        "type": "product",
        "source": "shop",
        "sku": f"sku-{place}",
        "title": f"A thing called {place}",
        "brand": "Acme",
        "category": "Things",
        "description": "What it is, in a few words.",
        "price": f"{3 + place % 97}.95",
        "currency": "EUR",
        "availability": "InStock",
        "url": f"https://shop.example/p/{place}",
        "images": images,
        "seen_at": seen,
    }
    return json.dumps(item) + "\n"


def _near_duplicates() -> None:
    random = np.random.default_rng(1)
    print_table(
        f"Near duplicates, a tenth of the pictures being copies; a night brings {_NEW_SHARE:.0%}",
        ("pictures", "all pairs (FAISS), s", "from scratch, s", "the night, s", "of scratch"),
        [_grouping(size, random) for size in _SIZES],
    )


def _grouping(size: int, random: np.random.Generator) -> tuple[str, ...]:
    hashes = _hashes(size, random)
    scratch, groups = _timed(lambda: grow_groups(hashes, np.full(size, -1)))
    new = np.zeros(size, bool)
    new[random.permutation(size)[: int(size * _NEW_SHARE)]] = True
    before, old = np.full(size, -1), np.flatnonzero(~new)
    before[old] = old[grow_groups(hashes[old], np.full(len(old), -1))]
    night, grown = _timed(lambda: grow_groups(hashes, before))
    if not np.array_equal(grown, groups):
        raise AssertionError("groups that grew differ from those made from scratch")
    scan = f"{_seconds(lambda: _scan(hashes)):.1f}" if size <= _SCANNED else "-"
    return f"{size:,}", scan, f"{scratch:.2f}", f"{night:.2f}", f"{night / scratch:.3f}"


def _hashes(size: int, random: np.random.Generator) -> "np.ndarray[Any, np.dtype[np.uint64]]":
    hashes = random.integers(0, 2**64, size=size, dtype=np.uint64)
    copies = size // 10
    hashes[:copies] = hashes[copies : 2 * copies] ^ (
        np.uint64(1) << random.integers(0, 64, size=copies).astype(np.uint64)
    )
    return random.permutation(hashes)


def _scan(hashes: "np.ndarray[Any, np.dtype[np.uint64]]") -> None:
    faiss.omp_set_num_threads(1)
    rows = hashes.view(np.uint8).reshape(-1, 8)
    index = faiss.IndexBinaryFlat(64)
    index.add(rows)
    for start in range(0, len(rows), 1024):
        index.range_search(rows[start : start + 1024], MAX_DISTANCE + 1)


def _seconds(work: Callable[[], object]) -> float:
    return _timed(work)[0]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    found = work()
    return max(time.process_time() - begun, 1e-9), found


def _sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
