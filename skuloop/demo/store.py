"""The demo's photos on disk: what the shop shows, what people have labelled, and what cameras bring in night by night.

Everything is made in a folder beside its final place and moved there in one step: a store is complete or absent.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from skuloop.demo.catalogue import DemoProduct, demo_products
from skuloop.demo.nights import PhotoFile, StorePlan, jpeg, night_photos
from skuloop.demo.photos import camera_photo, catalogue_photo

RECIPE = 1  # raise it whenever the drawn pictures change: stores of another recipe are made anew
_FOLDER = "pictures"
_MANIFEST = "manifest.json"
_USUAL = StorePlan()
_SHOP, _LABELLED = 1, 2  # the kinds of photos, each with its own stream of chance

Progress = Callable[[int, int], None]


class DemoStoreError(Exception):
    """The demo's pictures cannot be written where they should be."""


@dataclass(frozen=True, slots=True)
class DemoStore:
    """A complete set of demo photos.

    Attributes:
        products: all 30 products, named or not.
        shop_images: the shop's photos by SKU, for products in the shop.
        labelled_root: one folder per SKU with that product's camera photos.
        inbox: the camera photos of each night, without labels.
        truth: SKU by sha256 (hex) of the file's bytes, for every usable camera photo, labelled or not.
        names: titles of the products that no one has named yet, by SKU.
    """

    products: tuple[DemoProduct, ...]
    shop_images: Mapping[str, tuple[Path, ...]]
    labelled_root: Path
    inbox: tuple[tuple[Path, ...], ...]
    truth: Mapping[str, str]
    names: Mapping[str, str]


def write_store(root: Path, seed: int = 7, plan: StorePlan = _USUAL, on_progress: Progress | None = None) -> DemoStore:
    """Write the demo's photos under `root`/pictures and return them; a complete store of the same recipe is reused.

    Args:
        root: folder of the demo; made when absent.
        seed: decides every photo, price and class size.
        plan: how many photos to make.
        on_progress: called with (photos written, photos in all).

    Raises:
        DemoStoreError: when `root`/pictures is there and was not made by this function.
    """
    home = root / _FOLDER
    recipe = json.loads(json.dumps({"recipe": RECIPE, "seed": seed, "plan": asdict(plan)}))
    if home.exists():
        if _read_manifest(home).recipe == recipe:
            return _open(home, seed)
        shutil.rmtree(home)
    part = root / f".{_FOLDER}.part"
    shutil.rmtree(part, ignore_errors=True)
    truth = _write_photos(part, seed, plan, on_progress)
    _write_manifest(part / _MANIFEST, _Manifest(recipe, truth))
    part.replace(home)
    return _open(home, seed)


def _write_photos(home: Path, seed: int, plan: StorePlan, on_progress: Progress | None) -> dict[str, str]:
    products = demo_products(seed)
    sizes = class_sizes(products, seed, plan)
    in_all = plan.shop_photos * len(sizes) + sum(sizes.values()) + plan.nights * plan.night_photos
    truth: dict[str, str] = {}
    for done, photo in enumerate(_photos(products, sizes, seed, plan), start=1):
        target = home / photo.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(photo.data)
        if photo.sku is not None:
            truth[hashlib.sha256(photo.data).hexdigest()] = photo.sku
        if on_progress is not None:
            on_progress(done, in_all)
    return truth


def class_sizes(products: tuple[DemoProduct, ...], seed: int, plan: StorePlan) -> dict[str, int]:
    """Return how many labelled photos each product of the shop gets; chance decides which are nearly full or few."""
    rng = np.random.default_rng(seed)
    skus = [product.sku for product in products if product.in_shop]
    order = rng.permutation(len(skus))
    spans = [plan.few] * plan.few_classes + [plan.nearly] * plan.nearly_classes
    spans += [plan.full] * (len(skus) - len(spans))
    drawn = {
        skus[int(place)]: int(rng.integers(least, most + 1)) for place, (least, most) in zip(order, spans, strict=True)
    }
    return {sku: drawn[sku] for sku in skus}


def _photos(
    products: tuple[DemoProduct, ...], sizes: Mapping[str, int], seed: int, plan: StorePlan
) -> Iterator[PhotoFile]:
    for place, product in enumerate(products):
        if not product.in_shop:
            continue
        for number in range(plan.shop_photos):
            rng = np.random.default_rng([seed, _SHOP, place, number])
            yield PhotoFile(
                Path("shop", product.sku, f"{number + 1}.jpg"), jpeg(catalogue_photo(product, rng), rng), None
            )
        for number in range(sizes[product.sku]):
            rng = np.random.default_rng([seed, _LABELLED, place, number])
            path = Path("labelled", product.sku, f"IMG_{number + 1:04d}.jpg")
            yield PhotoFile(path, jpeg(camera_photo(product, rng), rng), product.sku)
    for night in range(plan.nights):
        yield from night_photos(products, night, seed, plan)


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What a complete store was made from, and what its photos show."""

    recipe: Mapping[str, object]
    truth: Mapping[str, str]


def _write_manifest(path: Path, manifest: _Manifest) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _read_manifest(home: Path) -> _Manifest:
    try:
        return _Manifest(**json.loads((home / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        msg = f"{home} was not made by the demo (no readable {_MANIFEST}): move it away, or choose another folder"
        raise DemoStoreError(msg) from error


def _open(home: Path, seed: int) -> DemoStore:
    products = demo_products(seed)
    nights = sorted((home / "inbox").iterdir(), key=lambda folder: int(folder.name.removeprefix("night-")))
    return DemoStore(
        products=products,
        shop_images={
            product.sku: tuple(sorted((home / "shop" / product.sku).iterdir()))
            for product in products
            if product.in_shop
        },
        labelled_root=home / "labelled",
        inbox=tuple(tuple(sorted(night.iterdir())) for night in nights),
        truth=_read_manifest(home).truth,
        names={product.sku: product.title for product in products if not product.in_shop},
    )
