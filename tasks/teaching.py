"""What a release is made of: the labelled photos, the products, and a digest of both."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recognition.encoders import layout_of
from recognition.heads.scene_size import EARLIER, Arrivals, learn_scene_size
from recognition.heads.training import METHOD
from recognition.isolation.views import view_key
from recognition.release.candidate import LabelledPhotos
from recognition.release.products import ProductCard, dump_products
from recognition.vocabulary import IsolationMethod, LabelOrigin, Part, Tier
from tasks.labels import settled_labels
from tasks.wiring import Parts
from warehouse.audits import current_tiers, parts
from warehouse.images import camera_arrivals, duplicate_groups, usable_images
from warehouse.products import all_products, latest_offers

_NEWEST = 1000  # camera photos that say how near new ones lie: enough for a median, and no more than a few nights


@dataclass(frozen=True)
class Teaching:
    """Everything a release is made of.

    Attributes:
        photos: labelled photos with their vectors.
        tiers: tier of each class that has a photo to learn from.
        products: what the release will say of each product.
        taught: digest of the method, photos, views, labels, tiers and settings that make the heads. The superclasses of
            the release before are not in it, on purpose: they change with every release, so a cycle would never find
            its own release again, and heads that somebody rolled back would come back under another name.
        served: digest of the products; it changes with every price.
    """

    photos: LabelledPhotos
    tiers: Mapping[str, Tier]
    products: Sequence[ProductCard]
    taught: str
    served: str

    def release_id(self, number: int) -> str:
        """Id of the release number `number` that is made of this."""
        return f"r{number:04d}-{self.taught}-{self.served}"

    def taught_the_same(self, release_id: str) -> bool:
        """Whether a release has the heads that exactly this makes, and not others that were changed since."""
        return taught_by(release_id) == self.taught and not changed_by(release_id)

    def serves_the_same(self, release_id: str) -> bool:
        """Whether a release says exactly this of its products."""
        return release_id.split("-")[2:3] == [self.served]


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo that may be taught or asked about; `catalogue` where its label is the shop's own."""

    sha256: str
    path: str
    sku: str
    group: str
    part: Part
    catalogue: bool


def taught_by(release_id: str) -> str:
    """Digest of what the heads of a release were taught; its id carries it."""
    return release_id.split("-")[1]


def changed_by(release_id: str) -> str:
    """Digest of the products that came and went since those heads were taught; empty where none did."""
    return release_id.split("-")[3] if release_id.count("-") > 2 else ""


def changed_release_id(number: int, taught: str, products: Sequence[ProductCard], changed: str) -> str:
    """Id of the release number `number` with the heads of `taught`, for a catalogue that changed since."""
    return "-".join([f"r{number:04d}", taught, _digest_of_served(products), *([changed] if changed else [])])


def gather_teaching(loop_parts: Parts) -> Teaching:
    """What a release would be made of now."""
    labelled, tiers = labelled_photos(loop_parts)
    photos = encoded_photos(loop_parts, labelled)
    taught = set(photos.where(Part.TRAIN).skus)
    tiers = {sku: tier for sku, tier in tiers.items() if sku in taught}
    products = product_cards(loop_parts)
    settings = loop_parts.settings
    decides = [
        str(METHOD),
        photos.digest(),
        loop_parts.fingerprint,
        json.dumps(tiers, sort_keys=True),
        settings.promise.model_dump_json(),
        settings.gate.model_dump_json(),
    ]
    return Teaching(
        photos=photos,
        tiers=tiers,
        products=products,
        taught=hashlib.sha256("|".join(decides).encode()).hexdigest()[:8],
        served=_digest_of_served(products),
    )


def scene_size(loop_parts: Parts, photos: LabelledPhotos) -> int:
    """How many photos make a scene for these photos, by how near camera photos came to what was taught before them.

    It is not part of what a release is known by: photos that nobody has labelled yet make no other release.
    """
    with loop_parts.warehouse.read() as db:
        arrivals = camera_arrivals(db)
    newest = list(arrivals)[:_NEWEST]
    sha256s, vectors = loop_parts.vectors.load(loop_parts.fingerprint, newest)
    taught = photos.where(Part.TRAIN)
    return learn_scene_size(
        taught.samples(),
        Arrivals(
            new=vectors,
            of_new=np.array([arrivals[sha256] for sha256 in sha256s], dtype=np.int64),
            of_taught=np.array([arrivals.get(sha256, EARLIER) for sha256 in taught.sha256s], dtype=np.int64),
        ),
    )


