"""What cameras bring in during one night: known products, products without a name, and photos that are no use."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from skuloop.demo.catalogue import DemoProduct
from skuloop.demo.photos import PHOTO_SIDE, camera_photo

_STREAM = 3  # the nights' own stream of chance, apart from those of shop and labelled photos


@dataclass(frozen=True, slots=True)
class StorePlan:
    """How many photos to make. Pairs are the least and the most of a class; the classes that remain are full."""

    shop_photos: int = 3
    full: tuple[int, int] = (52, 58)
    nearly_classes: int = 4
    nearly: tuple[int, int] = (44, 49)
    few_classes: int = 4
    few: tuple[int, int] = (12, 30)
    nights: int = 3
    night_photos: int = 90
    unnamed_share: float = 0.12
    blurred: int = 2
    blank: int = 1
    truncated: int = 1
    duplicates: int = 2


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One file to be: where (relative to the store), its bytes, and the SKU that a usable camera photo shows."""

    path: Path
    data: bytes
    sku: str | None


def night_photos(products: tuple[DemoProduct, ...], night: int, seed: int, plan: StorePlan) -> Iterator[PhotoFile]:
    """Yield one night's photos in an order that tells nothing of what they show."""
    rng = np.random.default_rng([seed, _STREAM, night])
    contents = _night_contents(products, rng, plan)
    for number, place in enumerate(rng.permutation(len(contents)), start=1):
        data, sku = contents[int(place)]
        yield PhotoFile(Path("inbox", f"night-{night + 1}", f"IMG_{number:04d}.jpg"), data, sku)


def _night_contents(
    products: tuple[DemoProduct, ...], rng: np.random.Generator, plan: StorePlan
) -> list[tuple[bytes, str | None]]:
    known, unnamed = ([product for product in products if product.in_shop is named] for named in (True, False))
    spoilt = plan.blurred + plan.blank + plan.truncated + plan.duplicates
    usable, strange = plan.night_photos - spoilt, round(plan.unnamed_share * plan.night_photos)
    shown = [unnamed[int(place)] for place in rng.permutation(strange) % len(unnamed)]
    shown += [known[int(place)] for place in rng.integers(len(known), size=usable - strange)]
    contents: list[tuple[bytes, str | None]] = [
        (jpeg(camera_photo(product, rng), rng), product.sku) for product in shown
    ]
    contents += [contents[int(place)] for place in rng.choice(usable, plan.duplicates, replace=False)]
    for _ in range(plan.blurred):
        shaken = camera_photo(known[int(rng.integers(len(known)))], rng).filter(ImageFilter.GaussianBlur(9))
        contents.append((jpeg(shaken, rng), None))
    for _ in range(plan.blank):
        lens_cap = np.clip(rng.normal(12, 2, (PHOTO_SIDE, PHOTO_SIDE, 3)), 0, 255).astype(np.uint8)
        contents.append((jpeg(Image.fromarray(lens_cap, "RGB"), rng), None))
    for _ in range(plan.truncated):
        whole = jpeg(camera_photo(known[int(rng.integers(len(known)))], rng), rng)
        contents.append((whole[: len(whole) // 3], None))
    return contents


def jpeg(picture: Image.Image, rng: np.random.Generator) -> bytes:
    """Return the picture as JPEG bytes of quality 80 to 92."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=int(rng.integers(80, 93)))
    return buffer.getvalue()
