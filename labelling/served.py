"""What Label Studio may show: a folder that holds one link, to the pictures, and nothing else.

Everybody who may log in to Label Studio may also let it serve any folder below its document root. Were that the folder
above the pictures, it would hold the warehouse and the credentials too. Label Studio compares paths without following
links, so a link is enough.
"""

from contextlib import suppress
from pathlib import Path

from labelling.payloads import CATALOGUE_FILE, IMAGES_FOLDER
from recognition.files import write_durably

_FOLDER = "served"


def document_root(images_root: Path) -> Path:
    """The document root that a Label Studio needs to show the pictures: beside their folder."""
    return images_root.parent / _FOLDER


def link_pictures(images_root: Path) -> Path:
    """Make the link if it is not there, and return it: the pictures' folder as Label Studio sees it.

    An empty catalogue is put there until the first is written: the interface asks for it.
    """
    link = document_root(images_root) / IMAGES_FOLDER
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # made before, perhaps by another process this very moment
        link.symlink_to(Path("..") / images_root.name, target_is_directory=True)  # relative: the store may be moved
    catalogue = images_root / CATALOGUE_FILE
    if not catalogue.exists():
        catalogue.parent.mkdir(parents=True, exist_ok=True)
        write_durably(catalogue, b"[]")
    return link
