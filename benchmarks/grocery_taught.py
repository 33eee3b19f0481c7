"""Which photos a release was taught: what a fair baseline may learn from too."""

from dataclasses import dataclass

from recognition.heads.samples import Samples
from recognition.vocabulary import Part, Tier
from tasks.labels import settled_labels
from tasks.wiring import Parts
from warehouse.audits import current_tiers, parts
from warehouse.images import duplicate_groups, usable_images
from warehouse.releases import current_release


class TaughtMismatchError(Exception):
    """The photos found are not those that the release says it was trained on."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A release and the photos that it was trained on: sha256 of each, and the same photos as training sees them."""

    release_id: str
    sha256s: tuple[str, ...]
    samples: Samples


def taught_photos(of: Parts) -> Taught | None:
    """What the current release was taught; ask right after the cycle that published it. None before any release.

    Raises:
        TaughtMismatchError: their number is not the one that the release recorded.
    """
    with of.warehouse.read() as db:
        release = current_release(db)
        labels, groups, sides = settled_labels(db), duplicate_groups(db), parts(db)
        served = {sku for sku, tier in current_tiers(db).items() if tier is not Tier.QUARANTINED}
        usable = [image.sha256 for image in usable_images(db)]
    if release is None:
        return None
    sku_of = {
        sha256: str(label.sku)
        for sha256 in usable
        if sides.get(sha256) is Part.TRAIN
        and (label := labels.get(sha256)) is not None
        and not label.conflict
        and label.sku in served
    }
    sha256s, vectors = of.vectors.load(of.fingerprint, list(sku_of))
    if len(sha256s) != release.samples:
        found = f"{len(sha256s)} of {len(sku_of)} labelled photos have a vector"
        raise TaughtMismatchError(f"{release.release_id} was trained on {release.samples} photos, but {found}")
    skus, group_ids = [sku_of[sha256] for sha256 in sha256s], [groups[sha256] for sha256 in sha256s]
    return Taught(release.release_id, sha256s, Samples.from_labels(vectors, skus, group_ids))
