"""A product's first day: recognised from clean catalogue photos alone, among products that have camera photos.

    python -m benchmarks.recognition_first_day [--classes 1000] [--fresh]

Cart-parts: of the first 1,000 classes the last hundred are new, with one, two or four clean photos on white and no
camera photo; all others teach with photos 00-49. Asked are photos 00-19 of the new classes and photos 50-54 of the
others, among all 1,000. Views are a clean photo's product on drawn clutter, as `first_day.views` makes them, six of
each photo. Frozen ViT-Tiny, a stand-in for the default encoder. Vectors and figures are kept, each as soon as it is
known: a run that was stopped goes on where it was. Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.first_day_photos import NEW, Day
from benchmarks.first_day_ways import as_trained, clean_prototypes, nearest_clean_photo, predicted, taught
from benchmarks.machine import this_machine
from benchmarks.parts_photos import read_parts, render_parts
from benchmarks.parts_results import kept
from benchmarks.parts_vectors import ENCODER, isolating, plain
from recognition.heads.choice import FineMethod
from recognition.vocabulary import IsolationMethod
from skuloop.output import console, print_table, say
from tasks.settings import shared_data

_COUNTS = (1, 2, 4)
_ASKED = ("new", "others")
Way = Callable[[Day, int], dict[str, float | str]]

_WHOLE: Mapping[str, Way] = {
    "nearest clean photo": nearest_clean_photo,
    "discriminant, clean photos teach": partial(taught, fine=FineMethod.MEANS, views=False),
}
_FOREGROUND: Mapping[str, Way] = _WHOLE | {
    "nearest mean of clean photos, discriminant": clean_prototypes,
    "discriminant, predicted prototypes": partial(predicted, fine=FineMethod.MEANS),
    "refined, clean photos teach": partial(taught, fine=FineMethod.REFINED, views=False),
    "refined, predicted prototypes": partial(predicted, fine=FineMethod.REFINED),
    "discriminant, clean photos and views": partial(taught, fine=FineMethod.MEANS, views=True),
    "refined, clean photos and views": partial(taught, fine=FineMethod.REFINED, views=True),
    "as a cycle trains it": as_trained,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=1000, help="new ones included, up to 2000")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 150
    shared = shared_data()
    parts = tuple(read_parts(shared)[: chosen.classes])
    render_parts(shared, parts)
    whole, foreground = Day(plain(shared), parts), Day(isolating(shared, IsolationMethod.FOREGROUND), parts)
    rows = [
        (embedding, name, *_measured(f"{embedding}/{name}", day, way, fresh=chosen.fresh))
        for embedding, day, ways in (("whole picture", whole, _WHOLE), ("foreground", foreground, _FOREGROUND))
        for name, way in ways.items()
    ]
    columns = (f"{asked}, {count} clean" for count in _COUNTS for asked in _ASKED)
    print_table(
        f"Top-1 of {NEW} new products and of the others, among {len(parts)} ({this_machine().cpu}, {ENCODER}, frozen)",
        ("embedding", "known by", *columns),
        rows,
    )
    return 0


def _measured(name: str, day: Day, way: Way, *, fresh: bool) -> list[str]:
    """The cells of a row, each told as soon as it is known."""
    cells: list[str] = []
    for count in _COUNTS:
        found = kept(f"first-day/{len(day.parts)}/{name}/{count}", partial(way, day, count), fresh=fresh)
        say(f"{name}, {count} clean photos: " + ", ".join(f"{asked} {found[asked]:.3f}" for asked in _ASKED))
        cells += [f"{found[asked]:.3f}" for asked in _ASKED]
    return cells


if __name__ == "__main__":
    sys.exit(main())
