"""The pictures by which a release shows its products to people."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from recognition.release.references import ReferencePhoto, ReferencePolicy, draw_references
from tasks.published import open_whole
from tasks.wiring import Parts
from warehouse.images import likenesses
from warehouse.releases import ReleaseRow


def reference_writer(loop_parts: Parts, classes: Sequence[str], current: ReleaseRow | None) -> Callable[[Path], None]:
    """What draws the reference pictures of these SKUs into a bundle; those of the current release are taken over."""
    policy = ReferencePolicy(**loop_parts.settings.references.model_dump())
    with loop_parts.warehouse.read() as db:
        known = likenesses(db, policy.pictures)
    images = loop_parts.paths.images
    photos = {sku: [ReferencePhoto(of.sha256, images / of.path) for of in known.get(sku, [])] for sku in classes}
    bundle = open_whole(loop_parts, current) if current is not None else None
    return partial(draw_references, photos=photos, before=bundle.references if bundle else None, policy=policy)
