"""The process that measures one size; its parent is `benchmarks.recognition_growth`.

    python -m benchmarks.growth_worker (learn | answer) CLASSES PHOTOS FOLDER

Prints one JSON document. It may hold 8 GiB and no more: what does not fit fails instead of taking the machine down.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

MEMORY_LIMIT = 8 * 2**30


def main() -> int:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
    from benchmarks.growth_measures import answer, learn
    from benchmarks.growth_photos import Growth

    what, classes, photos, folder = sys.argv[1:]
    found = learn(Growth(int(classes), int(photos)), Path(folder)) if what == "learn" else answer(Path(folder))
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
