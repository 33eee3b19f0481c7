"""The process that reads strangers' pictures for `apart`: paths on stdin, one JSON answer a line on stdout."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from recognition.errors import UnreadablePictureError
from recognition.pictures.bounds import bind_process, bind_work
from recognition.pictures.quality import measure_picture
from recognition.pictures.reading import read_picture

MEMORY = 3 * 1024**3
"""Bytes of addresses: the libraries take one GiB of them, 25 million pixels with transparency another."""

SECONDS = 20
"""Of CPU for one picture; the largest that is taken needs two."""


def main() -> None:
    """Answer until there is nothing left to read."""
    bind_process(MEMORY)
    for line in sys.stdin:
        bind_work(SECONDS)
        print(json.dumps(_answer(Path(json.loads(line)))), flush=True)


def _answer(path: Path) -> dict[str, object]:
    try:
        return asdict(measure_picture(read_picture(path)))
    except UnreadablePictureError as error:
        return {"reason": error.reason, "detail": error.detail}


if __name__ == "__main__":
    main()
