"""New warehouses: migrated once in a session, and copied for whoever needs one of its own."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from warehouse import Warehouse


def migrated_warehouse(path: Path) -> Warehouse:
    """An empty warehouse at `path`, as `migrate` leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated())
    return Warehouse(path)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "w.duckdb")
        warehouse.migrate()
        return warehouse.path.read_bytes()
