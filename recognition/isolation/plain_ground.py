"""Things on a plain ground: what differs from the colour of a table, a belt or a white sheet. Needs no model at all.

The ground's colour may change evenly over the picture, as light from one side makes it: a plane is fitted to each
channel at the picture's border. Where the border is not that plain, nothing is said.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.isolation.cutout import product_mask
from recognition.isolation.protocol import Box
from recognition.isolation.things import thing_boxes
from recognition.pictures.colour import lab_of

Floats: TypeAlias = NDArray[np.float32]

_SIDE = 256  # pixels of the longer side: boxes need no more
_BORDER = 0.03  # share of the shorter side
_NEAR, _FAR = 5.0, 12.0  # CIELAB distances from the fitted ground that are still ground, on an even and a grainy one
_NOISES = 3.0  # median distances of the border that are still ground
_PLAIN_SHARE = 0.75  # of the border must be ground; a thing may lie across it
_ROUNDS = 3  # of fitting without what did not fit
_LEAST, _MOST = 0.004, 0.85  # share of the picture that a thing covers, and that all do


def things_on_plain_ground(picture: Image.Image) -> tuple[Box, ...]:
    """The box of each thing on an RGB picture, the largest first; none where the ground is not plain."""
    scale = _SIDE / max(picture.size)
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    pixels = np.asarray(picture.resize(size, Image.Resampling.BOX, reducing_gap=1.0))
    places = _places(*pixels.shape[:2])
    border = _border(*pixels.shape[:2])
    ground = _ground(places[border], _lab(pixels[border]))  # alone at first: most photos have no plain ground
    if ground is None:
        return ()
    plane, near = ground
    away = np.linalg.norm(_lab(pixels.reshape(-1, 3)) - places.reshape(-1, 3) @ plane, axis=-1)
    things = product_mask(away.reshape(pixels.shape[:2]).astype(np.float32), near)
    if not 0 < things.mean() <= _MOST:
        return ()
    return thing_boxes(things, picture, _LEAST)


def _ground(places: Floats, colours: Floats) -> tuple[Floats, float] | None:
    """[3, 3] the plane of colours over places, fitted to what of them fits it, and up to which distance that is."""
    kept = np.linalg.norm(colours - np.median(colours, axis=0), axis=-1) < 2 * _FAR
    for _ in range(_ROUNDS):
        if kept.mean() < _PLAIN_SHARE / 2:
            return None
        plane = np.linalg.lstsq(places[kept], colours[kept], rcond=None)[0]
        off = np.linalg.norm(colours - places @ plane, axis=-1)
        near = float(np.clip(_NOISES * np.median(off[kept]), _NEAR, _FAR))
        kept = off < near
    return (plane, near) if kept.mean() >= _PLAIN_SHARE else None


def _places(height: int, width: int) -> Floats:
    """[h, w, 3] one, how far down and how far across each pixel is."""
    down, across = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([np.ones_like(down), down / height, across / width], axis=-1)


def _border(height: int, width: int) -> NDArray[np.bool_]:
    rim = max(round(min(height, width) * _BORDER), 2)
    border = np.ones((height, width), dtype=bool)
    border[rim:-rim, rim:-rim] = False
    return border


def _lab(pixels: NDArray[np.uint8]) -> Floats:
    """[n, 3] CIELAB of [n, 3] pixels."""
    return np.stack(lab_of(pixels), axis=-1)
