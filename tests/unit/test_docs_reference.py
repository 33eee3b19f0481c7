"""The documents say what the code says: commands, settings, words, tables, links."""

import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from pydantic import BaseModel

from recognition import vocabulary
from skuloop.cli import app
from skuloop.exit_codes import ExitCode
from spiders.sources import KINDS
from tasks.settings import Settings, load_settings
from warehouse import Warehouse
from warehouse.reference import describe

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
WORDS = [word for word in vars(vocabulary).values() if isinstance(word, type) and issubclass(word, StrEnum)]
WORDS.remove(StrEnum)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def text_of(path: str) -> str:
    return (DOCS / path).read_text(encoding="utf-8")


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def section(text: str, heading: str) -> str:
    """What stands between a heading and the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}[^\n]*\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def test_every_command_has_its_section_with_every_option():
    text = text_of("reference/cli.md")
    every = dict(commands(typer.main.get_command(app), "skuloop"))  # type: ignore[arg-type]
    for path, command in every.items():
        told = section(text, f"`{path}`")
        assert told, f"{path} is not in docs/reference/cli.md"
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert f"`{option}`" in told, f"{path} {option} is not in docs/reference/cli.md"
    assert set(re.findall(r"^### `(skuloop [a-z ]+)`$", text, re.MULTILINE)) == set(every)


def test_every_exit_code_is_told_and_no_other():
    told = re.findall(r"^\| (\d+) \| `(\w+)` \|", text_of("reference/cli.md"), re.MULTILINE)
    assert {(int(code), name) for code, name in told} == {(code.value, code.name) for code in ExitCode}


def rows(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str]]:
    """Key and default, as the page writes it, of every setting."""
    for name, field in model.model_fields.items():
        if name in {"source", "kind"}:
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from rows(field.annotation, f"{path}{name}.")
        else:
            yield f"{path}{name}", "required" if field.is_required() else as_written(field.default)


def as_written(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f'`"{value}"`' if isinstance(value, str | Path) else f"`{value}`"


def test_every_setting_is_told_with_its_default():
    text = text_of("reference/settings.md")
    told = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| ([^|]+) \|", text, re.MULTILINE)
    expected = [*rows(Settings)]
    for source in KINDS:
        expected += rows(source, "source.")
    expected = [(key, "the folder of the file" if key == "home" else default) for key, default in expected]
    assert sorted(told) == sorted(expected)


@pytest.mark.parametrize("page", ["reference/settings.md", "guide/engineer.md", "guide/sources.md"])
def test_the_settings_that_the_guides_show_can_be_copied(page: str, tmp_path: Path):
    blocks = re.findall(r"^```toml\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        tomllib.loads(block)
        (tmp_path / "skuloop.toml").write_text(block, encoding="utf-8")
        load_settings(tmp_path / "skuloop.toml")


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.__name__)
def test_every_closed_vocabulary_is_in_the_glossary_with_all_its_values(word: type[StrEnum]):
    told = re.findall(r"^\| `(\w+)` \|", section(text_of("glossary.md"), word.__name__), re.MULTILINE)
    assert told == [value.value for value in word]


def test_each_word_of_the_glossary_stands_there_once():
    words = re.findall(r"^\| ([a-zA-Z][\w ,-]*) \|", text_of("glossary.md").split("## Closed")[0], re.MULTILINE)
    words = [word for word in words if word != "word"]
    assert len(words) == len(set(words)) > 20


def test_the_reference_of_the_warehouse_is_what_make_docs_would_write(tmp_path: Path):
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.migrate()
    assert text_of("reference/warehouse.md") == describe(warehouse), "run `make docs` and commit the page"


@each_page
def test_no_link_of_a_page_leads_nowhere(page: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and GitLab make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_make_target_and_command_that_a_page_names_is_there(page: Path):
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = "\n".join(
        [*re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE), *re.findall(r"`([^`\n]+)`", text)]
    )
    for line in re.findall(r"^make ((?:[a-z-]+ ?)+)", shown, re.MULTILINE):
        assert set(line.split()) <= targets, f"{page.name}: make {line}"
    known = {path.split()[1] for path, _ in commands(typer.main.get_command(app), "skuloop")}  # type: ignore[arg-type]
    for name in re.findall(r"^skuloop ([a-z]+)", shown, re.MULTILINE):
        assert name in known, f"{page.name}: skuloop {name}"
