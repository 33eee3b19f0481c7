"""What an encoder process and its server say to each other: JSON and plain numbers, never pickles.

The process reads photos of strangers. Should one of them ever take it over, its answers are still only data.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

import numpy as np

from recognition.isolation.protocol import Box
from recognition.vocabulary import PictureReason
from serving.looker import Looked


@dataclass(frozen=True, slots=True)
class Refused:
    """A photo that could not be looked at."""

    reason: PictureReason
    detail: str


Look: TypeAlias = Looked | Refused


class Deed(StrEnum):
    """What a process is asked to do with photos."""

    LOOK = "look"
    DRAW = "draw"


@dataclass(frozen=True, slots=True)
class Task:
    """Photos to look at together for up to `most` products on each; or one to draw anew, the bare picture."""

    photos: tuple[bytes, ...]
    most: int = 1
    deed: Deed = Deed.LOOK


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a task.

    Attributes:
        looks: of each photo, in the order given.
        seconds: that each stage took.
    """

    looks: tuple[Look, ...]
    seconds: Mapping[str, float]


def send_task(pipe: Connection, task: Task) -> None:
    """Hand a task to the process."""
    _send_json(pipe, {"deed": task.deed.value, "most": task.most, "photos": len(task.photos)})
    for photo in task.photos:
        pipe.send_bytes(photo)


def receive_task(pipe: Connection) -> Task:
    """The next task; EOFError once the server is gone."""
    told = _receive_json(pipe)
    return Task(tuple(pipe.recv_bytes() for _ in range(told["photos"])), told["most"], Deed(told["deed"]))


def send_report(pipe: Connection, report: Report) -> None:
    """Hand back what came of a task."""
    _send_json(pipe, {"looks": [_told(look) for look in report.looks], "seconds": dict(report.seconds)})
    vectors = [look.vectors for look in report.looks if isinstance(look, Looked)]
    pipe.send_bytes(np.concatenate(vectors).astype("<f4").tobytes() if vectors else b"")


def receive_report(pipe: Connection) -> Report:
    """What came of a task; ValueError, KeyError or TypeError where the process said what it should not."""
    told = _receive_json(pipe)
    rows = sum(look.get("rows", 0) for look in told["looks"])
    vectors = np.frombuffer(pipe.recv_bytes(), dtype="<f4").reshape(rows, -1 if rows else 0)
    looks, at = list[Look](), 0
    for look in told["looks"]:
        if "reason" in look:
            looks.append(Refused(PictureReason(look["reason"]), str(look["detail"])))
            continue
        width, height = look["size"]
        boxes = tuple(Box(*map(float, box)) for box in look["boxes"])
        looks.append(Looked((int(width), int(height)), boxes, vectors[at : at + look["rows"]]))
        at += look["rows"]
    return Report(tuple(looks), {str(stage): float(spent) for stage, spent in told["seconds"].items()})


def send_words(pipe: Connection, **words: str) -> None:
    """Say something short."""
    _send_json(pipe, words)


def receive_words(pipe: Connection) -> dict[str, str]:
    """What was said."""
    return {str(name): str(word) for name, word in _receive_json(pipe).items()}


def _told(look: Look) -> dict[str, Any]:
    if isinstance(look, Refused):
        return {"reason": look.reason.value, "detail": look.detail}
    boxes: Sequence[Sequence[float]] = [(box.left, box.top, box.right, box.bottom) for box in look.boxes]
    return {"size": look.size, "boxes": boxes, "rows": len(look.vectors)}


def _send_json(pipe: Connection, value: Mapping[str, object]) -> None:
    pipe.send_bytes(json.dumps(value).encode())


def _receive_json(pipe: Connection) -> dict[str, Any]:
    told = json.loads(pipe.recv_bytes())
    if not isinstance(told, dict):
        raise TypeError("not an object")
    return told
