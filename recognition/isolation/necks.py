"""Things that touch on a mask, told apart where only a narrow neck joins them.

A watershed on distances to the edge (Vincent and Soille, "Watersheds in Digital Spaces", PAMI 1991), which flows over
every saddle that is nearly as wide as the smaller of the two things: only real necks divide.
"""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask: TypeAlias = NDArray[np.bool_]
Labels: TypeAlias = NDArray[np.int32]

_NECK = 0.4  # of the half-width of the narrower thing: a wider neck joins parts of one thing
_STEP = 1.3  # between one width of necks that is tried and the next
_ROUND = np.ones((3, 3))


def divided(labels: Labels, least: float) -> Labels:
    """The same things [h, w], numbered anew from 1; those that a neck joins are several, of `least` cells each."""
    found = np.zeros_like(labels)
    waiting = list(_each(labels))
    number = 0
    while waiting:
        place, thing = waiting.pop()
        parts = _parts(thing, least)
        if len(parts) > 1:
            waiting.extend((place, part) for part in parts)
            continue
        number += 1
        found[place][thing] = number
    return found


def _each(labels: Labels) -> Iterator[tuple[tuple[slice, slice], Mask]]:
    for at, place in enumerate(ndimage.find_objects(labels), start=1):
        if place is not None:
            yield place, labels[place] == at


def _parts(thing: Mask, least: float) -> list[Mask]:
    """What the widest necks that are narrow enough leave of one thing; itself where there is none."""
    if thing.sum() < 2 * least:
        return [thing]
    depth = ndimage.distance_transform_edt(np.pad(thing, 1))[1:-1, 1:-1]
    neck = 1.0
    while neck <= _NECK * depth.max():
        parts = _cut_at(thing, depth, neck, least)
        if len(parts) > 1:
            return parts
        neck *= _STEP
    return [thing]


def _cut_at(thing: Mask, depth: NDArray[np.float64], neck: float, least: float) -> list[Mask]:
    """The thing cut wherever it is at most twice `neck` wide, each cell with the core that is nearest to it."""
    cores, count = ndimage.label(depth > neck, _ROUND)
    if count < 2:
        return [thing]
    wide = 1 + np.flatnonzero(_NECK * ndimage.maximum(depth, cores, np.arange(1, count + 1)) >= neck)
    large = _large(_nearest(thing, cores, wide), wide, least)
    nearest = _nearest(thing, cores, large) if len(large) > 1 else cores
    return [nearest == core for core in large] if len(large) > 1 else [thing]


def _large(nearest: Labels, cores: NDArray[np.int64], least: float) -> NDArray[np.int64]:
    sizes = np.bincount(nearest.ravel(), minlength=int(nearest.max()) + 1)
    return np.array([core for core in cores if core < len(sizes) and sizes[core] >= least], dtype=np.int64)


def _nearest(thing: Mask, cores: Labels, chosen: NDArray[np.int64]) -> Labels:
    """[h, w] for each cell of a thing the chosen core that is nearest to it; 0 elsewhere, or where none is chosen."""
    kept = np.where(np.isin(cores, chosen), cores, 0)
    if not kept.any():
        return np.zeros_like(cores)
    rows, columns = ndimage.distance_transform_edt(kept == 0, return_distances=False, return_indices=True)
    nearest: Labels = np.where(thing, kept[rows, columns], 0)
    return nearest
