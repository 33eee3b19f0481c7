"""Images: their bytes once, every place they came from, what was measured, which are near duplicates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recognition.vocabulary import PictureReason
from warehouse.rows import Hash64
from warehouse.session import Session


class OriginKind(StrEnum):
    """In which role an image came to us."""

    CATALOGUE = "catalogue"
    LABELLED = "labelled"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One stored file; `path` is relative to the images root, `format` the true one ("JPEG", ...)."""

    sha256: str
    path: str
    bytes: int
    format: str
    first_seen_run: str


@dataclass(frozen=True, slots=True)
class OriginRow:
    """One place an image was found at: `origin` is a URL or a path, `sku` what that place says it shows."""

    sha256: str
    source: str
    origin: str
    sku: str | None
    kind: OriginKind
    crawl_id: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """What the quality rules measured and judged; the numbers are None where the file could not be read."""

    sha256: str
    width: int | None
    height: int | None
    sharpness: float | None
    brightness: float | None
    contrast: float | None
    phash: Hash64 | None
    reason: PictureReason


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A stored image: its key, and its path relative to the images root."""

    sha256: str
    path: str


@dataclass(frozen=True, slots=True)
class UsableImage:
    """An image that passed the quality rules."""

    sha256: str
    path: str
    phash: Hash64


@dataclass(frozen=True)
class HashedImages:
    """Images in the order of their sha256 [n], their hashes [n], and the row of the first of each one's group [n].

    `before` is -1 where an image is new, or has to be grouped anew.
    """

    sha256s: NDArray[np.object_]
    phashes: NDArray[np.uint64]
    before: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PictureEverywhere:
    """A picture that a source shows at many products; `path` is the file of one of them."""

    group_id: str
    source: str
    products: int
    path: str


def add_images(db: Session, rows: Sequence[ImageRow]) -> int:
    """Store images; return how many were new."""
    return db.run_over("images/add", rows)


def add_origins(db: Session, rows: Sequence[OriginRow]) -> int:
    """Store where images were found; return how many places were new."""
    return db.run_over("images/add_origins", rows)


def unmeasured_images(db: Session) -> list[ImageRef]:
    """Return the images whose quality is not judged yet, by sha256."""
    return db.rows(ImageRef, "images/unmeasured")


def store_measurements(db: Session, rows: Sequence[MeasuredRow]) -> int:
    """Store measurements of known images; return how many images they were for."""
    return db.run_over("images/store_measurements", rows)


def usable_images(db: Session) -> list[UsableImage]:
    """Return the images judged ok, by sha256."""
    return db.rows(UsableImage, "images/usable")


def unlabelled_camera_images(db: Session) -> list[UsableImage]:
    """Return the usable camera images of which nobody has said anything yet, by sha256."""
    return db.rows(UsableImage, "images/unlabelled_camera")


def camera_arrivals(db: Session) -> dict[str, int]:
    """Return the usable camera images, newest first: sha256 -> number of the crawl that brought it first, from 1 on."""
    return dict(db.tuples("images/camera_arrivals"))


def hashed_images(db: Session) -> HashedImages:
    """Return every image that has a near-duplicate group, or should have, by sha256."""
    columns = db.arrays("images/hashed")
    return HashedImages(columns["sha256"], columns["phash"].astype(np.uint64), columns["before"].astype(np.intp))


def store_duplicate_groups(db: Session, groups: Mapping[str, str]) -> int:
    """Store the group of each image (sha256 -> group id) and forget the groups of images that have none any more.

    Images that are not named keep their group. Return how many changed.
    """
    gone = db.run("images/drop_stale_groups")
    return gone + db.run_over_pairs("images/put_duplicate_groups", groups)


def duplicate_groups(db: Session) -> dict[str, str]:
    """Return sha256 -> group id."""
    return dict(db.tuples("images/duplicate_groups"))


def pictures_everywhere(db: Session, fewest: int) -> list[PictureEverywhere]:
    """Return the pictures that one source shows at `fewest` products or more, and nobody named, by group."""
    return db.rows(PictureEverywhere, "images/everywhere", fewest=fewest)


def set_placeholders(db: Session, groups: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Make exactly these near-duplicate groups placeholders.

    Returns:
        The images that became placeholders (sha256 -> group id), and those that are none any more.
    """
    pairs = dict.fromkeys(sorted(groups), "")
    marked: dict[str, str] = dict(db.tuples_over_pairs("images/new_placeholders", pairs))
    unmarked: list[str] = [sha256 for (sha256,) in db.tuples_over_pairs("images/no_placeholders_any_more", pairs)]
    reasons = dict.fromkeys(marked, PictureReason.PLACEHOLDER) | dict.fromkeys(unmarked, PictureReason.OK)
    db.run_over_pairs("images/set_reasons", reasons)
    return marked, unmarked


def refused_images(db: Session) -> set[str]:
    """Return the sha256 of the images that the quality rules refuse."""
    return {sha256 for (sha256,) in db.tuples("images/refused")}


def image_paths(db: Session, sha256s: Sequence[str]) -> dict[str, str]:
    """Return sha256 -> path relative to the images root, for those of the images that exist."""
    return dict(db.tuples("images/paths", sha256s=list(sha256s)))


def likenesses(db: Session, most: int) -> dict[str, list[ImageRef]]:
    """Return SKU -> up to `most` usable photos that show it to a person, best first; a SKU without one is left out."""
    found: dict[str, list[ImageRef]] = {}
    for sku, sha256, path in db.tuples("images/likenesses", most=most):
        found.setdefault(sku, []).append(ImageRef(sha256, path))
    return found


def portraits(db: Session) -> dict[str, str]:
    """Return SKU -> path of the usable photo that shows it best to a person; a SKU without one is left out."""
    return {sku: path for sku, _, path in db.tuples("images/likenesses", most=1)}
