"""Draw the map of the catalogue with a photo of each product: a picture for documents, and a page to look around in."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.files import write_durably
from recognition.heads.scoring import Heads
from recognition.pictures.reading import read_picture
from recognition.release.catalogue_map import draw_catalogue_map
from recognition.release.catalogue_page import MOST_THUMBNAILS, ProductNote, catalogue_page
from recognition.release.catalogue_places import place_catalogue
from tasks.loop import Loop
from warehouse.audits import class_rows
from warehouse.images import portraits
from warehouse.products import titles

MAP_NAME = "catalogue-map.png"
PAGE_NAME = "catalogue-map.html"
_THUMBNAIL = 128  # pixels
_READERS = 4  # threads: decoding leaves Python's lock


def draw_map(loop: Loop, heads: Heads, names: Mapping[int, str], release_id: str) -> Path:
    """Write the map into the reports of this run, as a picture and as a page, and return the path of the picture."""
    with loop.parts.warehouse.read() as db:
        likenesses, called, audited = portraits(db), titles(db), class_rows(db)
    samples = {row.sku: row.samples for row in audited}
    notes = {sku: ProductNote(called.get(sku, ""), samples.get(sku, 0)) for sku in heads.classes}
    every = -(-len(heads.classes) // MOST_THUMBNAILS)  # where not all can be shown, those that are shown are spread out
    thumbnails = _thumbnails(loop.parts.paths.images, likenesses, heads.classes[::every])
    title = f"{len(heads.classes)} products, release {release_id}"
    catalogue = place_catalogue(heads, names)
    path = loop.reports / MAP_NAME
    write_durably(path, draw_catalogue_map(catalogue, thumbnails, title))
    write_durably(loop.reports / PAGE_NAME, catalogue_page(catalogue, notes, thumbnails, title))
    return path


def _thumbnails(images: Path, likenesses: Mapping[str, str], skus: Sequence[str]) -> dict[str, Image.Image]:
    """A small picture of each product that has one that can be read; the others become dots."""
    known = [sku for sku in skus if sku in likenesses]
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(_small, [images / likenesses[sku] for sku in known])
        return {sku: picture for sku, picture in zip(known, found, strict=True) if picture is not None}


def _small(path: Path) -> Image.Image | None:
    try:
        picture = read_picture(path)
    except UnreadablePictureError:
        return None
    picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return picture
