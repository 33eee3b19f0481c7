"""Sources: add one by its address, list them."""

import re
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomlkit
import typer
from pydantic import TypeAdapter

from recognition.files import write_durably
from skuloop.exit_codes import ExitCode
from skuloop.output import print_json, print_table, say
from spiders.probe import Detected, detect_here, detect_on_web
from spiders.sources import Source
from tasks.settings import FILE_NAME, Settings, load_settings


def add(config: Path | None, place: str, name: str | None, contact: str | None, *, allow_private: bool) -> ExitCode:
    """Find out what a place is, and write its block into the settings."""
    path = (config or Path(FILE_NAME)).resolve()
    settings = load_settings(path) if path.exists() else None
    known = next((each for each in settings.source if _is_at(place, each, settings)), None) if settings else None
    if known is not None:
        say(f"{place} is the source {known.name!r} already; nothing was changed.")
        return ExitCode.DONE
    found = _detected(place, allow_private=allow_private, contact=contact)
    if "path" in found.keys:
        found = replace(found, keys={**found.keys, "path": _as_seen_from(path.parent, str(found.keys["path"]))})
    say(f"{place}: kind {found.kind}: {found.why}")
    block = _block(found, settings, name or _name_of(place), contact, allow_private=allow_private)
    _write(path, block)
    say(f"{path} has the source {block['name']!r} now. Try it: skuloop source test {block['name']}")
    return ExitCode.DONE


def list_all(config: Path | None, *, as_json: bool) -> None:
    """Print the sources."""
    sources = load_settings(config).source
    if as_json:
        print_json(
            [source.model_dump(mode="json", exclude_defaults=True) | {"kind": source.kind} for source in sources]
        )
        return
    rows = [(source.name, source.kind, ", ".join(_places(source))) for source in sources]
    print_table("Sources", ("name", "kind", "where"), rows)


def _detected(place: str, *, allow_private: bool, contact: str | None) -> Detected:
    if place.lower().startswith(("http://", "https://")):
        return detect_on_web(place, allow_private=allow_private, contact=contact)
    found = detect_here(place)
    if found is None:
        raise typer.BadParameter(
            f"{place!r} is neither a web address (https://...), nor a bucket (s3://...), nor a file or folder here",
            param_hint="PLACE",
        )
    return found


def _block(
    found: Detected, settings: Settings | None, name: str, contact: str | None, *, allow_private: bool
) -> dict[str, Any]:
    taken = {source.name for source in settings.source} if settings else set()
    numbered = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    block: dict[str, Any] = {
        "kind": found.kind,
        "name": next(each for each in numbered if each not in taken),
        **found.keys,
    }
    if "url" in found.keys and found.kind != "inbox":
        contact = contact or _asked_contact()
        block |= {"contact": contact} if contact else {}
        block |= {"allow_private": True} if allow_private else {}
    TypeAdapter(Source).validate_python(block)
    return block


def _is_at(place: str, source: Source, settings: Settings) -> bool:
    path = getattr(source, "path", None)
    return place in _places(source) or (
        path is not None and settings.resolve(path).resolve() == Path(place).expanduser().resolve()
    )


def _as_seen_from(folder: Path, place: str) -> str:
    """A path that was told from here, as the settings in `folder` tell it."""
    here = Path(place).expanduser().resolve()
    return str(here.relative_to(folder) if here.is_relative_to(folder) else here)


def _asked_contact() -> str | None:
    """Whom shops may write to; asked for on a terminal, and never otherwise."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    return typer.prompt("Whom may this shop write to? (goes into the User-Agent; empty for nobody)", default="") or None


def _write(path: Path, block: dict[str, Any]) -> None:
    """Append the block; comments and order of what is there stay as they are."""
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    blocks = document.get("source") or tomlkit.aot()
    if len(blocks):
        blocks[-1].add(tomlkit.nl())  # a line between blocks
    table = tomlkit.table()
    table.comment(f"added by skuloop source add on {date.today().isoformat()}")  # noqa: DTZ011 - a note for people
    for key, value in block.items():
        table.add(key, value)
    blocks.append(table)
    if "source" not in document:
        document.add("source", blocks)
    write_durably(path, tomlkit.dumps(document).encode())


def _name_of(place: str) -> str:
    """A short name from an address or path: "https://www.corner.example/" gives "corner"."""
    parts = urlsplit(place)
    host = (parts.hostname or "").removeprefix("www.") if "://" in place else ""
    first = host.split(".")[0] if host and not host.replace(".", "").isdigit() else host or Path(parts.path).stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", first).strip("-._")[:40] or "source"


def _places(source: Source) -> list[str]:
    return [str(value) for value in (getattr(source, "url", None), getattr(source, "path", None)) if value]
