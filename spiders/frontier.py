"""The frontier of one crawl: what is to be asked, what came, what is done. It survives `kill -9` at any moment.

A target goes through three states:

    waiting -- its page came, and what it holds is written here --> read -- its products are in the feed --> done

The first step is committed at once: a page that came is never asked for again. Only what was under way when the process
died is, at most as many pages as are asked for at a time. What was read and not finished is finished from here; the
second step may be lost, because the feed takes a product once.
"""

import json
import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from spiders.pages import PageProduct
from spiders.reader import Target

_WAITING, _TAKEN, _READ, _DONE = range(4)
_BATCH = 64
_DEEPEST = 2**31
_PRODUCTS: TypeAdapter[tuple[PageProduct, ...]] = TypeAdapter(tuple[PageProduct, ...])
_SCHEMA = """
CREATE TABLE IF NOT EXISTS target (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, role TEXT NOT NULL, category TEXT, changed TEXT,
    depth INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, unchanged INTEGER NOT NULL DEFAULT 0, products TEXT,
    written INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS in_order ON target (state, depth, id);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A target and how many links away from the start it was found."""

    target: Target
    depth: int


@dataclass(frozen=True, slots=True)
class Harvest:
    """The products of a page, and whether the source says that nothing about them is new."""

    products: tuple[PageProduct, ...]
    unchanged: bool = False


class Frontier:
    """The frontier in a database; targets come out breadth first, each once."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(_SCHEMA)
        database.execute("UPDATE target SET state = ? WHERE state = ?", (_WAITING, _TAKEN))
        database.commit()
        self._ready: deque[Place] = deque()
        self._out: set[str] = set()
        self.known = self._count("SELECT count(*) FROM target")

    def add(self, targets: Iterable[Target], depth: int, most: int) -> None:
        """Add targets that are not known yet, up to `most` in all."""
        self._insert(targets, depth, most)
        self._database.commit()

    def take(self, below: int | None = None) -> Place | None:
        """The next target to ask for, of a depth `below` where that is given; None where all such are taken.

        What a killed process took waits again in the next.
        """
        deepest = _DEEPEST if below is None else below
        if not self._ready:
            self._ready = self._next_batch(deepest)
        if not self._ready or self._ready[0].depth >= deepest:
            return None
        place = self._ready.popleft()
        self._out.add(place.target.url)
        return place

    @property
    def out(self) -> int:
        """How many targets were taken and not read yet: what a kill would have asked for twice."""
        return len(self._out)

    def read(self, place: Place, harvest: Harvest, targets: Iterable[Target], most: int) -> None:
        """A target's page came: keep its products until they are in the feed, and where it leads."""
        products = _PRODUCTS.dump_json(harvest.products).decode() if harvest.products else "[]"
        self._insert(targets, place.depth + 1, most)
        self._database.execute(
            "UPDATE target SET state = ?, products = ?, unchanged = ? WHERE url = ?",
            (_READ, products, harvest.unchanged, place.target.url),
        )
        self._database.commit()
        self._out.discard(place.target.url)

    def unfinished(self) -> list[tuple[Place, Harvest]]:
        """What an earlier, killed attempt had read and not brought into the feed."""
        rows = self._database.execute(
            "SELECT url, role, category, changed, depth, products, unchanged FROM target WHERE state = ? ORDER BY id",
            (_READ,),
        ).fetchall()
        return [
            (Place(Target(*row[:4]), row[4]), Harvest(_PRODUCTS.validate_json(row[5]), bool(row[6]))) for row in rows
        ]

    def done(self, url: str, written: int = 0) -> None:
        """Nothing is left to do for a target; it put so many products into the feed."""
        self._out.discard(url)
        self._database.execute(
            "UPDATE target SET state = ?, products = NULL, written = ? WHERE url = ?", (_DONE, written, url)
        )

    def again(self, urls: Sequence[str]) -> None:
        """Let targets wait again, whatever became of them."""
        self._out.difference_update(urls)
        self._database.executemany("UPDATE target SET state = ? WHERE url = ?", [(_WAITING, url) for url in urls])
        self._database.commit()

    def trust_only(self, products: int) -> None:
        """Ask for everything again if the feed holds fewer products than are noted here: a power cut took some."""
        if self._count("SELECT coalesce(sum(written), 0) FROM target") > products:
            self._database.execute("UPDATE target SET state = ?, written = 0", (_WAITING,))
            self._database.commit()

    def written(self, category: str) -> int:
        """How many products of a category are in the feed."""
        return self._count("SELECT coalesce(sum(written), 0) FROM target WHERE category = ?", category)

    def waiting(self) -> int:
        """How many targets nobody has asked for yet."""
        return self._count("SELECT count(*) FROM target WHERE state < ?", _READ)

    def note(self, name: str) -> str | None:
        """What was noted under a name, also by an earlier attempt."""
        found = self._database.execute("SELECT value FROM main.note WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def set_note(self, name: str, value: str) -> None:
        """Note something for later attempts."""
        self._database.execute("INSERT OR REPLACE INTO main.note VALUES (?, ?)", (name, value))
        self._database.commit()

    def _insert(self, targets: Iterable[Target], depth: int, most: int) -> None:
        for target in targets:
            if self.known >= most:
                return
            added = self._database.execute(
                "INSERT OR IGNORE INTO target (url, role, category, changed, depth) VALUES (?, ?, ?, ?, ?)",
                (target.url, target.role, target.category, target.changed, depth),
            )
            self.known += added.rowcount

    def _next_batch(self, below: int) -> deque[Place]:
        rows = self._database.execute(
            "SELECT url, role, category, changed, depth, id FROM target WHERE state = ? AND depth < ? "
            "ORDER BY depth, id LIMIT ?",
            (_WAITING, below, _BATCH),
        ).fetchall()
        ids = json.dumps([row[5] for row in rows])
        self._database.execute(
            "UPDATE target SET state = ? WHERE id IN (SELECT value FROM json_each(?))", (_TAKEN, ids)
        )
        return deque(Place(Target(*row[:4]), row[4]) for row in rows)

    def _count(self, statement: str, *values: object) -> int:
        return int(self._database.execute(statement, values).fetchone()[0])
