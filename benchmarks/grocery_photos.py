"""The Grocery Store dataset as the loop meets it: a shop's shelf, folders of labelled photos, a camera's inbox."""

import csv
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from recognition.files import sha256_of
from skuloop.demo.shop import ShopProduct

TRAIN, VALIDATION, TEST = "train", "val", "test"


@dataclass(frozen=True, slots=True)
class GroceryClass:
    """One product: what the dataset says of it, and its iconic picture."""

    sku: str
    title: str
    category: str
    description: str
    iconic: Path


@dataclass(frozen=True, slots=True)
class GroceryPhoto:
    """One photo with its official split and the SKU of its official label."""

    path: Path
    split: str
    sku: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Grocery:
    """The dataset, or the classes of it that were asked for."""

    classes: tuple[GroceryClass, ...]
    photos: tuple[GroceryPhoto, ...]

    def of(self, split: str) -> tuple[GroceryPhoto, ...]:
        """The photos of one official split."""
        return tuple(photo for photo in self.photos if photo.split == split)

    @property
    def truth(self) -> Mapping[str, str]:
        """Official SKU of each photo by sha256."""
        return {photo.sha256: photo.sku for photo in self.photos}


def read_grocery(root: Path, most_classes: int | None = None) -> Grocery:
    """Read the dataset under `root`.

    Args:
        root: folder with classes.csv and images.csv.
        most_classes: keep only that many classes, those with the lowest ids; None keeps all.
    """
    classes = tuple(
        GroceryClass(
            sku=_sku(row["class_id"]),
            title=row["class_name"].replace("-", " "),
            category=row["coarse_name"],
            description=row["description"],
            iconic=root / row["iconic_image"],
        )
        for row in _rows(root / "classes.csv")[:most_classes]
    )
    known = {product.sku for product in classes}
    photos = tuple(
        GroceryPhoto(root / row["path"], row["split"], _sku(row["class_id"]), sha256_of(root / row["path"]))
        for row in _rows(root / "images.csv")
        if _sku(row["class_id"]) in known
    )
    return Grocery(classes, photos)


def shelf(grocery: Grocery) -> list[ShopProduct]:
    """The classes as a shop would list them. The dataset knows no prices: these are made up from the class number."""
    return [
        ShopProduct(
            sku=product.sku,
            title=product.title,
            brand="",
            category=product.category,
            gtin=None,
            description=product.description,
            price=Decimal(number) / 10 + Decimal("0.99"),
            currency="EUR",
            availability="InStock",
            images=(product.iconic,),
        )
        for number, product in enumerate(grocery.classes)
    ]


def lay_out_labelled(photos: Iterable[GroceryPhoto], root: Path) -> None:
    """Put labelled photos into one folder per SKU, as a team would hand them over."""
    for photo in photos:
        _place(photo.path, root / photo.sku / photo.path.name)


def deliver(photos: Sequence[GroceryPhoto], inbox: Path, night: str) -> None:
    """Put a night's photos into the inbox under running numbers: file names must not tell what they show."""
    for number, photo in enumerate(photos, start=1):
        _place(photo.path, inbox / night / f"{number:04d}{photo.path.suffix}")


def in_nights(photos: Sequence[GroceryPhoto], nights: int, seed: int) -> list[tuple[GroceryPhoto, ...]]:
    """The photos in an order drawn by `seed`, dealt out to so many nights."""
    order = np.random.default_rng(seed).permutation(len(photos))
    return [tuple(photos[int(row)] for row in rows) for rows in np.array_split(order, nights)]


def _sku(class_id: str) -> str:
    return f"grocery-{int(class_id):02d}"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _place(source: Path, target: Path) -> None:
    """Link the file, which costs no space, or copy it across file systems. Spiders do not follow soft links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
