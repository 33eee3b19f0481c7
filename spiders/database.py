"""The two SQLite files of a crawl, behind one connection: its frontier, and what its source said the last time.

What was committed survives `kill -9`; what was not is as if it had never been. Whoever writes says when to commit: a
page's coming is committed at once, the rest goes along with the next one.
"""

import sqlite3
from pathlib import Path


def open_crawl_database(frontier: Path, memory: Path) -> sqlite3.Connection:
    """Open both, the memory as the schema `memory`. A damaged file is begun anew: what it held is asked for again."""
    for path in (frontier, memory):
        path.parent.mkdir(parents=True, exist_ok=True)
        mend_database(path)
    connection = sqlite3.connect(frontier)
    connection.execute("ATTACH ? AS memory", (str(memory),))
    for schema in ("main", "memory"):
        # One crawl has both for itself; locks and shared memory at each statement would double what it costs.
        connection.execute(f"PRAGMA {schema}.locking_mode = EXCLUSIVE")
        connection.execute(f"PRAGMA {schema}.journal_mode = WAL")
        connection.execute(f"PRAGMA {schema}.synchronous = NORMAL")  # a commit is safe from a kill without an fsync
    return connection


def mend_database(path: Path) -> None:
    """Remove a database that is damaged, so that it is begun anew."""
    if not path.exists():
        return
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA schema_version")
        healthy = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.OperationalError:  # a full disk, a locked file: nothing that a new file would mend
        raise
    except sqlite3.DatabaseError:
        healthy = False
    finally:
        connection.close()
    if not healthy:
        forget_database(path)


def forget_database(path: Path) -> None:
    """Remove a database and what belongs to it."""
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        each.unlink(missing_ok=True)