def labelled_photos(loop_parts: Parts) -> tuple[list[LabelledPhoto], dict[str, Tier]]:
    """Every usable photo with a settled label of a class that is served, by sha256; and the tier of each such class."""
    with loop_parts.warehouse.read() as db:
        labels, groups, sides = settled_labels(db), duplicate_groups(db), parts(db)
        tiers: dict[str, Tier] = {sku: tier for sku, tier in current_tiers(db).items() if tier is not Tier.QUARANTINED}
        usable = usable_images(db)
    photos = [
        LabelledPhoto(
            image.sha256,
            image.path,
            label.sku,
            groups[image.sha256],
            sides[image.sha256],
            catalogue=label.origin is LabelOrigin.CATALOGUE,
        )
        for image in usable
        if (label := labels.get(image.sha256)) is not None
        and not label.conflict
        and label.sku is not None
        and label.sku in tiers
        and image.sha256 in sides
    ]
    return photos, tiers


def photos_with_views(loop_parts: Parts, photos: Sequence[LabelledPhoto]) -> list[LabelledPhoto]:
    """The photos whose composited views teach too: of the catalogue, for products that hardly have a camera photo.

    Only of the training side, and only where views are wanted.
    """
    if not views_wanted(loop_parts):
        return []
    enough = loop_parts.settings.first_day.camera_photos
    taught = [photo for photo in photos if photo.part is Part.TRAIN]
    by_camera = Counter(photo.sku for photo in taught if not photo.catalogue)
    return [photo for photo in taught if photo.catalogue and by_camera[photo.sku] < enough]


def views_wanted(loop_parts: Parts) -> bool:
    """Whether views teach at all: where the settings ask for them, and the encoder isolates the product."""
    isolates = loop_parts.encoder.isolation.method is not IsolationMethod.NONE
    return isolates and loop_parts.settings.first_day.views > 0


def encoded_photos(loop_parts: Parts, labelled: Sequence[LabelledPhoto]) -> LabelledPhotos:
    """Those of the photos that the configured encoder has seen, and the views that it has seen of them."""
    by_sha256 = {photo.sha256: photo for photo in labelled}
    taken_from = {
        view_key(photo.sha256, number): photo
        for photo in photos_with_views(loop_parts, labelled)
        for number in range(loop_parts.settings.first_day.views)
    }
    wanted = [*sorted(by_sha256), *sorted(taken_from)]
    sha256s, vectors = loop_parts.vectors.load(loop_parts.fingerprint, wanted)
    found = [by_sha256.get(sha256) or taken_from[sha256] for sha256 in sha256s]
    return LabelledPhotos(
        sha256s,
        vectors,
        tuple(photo.sku for photo in found),
        tuple(photo.group for photo in found),
        tuple(photo.part for photo in found),
        layout_of(loop_parts.encoder, vectors.shape[1]),
        tuple(sha256 in taken_from for sha256 in sha256s),
        tuple(photo.catalogue for photo in found),
    )


def _digest_of_served(products: Sequence[ProductCard]) -> str:
    """When an offer was last seen to stand is no news: it alone makes no release."""
    undated = [replace(product, offer_seen_at=None) for product in products]
    return hashlib.sha256(dump_products(undated)).hexdigest()[:6]


def product_cards(loop_parts: Parts) -> list[ProductCard]:
    """Every product with its latest price and availability."""
    with loop_parts.warehouse.read() as db:
        offers = latest_offers(db)
        rows = all_products(db)
    cards = []
    for row in rows:
        offer = offers.get(row.sku)
        cards.append(
            ProductCard(
                sku=row.sku,
                title=row.title,
                brand=row.brand,
                category=row.category,
                url=row.url,
                price=offer.price if offer else None,
                currency=offer.currency if offer else None,
                availability=offer.availability if offer else None,
                offer_seen_at=offer.seen_at if offer else None,
            )
        )
    return cards
