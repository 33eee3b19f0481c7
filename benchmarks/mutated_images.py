"""Ten thousand damaged pictures at the door of the image store, and then read: is anything let in, does anything break?

    python -m benchmarks.mutated_images [COUNT]

Pictures of every accepted format are damaged at random: bytes flipped, cut out, doubled or cut off. Each is offered to
the image store as a crawl does it, and what it takes is decoded as the audit does it. "Other errors" and dead processes
must be none. The process may hold 1 GiB.
"""

import resource
import sys
import tempfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.pictures.reading import FORMAT_SUFFIXES, read_picture
from skuloop.output import console, print_table
from spiders.images import ImageStore

_COUNT = 10_000
_MEMORY = 1024**3
_SIDE = 160


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _COUNT
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    if not console.is_terminal:
        console.width = 130
    random = np.random.default_rng(20_260_101)
    whole = {name: _picture(name, random) for name in FORMAT_SUFFIXES}
    outcomes: dict[str, Counter[str]] = {name: Counter() for name in whole}
    with tempfile.TemporaryDirectory() as folder:
        store = ImageStore(Path(folder))
        for number in range(count):
            name = list(whole)[number % len(whole)]
            outcomes[name][_offered(store, _damaged(whole[name], random))] += 1
    columns = sorted({outcome for counts in outcomes.values() for outcome in counts})
    print_table(
        f"{count} damaged pictures, peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB",
        ("format", *columns),
        [(name, *(counts[column] for column in columns)) for name, counts in outcomes.items()],
    )
    return 1 if any(column.startswith("other error") for column in columns) else 0


def _offered(store: ImageStore, data: bytes) -> str:
    try:
        image = store.add(data, "https://shop.example/picture")
    except UnreadablePictureError as error:
        return f"refused at the door: {error.reason}"
    except Exception as error:  # noqa: BLE001 - that is the question
        return f"other error at the door: {type(error).__name__}"
    try:
        read_picture(store.root / image.path)
    except UnreadablePictureError as error:
        return f"refused when read: {error.reason}"
    except Exception as error:  # noqa: BLE001 - that is the question
        return f"other error when read: {type(error).__name__}"
    return "still a picture"


def _damaged(data: bytes, random: np.random.Generator) -> bytes:
    way, at = int(random.integers(4)), int(random.integers(len(data)))
    length = int(random.integers(1, 2000))
    if way == 0:
        flipped = bytearray(data)
        for where in random.integers(0, len(data), int(random.integers(1, 40))):
            flipped[int(where)] = int(random.integers(256))
        return bytes(flipped)
    if way == 1:
        return data[:at]
    return data[:at] + (data[at + length :] if way == 2 else data[at : at + length] + data[at:])


def _picture(name: str, random: np.random.Generator) -> bytes:
    buffer = BytesIO()
    pixels = random.integers(0, 255, (_SIDE, _SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, name)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
