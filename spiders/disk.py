"""Files that grow line by line: read up to their last whole line."""

from collections.abc import Iterator
from pathlib import Path


def whole_lines(path: Path) -> Iterator[str]:
    """The lines of a file that end as they should: what a kill tore off in the middle of a line is left out."""
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from (line for line in lines if line.endswith("\n"))
