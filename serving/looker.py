"""The first half of an answer: what an encoder sees on photos. It needs no release, and can be a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PIL import Image

from recognition.encoders import Encoder
from recognition.encoders.protocol import Vectors
from recognition.isolation.protocol import Box
from recognition.isolation.regions import MOST_REGIONS, find_regions, region_crops
from serving.stopwatch import Stage, Stopwatch


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What was seen on one photo.

    Attributes:
        size: width and height of the upright photo in pixels.
        boxes: where products stood out, the likeliest first; none where none did.
        vectors: [1, d] of the whole photo; [1 + boxes, d] where several stood out, then of each alone.
    """

    size: tuple[int, int]
    boxes: tuple[Box, ...]
    vectors: Vectors


@dataclass(frozen=True)
class Looker:
    """An opened encoder that looks for products."""

    encoder: Encoder

    def look(
        self, pictures: Sequence[Image.Image], most: int = MOST_REGIONS, watch: Stopwatch | None = None
    ) -> list[Looked]:
        """Look at upright RGB pictures together, for up to `most` products on each."""
        watch = watch or Stopwatch()
        with watch.stage(Stage.ENCODE):
            wholes, isolated = self.encoder.encode_isolated(pictures)
        with watch.stage(Stage.ISOLATE):
            boxes = [
                find_regions(seen, picture, most, self.encoder.isolate)
                for seen, picture in zip(isolated, pictures, strict=True)
            ]
            several = [found if len(found) > 1 else () for found in boxes]
            crops = [
                crop for picture, found in zip(pictures, several, strict=True) for crop in region_crops(picture, found)
            ]
        with watch.stage(Stage.ENCODE):
            parts = iter(self.encoder.encode(crops))
        return [
            Looked(picture.size, boxes_of_it, np.stack([whole, *islice(parts, len(judged_alone))]))
            for picture, boxes_of_it, judged_alone, whole in zip(pictures, boxes, several, wholes, strict=True)
        ]
