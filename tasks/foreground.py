"""Teach a foreground head with the photos of the store: products on plain backgrounds, laid on corners of others."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from recognition.encoders import EncoderSpec, plain_fingerprint
from recognition.encoders.foreground import COMPOSITES, FOREGROUND_VERSION, ForegroundLesson, teach_foreground
from recognition.errors import NotEnoughDataError, UnreadablePictureError
from recognition.isolation.cutout import CutOut, cut_out
from recognition.pictures.reading import read_picture
from tasks.progress import report_progress
from tasks.teaching import LabelledPhoto
from tasks.wiring import Parts

FEWEST_CUTOUTS = 20

_MOST_CUTOUTS = 1000
_MOST_TRIED = 4000
_MOST_BACKGROUNDS = 500
_BACKGROUND_SIDE = 448  # pixels: a corner of it fills a composite
_SEED = 0

_log = logging.getLogger("skuloop.foreground")


def foreground_head(loop_parts: Parts, spec: EncoderSpec, photos: Sequence[LabelledPhoto]) -> Path:
    """The file of a head for this encoder, taught with these photos; taught before, it is found again.

    Raises:
        NotEnoughDataError: there are too few products on plain backgrounds.
        EncoderUnavailableError: the encoder cannot be loaded, or shows no patch tokens.
    """
    random = np.random.default_rng(_SEED)
    drawn = [photos[row] for row in random.permutation(len(photos)).tolist()]
    path = loop_parts.paths.isolation / f"foreground-{_digest(spec, drawn)}.safetensors"
    if path.exists():
        return path
    images = loop_parts.paths.images
    cutouts = _cutouts(images, sorted(drawn, key=lambda photo: not photo.catalogue))
    if len(cutouts) < FEWEST_CUTOUTS:
        raise NotEnoughDataError(
            f"{len(cutouts)} of the photos show a product on a plain background, {FEWEST_CUTOUTS} are needed to teach "
            f"a foreground head: add a source with catalogue photos"
        )
    cluttered = [photo for photo in drawn if not photo.catalogue][:_MOST_BACKGROUNDS]
    backgrounds = list(_backgrounds(images, cluttered))
    lesson = ForegroundLesson(
        [cutout for _, cutout in cutouts],
        [sku for sku, _ in cutouts],
        [picture for _, picture in backgrounds],
        [sku for sku, _ in backgrounds],
    )
    fitted, encoder = teach_foreground(
        spec, lesson, _SEED, lambda done, total: report_progress("teach foreground", done, total), COMPOSITES
    )
    _log.info("foreground head: cell IoU %.3f on %d views of products not taught", fitted.cell_iou, fitted.held_out)
    fitted.head.save(path, encoder)
    return path


def _digest(spec: EncoderSpec, photos: Sequence[LabelledPhoto]) -> str:
    """Eight characters that name a head: those of the encoder, and of how many photos there are to cut out.

    Another head is another fingerprint, and every photo must be encoded again: so not each new label makes another one,
    but only twice as many photos of the catalogue, or of all where the catalogue has none.
    """
    material = sum(photo.catalogue for photo in photos) or len(photos)
    decides = "\n".join([FOREGROUND_VERSION, plain_fingerprint(spec), str(COMPOSITES), str(material.bit_length())])
    return hashlib.sha256(decides.encode()).hexdigest()[:8]


def _cutouts(images: Path, photos: Sequence[LabelledPhoto]) -> list[tuple[str, CutOut]]:
    """Each product that can be cut out of its photo, with its SKU."""
    found: list[tuple[str, CutOut]] = []
    tried = photos[:_MOST_TRIED]
    for number, photo in enumerate(tried, start=1):
        picture = _read(images / photo.path)
        cutout = cut_out(picture) if picture else None
        found += [(photo.sku, cutout)] if cutout else []
        if number % 500 == 0 or number == len(tried):
            report_progress("cut out", number, len(tried))
        if len(found) == _MOST_CUTOUTS:
            break
    return found


def _backgrounds(images: Path, photos: Sequence[LabelledPhoto]) -> Iterator[tuple[str, Image.Image]]:
    for photo in photos:
        picture = _read(images / photo.path)
        if picture is not None:
            picture.thumbnail((_BACKGROUND_SIDE, _BACKGROUND_SIDE))
            yield photo.sku, picture


def _read(path: Path) -> Image.Image | None:
    try:
        return read_picture(path)
    except UnreadablePictureError:
        return None
