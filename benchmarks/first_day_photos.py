"""What is known of cart-parts on a new product's first day: camera photos of the others, clean photos of all."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from benchmarks.parts_photos import CLEAN, TEACHING, TEST, Part, catalogue_photos, photos
from benchmarks.parts_vectors import layout, vectors, view_vectors
from recognition.encoders import EncoderSpec
from recognition.encoders.protocol import Vectors
from recognition.heads.samples import Rows, Samples

NEW, ASKED = 100, range(20)
VIEWS = 6  # of each clean photo


@dataclass(frozen=True)
class Day:
    """The first day of the last `NEW` parts, which have clean photos alone; class rows are the places of the parts.

    Attributes:
        spec: what sees the photos.
        parts: all classes.
        teaching: numbers of the camera photos that teach the others.
        asked: numbers of the camera photos that the others are asked about.
    """

    spec: EncoderSpec
    parts: tuple[Part, ...]
    teaching: range = TEACHING
    asked: range = TEST

    @property
    def others(self) -> int:
        """How many classes have camera photos: those of the rows before the new ones."""
        return len(self.parts) - NEW

    @property
    def rehearsal(self) -> "Day":
        """A day among the others alone and their teaching photos, for what must be chosen."""
        kept = len(TEACHING) - len(TEST)
        return Day(self.spec, self.parts[:-NEW], TEACHING[:kept], TEACHING[kept:])

    def clean(self, count: int) -> Vectors:
        """[c * count, d] the first clean photos of all classes."""
        width = self._clean.shape[1]
        return self._clean.reshape(len(self.parts), len(CLEAN), width)[:, :count].reshape(-1, width)

    def taught(self, count: int, *, views: bool = False) -> Samples:
        """Camera photos of the others and so many clean photos of the new, with their views or without."""
        clean = self.clean(count)[self.others * count :]
        targets = np.concatenate([rows_of(self.others, len(self.teaching)), self._new_rows(count)])
        groups = np.arange(len(targets))
        skus = tuple(part.sku for part in self.parts)
        found = Samples(np.concatenate([self.camera, clean]), targets, groups, skus, layout(self.spec))
        return self._with_views(found, count) if views else found

    def known(self, count: int) -> Samples:
        """All that a store knows: camera photos of the others, and so many clean photos of every product."""
        clean, skus = self.clean(count), tuple(part.sku for part in self.parts)
        targets = np.concatenate([rows_of(self.others, len(self.teaching)), rows_of(len(self.parts), count)])
        return Samples(
            vectors=np.concatenate([self.camera, clean]),
            targets=targets,
            groups=np.arange(len(targets)),
            classes=skus,
            layout=layout(self.spec),
            catalogue=np.arange(len(targets)) >= len(self.camera),
        )

    def camera_alone(self) -> Samples:
        """Camera photos of the others, among whom no class is new."""
        skus = tuple(part.sku for part in self.parts[: self.others])
        targets = rows_of(self.others, len(self.teaching))
        return Samples(self.camera, targets, np.arange(len(targets)), skus, layout(self.spec))

    @cached_property
    def camera(self) -> Vectors:
        """[others * teaching, d] camera photos that teach."""
        return vectors(self.spec, photos(self.parts[: self.others], self.teaching))

    @cached_property
    def asked_of_new(self) -> Vectors:
        """[new * 20, d] camera photos of the new."""
        return vectors(self.spec, photos(self.parts[self.others :], ASKED))

    @cached_property
    def asked_of_others(self) -> Vectors:
        """[others * asked, d] camera photos of the others that did not teach."""
        return vectors(self.spec, photos(self.parts[: self.others], self.asked))

    def accuracy(self, new: Rows, others: Rows) -> dict[str, float | str]:
        """Top-1 of the class rows that were named for what is asked of either."""
        return {
            "new": float((new == self._new_rows(len(ASKED))).mean()),
            "others": float((others == rows_of(self.others, len(self.asked))).mean()),
        }

    @cached_property
    def _clean(self) -> Vectors:
        return vectors(self.spec, catalogue_photos(self.parts))

    @cached_property
    def _views(self) -> Vectors:
        return view_vectors(self.spec, catalogue_photos(self.parts[self.others :]), range(VIEWS))

    def _new_rows(self, each: int) -> Rows:
        return rows_of(NEW, each) + self.others

    def _with_views(self, taught: Samples, count: int) -> Samples:
        """Each view is in the group of its photo; it teaches, and is no photo."""
        width = taught.vectors.shape[1]
        drawn = self._views.reshape(NEW, len(CLEAN), VIEWS, width)[:, :count].reshape(-1, width)
        of_photo = np.repeat(np.arange(len(taught) - NEW * count, len(taught)), VIEWS)
        return replace(
            taught,
            vectors=np.concatenate([taught.vectors, drawn]),
            targets=np.concatenate([taught.targets, taught.targets[of_photo]]),
            groups=np.concatenate([taught.groups, taught.groups[of_photo]]),
            views=np.arange(len(taught) + len(drawn)) >= len(taught),
        )


def rows_of(classes: int, each: int) -> Rows:
    """[classes * each] class rows, class by class."""
    return np.repeat(np.arange(classes, dtype=np.int64), each)
