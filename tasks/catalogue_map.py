"""Draw the map of the catalogue with a photo of each product."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.files import write_durably
from recognition.heads.scoring import Heads
from recognition.pictures.reading import read_picture
from recognition.release.catalogue_map import MOST_PICTURES, draw_catalogue_map
from tasks.loop import Loop
from warehouse.images import portraits

MAP_NAME = "catalogue-map.png"
_THUMBNAIL = 128  # pixels


def draw_map(loop: Loop, heads: Heads, names: Mapping[int, str], release_id: str) -> Path:
    """Write the map into the reports of this run and return its path."""
    with loop.parts.warehouse.read() as db:
        likenesses = portraits(db)
    thumbnails: dict[str, Image.Image] = {}
    for sku in heads.classes if len(heads.classes) <= MOST_PICTURES else ():
        try:
            picture = read_picture(loop.parts.paths.images / likenesses[sku])
            picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
            thumbnails[sku] = picture
        except (KeyError, UnreadablePictureError):
            continue  # a dot instead of a picture
    path = loop.reports / MAP_NAME
    write_durably(
        path, draw_catalogue_map(heads, names, thumbnails, f"{len(heads.classes)} products, release {release_id}")
    )
    return path
