"""What Label Studio may show: a folder that holds one link, to the pictures, and nothing else.

Everybody who may log in to Label Studio may also let it serve any folder below its document root. Were that the folder
above the pictures, it would hold the warehouse and the credentials too. Label Studio compares paths without following
links, so a link is enough.
"""

from contextlib import suppress
from pathlib import Path

from labelling.payloads import ANSWERS_FILE, CATALOGUE_FILE, IMAGES_FOLDER
from recognition.files import write_durably

_FOLDER = "served"
_NO_ANSWERS = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Your answers</title>"
    b"<p>No cycle was taught your answers yet. What becomes of them stands here after the first one.</p></html>"
)


def document_root(images_root: Path) -> Path:
    """The document root that a Label Studio needs to show the pictures: beside their folder."""
    return images_root.parent / _FOLDER


def link_pictures(images_root: Path) -> Path:
    """Make the link if it is not there, and return it: the pictures' folder as Label Studio sees it.

    An empty catalogue is put there until the first is written, for the interface asks for it; and a page that says that
    no answer has been taught yet, for the project's description names it.
    """
    link = document_root(images_root) / IMAGES_FOLDER
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # made before, perhaps by another process this very moment
        link.symlink_to(Path("..") / images_root.name, target_is_directory=True)  # relative: the store may be moved
    for path, content in ((CATALOGUE_FILE, b"[]"), (ANSWERS_FILE, _NO_ANSWERS)):
        if not (images_root / path).exists():
            (images_root / path).parent.mkdir(parents=True, exist_ok=True)
            write_durably(images_root / path, content)
    return link
