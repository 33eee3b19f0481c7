"""Labelled vectors: what every head is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recognition.encoders.protocol import Block

_FEWEST = 20  # products with both kinds of photos: below that, nothing can be predicted from them

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """Labelled vectors of one encoder.

    Attributes:
        vectors: [n, d] float32, rows L2-normalised.
        targets: [n] int64, for each vector the row of its class in `classes`.
        groups: [n] int64, near-duplicate group of each vector; a group never stands on both sides of a split.
        classes: SKU of each class row. The only place where rows and SKUs meet.
        layout: what the columns are, see `Encoder.layout`; empty means one block.
        views: [n] which are composited views of another photo, see `recognition.isolation.views`; None for none at all.
            They teach, in the group of their photo; they are never asked about, and never evidence.
        catalogue: [n] which are photos of a catalogue, or views of them; None for none at all. The others are camera
            photos, which is what a recogniser will be asked about.
    """

    vectors: Vectors
    targets: Rows
    groups: Rows
    classes: tuple[str, ...]
    layout: tuple[Block, ...] = ()
    views: Flags | None = None
    catalogue: Flags | None = None

    def __post_init__(self) -> None:
        if not len(self.vectors) == len(self.targets) == len(self.groups):
            raise ValueError("vectors, targets and groups must have one row per sample")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a SKU may stand in only one class row")
        if self.layout and sum(block.width for block in self.layout) != self.vectors.shape[1]:
            raise ValueError(f"the blocks {self.layout} do not add up to {self.vectors.shape[1]} columns")
        if any(flags is not None and len(flags) != len(self.targets) for flags in (self.views, self.catalogue)):
            raise ValueError("views and catalogue must have one row per sample")

    def __len__(self) -> int:
        return len(self.targets)

    @classmethod
    def from_labels(
        cls,
        vectors: Vectors,
        skus: Sequence[str],
        groups: Sequence[str],
        layout: tuple[Block, ...] = (),
        views: Sequence[bool] = (),
        catalogue: Sequence[bool] = (),
    ) -> Self:
        """Samples whose class rows are the sorted SKUs, so that they do not depend on the order of the photos."""
        classes, targets = np.unique(np.asarray(skus, dtype=object), return_inverse=True)
        _, group_rows = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
        return cls(
            vectors=np.ascontiguousarray(vectors, dtype=np.float32),
            targets=targets.astype(np.int64),
            groups=group_rows.astype(np.int64),
            classes=tuple(str(sku) for sku in classes),
            layout=layout,
            views=_flags(views),
            catalogue=_flags(catalogue),
        )

    @property
    def photos(self) -> Flags:
        """[n] which are photos that somebody took."""
        return np.ones(len(self), dtype=np.bool_) if self.views is None else ~self.views

    @property
    def by_camera(self) -> Flags:
        """[n] which are photos that a camera took, as those that a recogniser will be asked about."""
        return self.photos if self.catalogue is None else self.photos & ~self.catalogue

    @property
    def asked(self) -> Flags:
        """[n] which are evidence: photos of products that are not on their first day, whose prototypes are no guess."""
        return self.photos & ~self.on_first_day()[self.targets]

    def take(self, chosen: NDArray[np.bool_] | Rows) -> "Samples":
        """The chosen samples; the class rows stay as they are, even those that become empty."""
        return replace(
            self,
            vectors=self.vectors[chosen],
            targets=self.targets[chosen],
            groups=self.groups[chosen],
            views=None if self.views is None else self.views[chosen],
            catalogue=None if self.catalogue is None else self.catalogue[chosen],
        )

    def of_classes(self, chosen: Rows) -> "Samples":
        """The samples of the chosen class rows alone, which are numbered anew in that order."""
        row_of = np.full(len(self.classes), -1, dtype=np.int64)
        row_of[chosen] = np.arange(len(chosen))
        kept = row_of[self.targets] >= 0
        classes = tuple(self.classes[row] for row in chosen.tolist())
        return replace(self.take(kept), targets=row_of[self.targets[kept]], classes=classes)

    def counts(self) -> Rows:
        """[c] number of samples of each class row."""
        return np.bincount(self.targets, minlength=len(self.classes)).astype(np.int64)

    def camera_counts(self) -> Rows:
        """[c] number of camera photos of each class row."""
        return np.bincount(self.targets[self.by_camera], minlength=len(self.classes)).astype(np.int64)

    def on_first_day(self) -> Flags:
        """[c] class rows with catalogue photos alone; none where too few others have both kinds to predict from."""
        counts, cameras = self.counts(), self.camera_counts()
        if ((counts > cameras) & (cameras > 0)).sum() < _FEWEST:
            return np.zeros(len(counts), dtype=np.bool_)
        return np.asarray((counts > 0) & (cameras == 0), dtype=np.bool_)


def _flags(found: Sequence[bool]) -> Flags | None:
    return np.array(found, dtype=np.bool_) if any(found) else None
