"""Figures of the cart-parts benchmark, kept as small JSON files: a rerun measures only what is missing."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from recognition.files import write_durably

_FOLDER = Path(__file__).resolve().parent / "out" / "parts-results"
Figures = Mapping[str, float | str]


def kept(name: str, measure: Callable[[], dict[str, float | str]], *, fresh: bool = False) -> Figures:
    """The figures of that name; measured, with their seconds, if they are not there."""
    path = _FOLDER / f"{name.replace(' ', '-').replace('/', '-')}.json"
    if not fresh and path.exists():
        found: Figures = json.loads(path.read_bytes())
        return found
    started = time.perf_counter()
    figures = measure() | {"seconds": time.perf_counter() - started}
    _FOLDER.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(figures, indent=1).encode())
    return figures
