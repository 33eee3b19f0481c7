"""The process that measures one size; its parent is `benchmarks.recognition_growth`.

    python -m benchmarks.growth_worker (learn | assemble | answer) CLASSES PHOTOS FOLDER

Prints one JSON document; nothing for `assemble`. It may hold 8 GiB and no more: what does not fit fails instead of
taking the machine down.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

MEMORY_LIMIT = 8 * 2**30


def main() -> int:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
    from benchmarks.growth_measures import answer, assemble, learn
    from benchmarks.growth_photos import Growth

    what, classes, photos, folder = sys.argv[1:]
    growth = Growth(int(classes), int(photos))
    if what == "assemble":
        assemble(growth, Path(folder))
        return 0
    found = learn(growth, Path(folder)) if what == "learn" else answer(Path(folder))
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
