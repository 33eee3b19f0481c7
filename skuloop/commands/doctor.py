"""The doctor: one line for each thing that must be right, and its remedy where it is not."""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from labelling.errors import LabellingError
from recognition.encoders import HANDCRAFTED, open_encoder
from recognition.errors import NoReleaseError, RecognitionError
from recognition.release.pointer import open_current
from skuloop.exit_codes import ExitCode
from skuloop.output import print_json, print_table
from tasks.label_studio import connect
from tasks.settings import SettingsError, load_settings, prefect_api_url
from tasks.wiring import Parts
from warehouse.errors import WarehouseError

_GIB = 1024**3
_PACKAGES = (
    *("prefect", "scrapy", "torch", "timm", "umap-learn"),
    *("scikit-learn", "label-studio-sdk", "duckdb", "faiss-cpu"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; `remedy` says what to do where it is not well."""

    what: str
    well: bool
    found: str
    remedy: str = ""


def examine(config: Path | None, *, as_json: bool) -> ExitCode:
    """Check everything and print it; the exit code says whether all is well."""
    findings = list(_findings(config))
    if as_json:
        print_json(findings)
    else:
        rows = [
            (row.what, *(("ok", row.found, "") if row.well else ("NOT OK", row.found, row.remedy))) for row in findings
        ]
        print_table("skuloop doctor", ("what", "is", "found", "remedy"), rows)
    return ExitCode.DONE if all(row.well for row in findings) else ExitCode.WITH_PROBLEMS


def _findings(config: Path | None) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", (3, 11) <= sys.version_info[:2] < (3, 14), version, "use Python 3.11 to 3.13")
    for name in _PACKAGES:
        yield _package(name)
    try:
        settings = load_settings(config)
    except SettingsError as error:
        yield Finding("settings", well=False, found=str(error), remedy="docs/guide/engineer.md shows one")
        return
    yield Finding("settings", well=True, found=f"{settings.home}: {len(settings.source)} source(s)")
    parts = Parts(settings)
    yield _disk(parts)
    yield _checked("warehouse", lambda: _warehouse(parts), "`skuloop night` makes it")
    yield _checked("encoder", lambda: _encoder(parts), "see the message")
    yield _checked("release", lambda: _release(parts), "`skuloop rollback` if it is damaged")
    yield _checked("Label Studio", lambda: _label_studio(parts), "`skuloop labelling start`")
    yield _prefect()


def _package(name: str) -> Finding:
    try:
        return Finding(name, well=True, found=importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, well=False, found="not installed", remedy="make setup")


def _disk(parts: Parts) -> Finding:
    existing = next(folder for folder in [parts.paths.store, *parts.paths.store.parents] if folder.exists())
    free, wanted = shutil.disk_usage(existing).free / _GIB, parts.settings.free_disk_gib
    writable = os.access(existing, os.W_OK)
    found = f"{existing}: {free:.1f} GiB free{'' if writable else ', not writable'}"
    return Finding("store", free >= wanted and writable, found, f"free {wanted:.1f} GiB, or set `store` elsewhere")


def _checked(what: str, check: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(what, well=True, found=check())
    except (RecognitionError, WarehouseError, LabellingError) as error:
        return Finding(what, well=False, found=str(error), remedy=remedy)


def _warehouse(parts: Parts) -> str:
    if not parts.paths.database.exists():
        return "not made yet; the first night makes it"
    with parts.warehouse.read():
        return str(parts.paths.database)


def _encoder(parts: Parts) -> str:
    encoder = open_encoder(parts.encoder)
    note = " (the demo's encoder: name a timm model for real use)" if encoder.name == HANDCRAFTED else ""
    return f"{encoder.fingerprint}, {encoder.dimension} numbers{note}"


def _release(parts: Parts) -> str:
    try:
        return open_current(parts.paths.releases).manifest.release_id
    except NoReleaseError:
        return "none yet; the first cycle publishes one"


def _label_studio(parts: Parts) -> str:
    _, project = connect(parts)
    return f"login works, project {project}"


def _prefect() -> Finding:
    url = prefect_api_url()
    if url is None:
        return Finding("Prefect API", well=True, found="PREFECT_API_URL is not set: each command starts its own")
    try:
        httpx.get(f"{url}/health", timeout=5).raise_for_status()
    except httpx.HTTPError as error:
        return Finding("Prefect API", well=False, found=f"{url}: {error}", remedy="`make deploy` starts a local one")
    return Finding("Prefect API", well=True, found=url)
