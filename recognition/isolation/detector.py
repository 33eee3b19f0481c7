"""Isolation by a detector: boxes of a YOLOX model, whatever it takes the things in them for.

Source: Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430, and the preprocessing of its ONNX export.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.errors import EncoderUnavailableError
from recognition.isolation.masks import box_mask, intersection_over_union, without_overlaps
from recognition.isolation.protocol import Box, Floats, Isolated, Reads, Seen, whole

_SIDE = 416  # pixels
_STRIDES = (8, 16, 32)
_PADDING = (114, 114, 114)
_LEAST_SCORE = 0.1
_SAME = 0.45  # boxes with more intersection over union than this show one thing
_CENTRE_SIGMA = 0.25  # of the picture's sides: how far from its middle a product may well be
_PERSON = 0  # of the classes of COCO: who holds a product is not one


@dataclass(frozen=True, slots=True)
class Detection:
    """A box in pixels of the picture and how sure the detector is that it holds one thing."""

    box: Box
    score: float


class YoloxDetector:
    """A YOLOX model for pictures of 416 x 416 pixels with the classes of COCO; see `Isolator`."""

    reads = Reads.PICTURES

    def __init__(self, weights: Path) -> None:
        self._session = _session(weights)

    def detect(self, picture: Image.Image) -> list[Detection]:
        """Find things on an RGB picture, the surest first."""
        pixels, scale = letterbox(picture)
        (output,) = self._session.run(None, {self._session.get_inputs()[0].name: pixels})
        return decoded(output[0], scale, whole(picture))

    def isolate(self, seen: Seen) -> list[Isolated]:
        """Find the products on each picture, the most prominent first; the mask covers that one."""
        pairs = zip(seen.pictures, seen.frames, strict=True)
        return [self._isolated(picture, frame, seen.grid) for picture, frame in pairs]

    def refine(self, seen: Seen, first: Sequence[Isolated]) -> Floats:
        """Give the first box again, over its crop."""
        pairs = zip(first, seen.frames, strict=True)
        return np.stack([box_mask(found.boxes[0], frame, seen.grid) for found, frame in pairs])

    def _isolated(self, picture: Image.Image, frame: Box, grid: int) -> Isolated:
        everything = whole(picture)
        found = sorted(self.detect(picture), key=lambda detection: -prominence(detection, everything))
        boxes = tuple(detection.box for detection in found) or (everything,)
        return Isolated(frame, box_mask(boxes[0], frame, grid), boxes, found=bool(found))


def prominence(detection: Detection, picture: Box) -> float:
    """How likely a detection is what a photo was taken of: sure, large and in the middle.

    The surest one alone is often a small thing on the shelf behind the product.
    """
    box = detection.box
    across = (box.left + box.right - picture.width) / 2 / picture.width
    down = (box.top + box.bottom - picture.height) / 2 / picture.height
    central = math.exp(-(across**2 + down**2) / (2 * _CENTRE_SIGMA**2))
    return detection.score * math.sqrt(box.area / picture.area) * central


def letterbox(picture: Image.Image) -> tuple[Floats, float]:
    """[1, 3, 416, 416] blue, green, red from 0 to 255, the picture at the top left; and pixels there per pixel here."""
    scale = _SIDE / max(picture.size)
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    square = Image.new("RGB", (_SIDE, _SIDE), _PADDING)
    square.paste(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR), (0, 0))
    return np.ascontiguousarray(np.asarray(square, dtype=np.float32)[:, :, ::-1].transpose(2, 0, 1)[None]), scale


def decoded(output: Floats, scale: float, picture: Box) -> list[Detection]:
    """From the model's output to detections inside the picture, the surest first, one per thing.

    Args:
        output: [cells, 5 + classes]: offset of the middle and logarithm of the size, in strides; objectness; classes.
        scale: Pixels of the model per pixel of the picture.
        picture: The box of the whole picture.
    """
    places, strides = _cells()
    scores = output[:, 4] * np.delete(output[:, 5:], _PERSON, axis=1).max(axis=1)
    rows = np.flatnonzero(scores >= _LEAST_SCORE)
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    middles = (output[rows, :2] + places[rows]) * strides[rows, None] / scale
    halves = np.exp(output[rows, 2:4]) * strides[rows, None] / scale / 2
    corners = np.concatenate([middles - halves, middles + halves], axis=1).tolist()
    boxes = [
        Box(max(left, 0.0), max(top, 0.0), min(right, picture.right), min(bottom, picture.bottom))
        for left, top, right, bottom in corners
    ]
    kept = [at for at in without_overlaps(boxes, intersection_over_union, _SAME) if _is_there(boxes[at])]
    return [Detection(boxes[at], float(scores[rows[at]])) for at in kept]


def _is_there(box: Box) -> bool:
    return box.width > 1 and box.height > 1


@cache
def _cells() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """[cells, 2] column and row of each cell of the three grids, and [cells] its stride."""
    places, strides = [], []
    for stride in _STRIDES:
        count = _SIDE // stride
        rows, columns = np.divmod(np.arange(count * count), count)
        places.append(np.stack([columns, rows], axis=1))
        strides.append(np.full(count * count, stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _session(weights: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # scale by processes, as the encoder does
    try:
        session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        cells = len(_cells()[1])
        shapes = [tuple(end.shape) for end in (*session.get_inputs(), *session.get_outputs())]
    except Exception as error:  # the runtime raises its own errors, of no common class, for whatever is wrong in a file
        raise EncoderUnavailableError(f"{weights.name} cannot be opened ({error}). {_ADVICE}") from error
    if shapes[0][1:] != (3, _SIDE, _SIDE) or shapes[1][1] != cells:
        raise EncoderUnavailableError(f"{weights.name} takes and gives {shapes}. {_ADVICE}")
    return session


_ADVICE = "Set `encoder.isolation.weights` to a YOLOX model for 416 x 416 pixels, such as yolox_nano.onnx."
