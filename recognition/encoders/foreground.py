"""Teaching a foreground head for an encoder: its tokens of composites, and what of them is product."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from recognition.encoders.opening import open_patch_reader
from recognition.encoders.spec import EncoderSpec
from recognition.isolation.composites import Composite, composite_views
from recognition.isolation.cutout import CutOut
from recognition.isolation.foreground_training import FittedHead, fit_foreground_head

COMPOSITES = 3000
FOREGROUND_VERSION = "foreground-1"
"""Names what a head is made by: raise it whenever the same photos would teach another head."""

_MOST_BYTES = 1 << 30  # of tokens: a wide encoder with many patches is taught with fewer composites
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class ForegroundLesson:
    """What a head is taught with.

    Attributes:
        cutouts: n products without their background.
        skus: n products that they show.
        backgrounds: m photos whose corners they are laid on.
        background_skus: m products on those.
    """

    cutouts: Sequence[CutOut]
    skus: Sequence[str]
    backgrounds: Sequence[Image.Image]
    background_skus: Sequence[str]


def teach_foreground(
    spec: EncoderSpec,
    lesson: ForegroundLesson,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
    composites: int = COMPOSITES,
) -> tuple[FittedHead, str]:
    """The head, and the plain fingerprint of the encoder that it belongs to.

    Args:
        spec: The encoder; its isolation and colour do not matter.
        lesson: What it is taught with.
        seed: Same seed, same head.
        on_progress: Called with (composites read, composites in all).
        composites: How many views are laid out, where memory bears them.

    Raises:
        EncoderUnavailableError: the encoder cannot be loaded, or shows no patch tokens.
        NotEnoughDataError: there are fewer than two products to teach with.
    """
    reader = open_patch_reader(spec)
    count = min(composites, _MOST_BYTES // max(reader.tokens([Image.new("RGB", (64, 64))]).nbytes, 1))
    views = composite_views(
        lesson.cutouts,
        lesson.backgrounds,
        count,
        seed,
        skus=lesson.skus,
        background_skus=lesson.background_skus,
    )
    tokens, masks, waiting = [], [], list[Composite]()
    for number, view in enumerate(views, start=1):
        waiting.append(view)
        if len(waiting) == _BATCH or number == count:
            tokens.append(reader.tokens([one.picture for one in waiting]))
            masks.append(reader.shares(one.mask for one in waiting))
            waiting.clear()
            if on_progress is not None:
                on_progress(number, count)
    groups = [lesson.skus[view % len(lesson.skus)] for view in range(count)]
    return fit_foreground_head(np.concatenate(tokens), np.concatenate(masks), groups, seed), reader.encoder
