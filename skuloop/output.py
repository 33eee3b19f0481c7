"""What the command line prints: tables for people on a terminal, JSON for machines on request, errors on stderr."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.table import Table

console = Console()
errors = Console(stderr=True)


def complain(message: str) -> None:
    """One error on stderr; scraped text in it is never taken for markup."""
    errors.print(f"[bold red]error:[/] {escape(message)}", highlight=False)


def say(message: str) -> None:
    """One line for people, on stderr, so that stdout stays for results."""
    errors.print(message, highlight=False, markup=False)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    print(json.dumps(plain(value), indent=2, ensure_ascii=False))


def plain(value: object) -> Any:
    """Dataclasses, enums, times, prices and paths as JSON knows them; prices stay exact as strings."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal | Path) else value


def print_line(line: str) -> None:
    """One line on stdout as it is: never wrapped, and scraped text in it is never taken for markup."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout; empty ones say so."""
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")  # a path that is cut off cannot be copied
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(plain(cell))) for cell in row))
    console.print(table if rows else escape(f"{title}: nothing yet"))


def show_progress() -> None:
    """Let the stages' progress lines reach the terminal."""
    logger = logging.getLogger("skuloop")
    if not logger.handlers:
        logger.addHandler(RichHandler(console=errors, show_path=False, show_level=False, markup=False))
        logger.setLevel(logging.INFO)
        logger.propagate = False


def percent(share: float | None) -> str:
    """A share for people."""
    return "-" if share is None else f"{share:.1%}"


def money(price: Decimal | None, currency: str | None) -> str:
    """A price as people write it; the stored one has four decimals."""
    return "no price" if price is None else f"{price:.2f} {currency or ''}".strip()
