"""Views of a catalogue photo: they stand in for camera photos of a product that has none yet.

The product is cut out of its plain background and laid on drawn clutter (`recognition.isolation.composites`). A view
depends on its photo, its number and nothing else in the store: made again tomorrow, or elsewhere, it has the same
pixels. So it has a key, and its vector is kept under that key like the vector of a photo.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.isolation.composites import CompositePolicy, composite
from recognition.isolation.cutout import CutOut, cut_out
from recognition.pictures.reading import read_picture
from recognition.vocabulary import PictureReason

VIEWS_VERSION = "views-1"
"""Goes into each key: raise it whenever the same photo would make other views."""


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """One view, before it is drawn.

    Attributes:
        photo: SHA-256 of the catalogue photo.
        path: where it lies.
        number: 0 and up; each is another background, place, light and blur.
    """

    photo: str
    path: Path
    number: int

    @property
    def key(self) -> str:
        """64 hexadecimal digits, as a photo has: no photo has the same."""
        return view_key(self.photo, self.number)

    def picture(self) -> Image.Image:
        """The view, RGB and square.

        Raises:
            UnreadablePictureError: the photo cannot be read, or shows no product on a plain background.
        """
        rng = np.random.default_rng(list(bytes.fromhex(self.key)))
        return composite(_product(self.path), None, rng, CompositePolicy()).picture


def view_key(photo: str, number: int) -> str:
    """The key of a photo's view of that number."""
    return sha256(f"{VIEWS_VERSION} {photo} {number}".encode()).hexdigest()


@lru_cache(maxsize=2)
def _product(path: Path) -> CutOut:
    """The cut-out; views of one photo are drawn one after the other, so it is made once."""
    found = cut_out(read_picture(path))
    if found is None:
        raise UnreadablePictureError(PictureReason.NOT_PLAIN, f"{path} shows no product on a plain background")
    return found
