"""Photos that were not answered surely, kept for people: an inbox of the next night. Off unless it was asked for.

What is kept is the picture alone, drawn anew by the process that may read strangers' photos: no place, no time, no
camera, no name of who sent it. A photo that was sent twice is kept once.
"""

import hashlib
import re
import threading
from collections import deque
from dataclasses import dataclass

from recognition.files import write_durably
from recognition.vocabulary import Verdict
from serving.answers import Identification
from serving.http.options import Keeping

_OURS = re.compile(r"[0-9a-f]{64}\.jpg")  # nothing else in the folder is ever counted or removed
_WAITING_PHOTOS, _WAITING_BYTES = 32, 64 * 2**20


@dataclass(frozen=True, slots=True)
class Keepsake:
    """A photo that shall be kept."""

    name: str
    photo: bytes
    verdict: Verdict


class Keeper:
    """The folder of kept photos, and those that wait to be drawn anew. Only `keep` blocks: it writes."""

    def __init__(self, keeping: Keeping) -> None:
        """Look what is there, the oldest first."""
        self._keeping = keeping
        self._waiting: deque[Keepsake] = deque()
        self._lock = threading.Lock()  # each worker's thread may keep one
        keeping.folder.mkdir(parents=True, exist_ok=True)
        found = [path for path in keeping.folder.iterdir() if _OURS.fullmatch(path.name)]
        found.sort(key=lambda path: path.stat().st_mtime_ns)
        self._kept = {path.name: path.stat().st_size for path in found}

    def offer(self, photo: bytes, answer: Identification) -> None:
        """Let a photo wait if it was not answered surely; what finds no room is not kept, for answers come first."""
        if all(found.verdict is Verdict.SURE for found in answer.found):
            return
        name = f"{hashlib.sha256(photo).hexdigest()}.jpg"
        room = _WAITING_BYTES - sum(len(waiting.photo) for waiting in self._waiting)
        known = name in self._kept or any(waiting.name == name for waiting in self._waiting)
        if not known and len(photo) <= room and len(self._waiting) < _WAITING_PHOTOS:
            self._waiting.append(Keepsake(name, photo, answer.best.verdict))

    def next(self) -> Keepsake | None:
        """One that waits; it waits no longer."""
        return self._waiting.popleft() if self._waiting else None

    def keep(self, keepsake: Keepsake, picture: bytes) -> None:
        """Store one as it was drawn anew, and let the oldest go where there are too many."""
        with self._lock:
            self._store(keepsake.name, picture)

    def _store(self, name: str, picture: bytes) -> None:
        write_durably(self._keeping.folder / name, picture)
        self._kept[name] = len(picture)
        while len(self._kept) > self._keeping.photos or sum(self._kept.values()) > self._keeping.bytes:
            oldest = next(iter(self._kept))
            (self._keeping.folder / oldest).unlink(missing_ok=True)
            del self._kept[oldest]
