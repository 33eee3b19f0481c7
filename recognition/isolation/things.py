"""From a mask of all products on a picture to a box for each."""

import numpy as np
from PIL import Image
from scipy import ndimage

from recognition.isolation.necks import Labels, Mask, divided
from recognition.isolation.protocol import Box

_GAP = 0.004  # share of the longer side: parts that are nearer to each other are one thing
_CRUMB = 0.05  # of the largest thing: a cable, a corner of a neighbour
_ROUND = np.ones((3, 3))


def thing_boxes(things: Mask, picture: Image.Image, least: float) -> tuple[Box, ...]:
    """The box of each thing in pixels of a picture, the largest first; things that touch have a box each.

    Args:
        things: [h, w] where there is any, over the whole picture.
        picture: Of any size.
        least: Share of the picture that a thing covers.
    """
    steps = max(round(_GAP * max(things.shape)), 1)
    labels: Labels
    labels, _ = ndimage.label(ndimage.binary_dilation(things, _ROUND, iterations=steps), _ROUND)
    labels[~things] = 0
    parts = divided(labels, least * things.size)
    sizes = np.bincount(parts.ravel())[1:]
    places = ndimage.find_objects(parts)
    across, down = picture.width / things.shape[1], picture.height / things.shape[0]
    enough = max(least * things.size, _CRUMB * sizes.max(initial=0))
    large = [int(at) for at in np.argsort(-sizes, kind="stable") if sizes[at] >= enough]
    return tuple(
        Box(columns.start * across, rows.start * down, columns.stop * across, rows.stop * down)
        for rows, columns in (places[at] for at in large)
    )
