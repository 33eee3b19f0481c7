"""What does a server do with 10,000 broken pictures?

    python -m benchmarks.hostile_photos [--count 10000]

Pictures of every accepted format are cut off, torn, doubled, mixed and altered, and sent to a real server in forms of
16, four of them at a time. Told is what it answered, what became of its memory, and whether an encoder died.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.mutated_photos import mutated_photos
from skuloop.output import print_table
from tests.support.serving import ServerUnderTest, photo_of, running_server, write_release

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_FORM = 16


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    count: int = parser.parse_args(arguments).count
    sources = [photo_of("blue-tea", seed, kind) for seed, kind in enumerate(_FORMATS)]
    photos = list(mutated_photos(sources, count))
    with TemporaryDirectory(prefix="skuloop-hostile-") as folder:
        write_release(Path(folder) / "releases")
        with running_server(Path(folder), per_minute=0, workers=2, waiting=128) as server:
            server.ask(*sources)
            before, begun = server.mebibytes(), time.perf_counter()
            became = _became(server, photos)
            rows = [
                *sorted(became.items()),
                ("seconds", f"{time.perf_counter() - begun:.0f}"),
                ("memory before and after at its peak, MiB", f"{before:.0f} / {server.mebibytes():.0f}"),
                ("encoders that died", int(server.metric("skuloop_worker_restarts_total"))),
            ]
    print_table(f"{count} broken pictures", ("what became of them", "how many"), rows)
    return 0


def _became(server: ServerUnderTest, photos: Sequence[bytes]) -> Counter[str]:
    forms = [photos[at : at + _FORM] for at in range(0, len(photos), _FORM)]
    with ThreadPoolExecutor(4) as askers:
        return sum(map(_told, askers.map(lambda form: server.ask(*form), forms)), Counter[str]())


def _told(response: httpx.Response) -> Counter[str]:
    if response.status_code != 200:
        return Counter({f"forms answered {response.status_code}": 1})
    answers = response.json()["answers"]
    return Counter("answered" if answer["answer"] else f"refused: {answer['problem']['reason']}" for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
