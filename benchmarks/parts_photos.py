"""Cart-parts: synthetic photos of real part geometry in clutter, rendered once into benchmarks/out/parts.

A class is one part in one colour. Photos 00 to 49 of a class teach, 50 to 54 test, and its clean catalogue photos stand
for a SKU's first day. Rows 2000 to 2299 are never taught: they are the unseen products. Every photo is rendered on its
own, so there are no near duplicates and no scenes among them.
"""

import csv
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CATALOGUE, UNSEEN = range(2000), range(2000, 2300)
TEACHING, TEST, CLEAN = range(50), range(50, 55), range(4)
_RENDERED = Path(__file__).resolve().parent / "out" / "parts"


@dataclass(frozen=True, slots=True)
class Part:
    """A class: one part in one colour."""

    sku: str
    part: str
    description: str
    colour: str


def read_parts(shared: Path) -> list[Part]:
    """All 2,300 classes, in the order of the benchmark.

    Args:
        shared: folder of photos and weights.
    """
    with (shared / "data" / "parts" / "catalogue.csv").open(newline="", encoding="utf-8") as file:
        return [Part(**row) for row in csv.DictReader(file)]


def render_parts(shared: Path, parts: Sequence[Part]) -> None:
    """Render the photos of every class that has none yet; interrupted, it goes on where it was."""
    last = f"photo_{TEST[-1]:02d}.jpg", f"catalogue_{CLEAN[-1]:02d}.jpg"
    missing = [
        row for row, part in enumerate(parts) if not all((_RENDERED / part.sku / name).exists() for name in last)
    ]
    if not missing:
        return
    print(f"rendering {len(missing)} classes into {_RENDERED}", file=sys.stderr)
    tool = str(shared / "tools" / "render_parts.py")
    span = ["--first", str(missing[0]), "--last", str(missing[-1] + 1), "--jobs", "2"]
    counts = ["--photos", str(TEST[-1] + 1), "--catalogue", str(len(CLEAN))]
    subprocess.run([sys.executable, tool, str(_RENDERED), *span, *counts], check=True)  # noqa: S603


def photos(parts: Iterable[Part], numbers: Iterable[int]) -> list[Path]:
    """The camera photos of those numbers, class by class."""
    chosen = list(numbers)
    return [_RENDERED / part.sku / f"photo_{number:02d}.jpg" for part in parts for number in chosen]


def catalogue_photos(parts: Iterable[Part], numbers: Iterable[int] = CLEAN) -> list[Path]:
    """The clean photos of those numbers, class by class."""
    chosen = list(numbers)
    return [_RENDERED / part.sku / f"catalogue_{number:02d}.jpg" for part in parts for number in chosen]


def look_alikes(parts: Sequence[Part]) -> set[str]:
    """SKUs whose part comes in more than one colour, or whose description differs from another's by one token."""
    colours = Counter(part.part for part in parts)
    return {part.sku for part in parts if colours[part.part] > 1} | _one_token_apart(parts)


def _one_token_apart(parts: Sequence[Part]) -> set[str]:
    """SKUs of different parts whose descriptions become equal when one token of each is dropped at the same place."""
    without: dict[tuple[int, tuple[str, ...]], list[Part]] = defaultdict(list)
    for part in parts:
        tokens = tuple(part.description.lower().split())
        for place in range(len(tokens)):
            without[place, tokens[:place] + tokens[place + 1 :]].append(part)
    groups = (group for group in without.values() if len({part.description for part in group}) > 1)
    return {part.sku for group in groups for part in group}
