"""DuckDB: migrations, queries, typed functions per table family, the published snapshot.

Open a `Warehouse`, call ``migrate()`` once, and hand the session of ``write()`` or ``read()`` to the functions of a
family: `products`, `images`, `labels`, `audits`, `predictions`, `questions`, `releases`, `runs`, `ledger`, `status`.
Vectors live beside the database (`vectors`), and everybody else reads the published copy (`snapshot`).
"""

from warehouse.connection import Warehouse
from warehouse.session import Session

__all__ = ["Session", "Warehouse"]
