"""A loop under test: a workspace whose nights and cycles run as Prefect flows, and its published tables."""

import shutil
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from flows.cycle import cycle
from flows.nightly import nightly
from tasks.report import CycleReport, NightReport
from tasks.settings import load_settings
from tasks.wiring import Parts
from tests.support.workspace import drawn_photo, small_workspace
from warehouse.snapshot import query_snapshot

RECORDS = frozenset({"run", "run_stage", "run_version"})  # every run leaves its own
_VOLATILE = ("run_id", "first_seen_run", "decision_id", "seq", "audit_seq", "seconds", "first_seen", "last_seen")
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_type = 'BASE TABLE'"

Tables = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class LoopUnderTest:
    """One workspace; `prefect_api` must be running."""

    config: Path

    @property
    def folder(self) -> Path:
        return self.config.parent

    @property
    def parts(self) -> Parts:
        return Parts(load_settings(self.config))

    @property
    def release_id(self) -> str | None:
        """What the pointer names."""
        from recognition.release.pointer import current_release_id

        return current_release_id(self.parts.paths.releases)

    def night(self, label: str) -> NightReport:
        report: NightReport = nightly(config=str(self.config), label=label)
        return report

    def cycle(self, label: str) -> CycleReport:
        report: CycleReport = cycle(config=str(self.config), label=label)
        return report

    def configure(self, **sections: Any) -> None:
        """Write over keys of the settings; a mapping is merged into its section."""
        document = tomllib.loads(self.config.read_text(encoding="utf-8"))
        for name, value in sections.items():
            document[name] = {**document.get(name, {}), **value} if isinstance(value, dict) else value
        self.config.write_bytes(tomli_w.dumps(document).encode())

    def add_source(self, **source: Any) -> None:
        document = tomllib.loads(self.config.read_text(encoding="utf-8"))
        self.configure(source=[*document.get("source", []), source])

    def copy(self, folder: Path) -> "LoopUnderTest":
        """The same workspace elsewhere, with everything that it has stored."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return LoopUnderTest(folder / self.config.name)

    def deliver(
        self, name: str, photos: int = 4, colour: tuple[int, int, int] = (40, 170, 60), into: str = "inbox"
    ) -> None:
        """Put photos of one thing into a folder; the same name always brings the same photos."""
        random = np.random.default_rng(list(name.encode()))
        for place in range(photos):
            drawn_photo(random, colour).save(self.folder / into / f"{name}-{place}.jpg", quality=92)

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the published snapshot, as the data team does."""
        return query_snapshot(self.parts.paths.snapshot / "skuloop.duckdb", query).rows

    def tables(self, *, but: Collection[str] = RECORDS) -> Tables:
        """Every published table, row by row in no particular order."""
        return {name: self._table(name, ()) for name in self._names() if name not in but}

    def comparable_tables(self) -> Tables:
        """What two stores with the same history have in common: no times, no run ids, no places in a sequence."""
        found = {name: _tolerant(self._table(name, _VOLATILE)) for name in self._names() if name not in RECORDS}
        found["decision"] = [row for row in found["decision"] if "sweep" not in row]  # who was killed is remembered
        return found

    def _names(self) -> list[str]:
        return sorted(name for (name,) in self.query(_TABLES))

    def _table(self, name: str, but: Collection[str]) -> list[tuple[Any, ...]]:
        found = query_snapshot(self.parts.paths.snapshot / "skuloop.duckdb", f'FROM "{name}"')
        kept = [place for place, column in enumerate(found.columns) if not but or not _is_volatile(column, but)]
        rows = [tuple(row[place] for place in kept) for row in found.rows]
        return sorted(rows, key=_order)


def _order(row: tuple[Any, ...]) -> tuple[str, str]:
    """By all that is exact first: figures that nearly agree must not change places."""
    return repr(_without_figures(row)), repr(row)


def _without_figures(value: Any) -> Any:
    return _each(value, lambda _: None)


def _tolerant(value: Any) -> Any:
    """Another process may sum with another number of threads, and differ in a last digit."""
    return _each(value, lambda figure: pytest.approx(figure, rel=1e-3, abs=1e-3, nan_ok=True))


def _each(value: Any, change: Callable[[float], Any]) -> Any:
    """The same value with each float in it changed."""
    if isinstance(value, float):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each(each, change) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each(each, change) for each in value)
    return value


def small_loop(folder: Path) -> LoopUnderTest:
    """Two labelled products, and an empty inbox for camera photos."""
    loop = LoopUnderTest(small_workspace(folder))
    (folder / "inbox").mkdir()
    loop.add_source(kind="inbox", name="camera", path="inbox")
    return loop


def _is_volatile(column: str, volatile: Collection[str]) -> bool:
    return column in volatile or column.endswith("_at")
