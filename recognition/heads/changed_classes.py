"""Heads of a catalogue that has changed, without training: classes come and go, what was learned stays.

What training learns of all classes together (metric, coarse head, the spread of products, every threshold) says
nothing that a few more classes would change. What it knows of one class is three rows: a prototype, a superclass, and
where the product lies. Those of a new class follow from its photos: the prototype is their mean where photos are
compared, which is also what a learned head starts from, and is predicted where all of them are the catalogue's.

Source: Qi, Brown, Lowe, "Low-Shot Learning with Imprinted Weights", CVPR 2018.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from recognition.heads.first_day import clean_means
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Samples
from recognition.heads.scoring import Heads, scan_prototypes
from recognition.vocabulary import Tier


def changed_heads(heads: Heads, added: Samples, gone: Collection[str] = ()) -> Heads:
    """The heads with further classes, and without some that they have; rows that stay keep their order.

    A new class joins the superclass of the nearest class that was trained, as it does where superclasses are kept. It
    is of the gallery: nothing was trained for it, however many photos it has.

    Args:
        heads: as they were trained.
        added: the photos of the classes to add; those without a photo are left out.
        gone: SKUs to leave out; those that the heads do not know are passed over.

    Raises:
        ValueError: a class to add is there already, or no class would be left.
    """
    there = set(heads.classes) - set(gone)
    if there & set(added.classes):
        raise ValueError(f"{sorted(there & set(added.classes))[:3]} cannot be added: the heads have these classes")
    kept = np.array([row for row, sku in enumerate(heads.classes) if sku in there], dtype=np.int64)
    added = added.of_classes(np.flatnonzero(added.counts() > 0))
    if not len(kept) + len(added.classes):
        raise ValueError("heads of no class answer nothing: nothing may be left out where nothing would be left")
    return _with(_only(heads, kept), added, heads) if len(added.classes) else _only(heads, kept)


def _only(heads: Heads, kept: Rows) -> Heads:
    return replace(
        heads,
        classes=_picked(heads.classes, kept),
        tiers=tuple(heads.tiers[row] for row in kept.tolist()),
        prototypes=heads.prototypes[kept],
        superclass_of=heads.superclass_of[kept],
        likelihood=replace(
            heads.likelihood, products=heads.likelihood.products[kept], counts=heads.likelihood.counts[kept]
        ),
    )


def _with(heads: Heads, added: Samples, trained: Heads) -> Heads:
    whitened, count = heads.metric.whiten(added.vectors), len(added.classes)
    prototypes = class_prototypes(heads.metric.refine(whitened), added.targets, count)
    if heads.first_day is not None:
        means, has_clean = clean_means(added, heads.metric)
        alone = has_clean & (added.camera_counts() == 0)
        prototypes[alone] = heads.first_day.prototypes(means[alone])
    nearest, _ = scan_prototypes(trained.prototypes)(prototypes, 1)
    return replace(
        heads,
        classes=heads.classes + added.classes,
        tiers=heads.tiers + (Tier.GALLERY,) * count,
        prototypes=np.concatenate([heads.prototypes, prototypes]),
        superclass_of=np.concatenate([heads.superclass_of, trained.superclass_of[nearest[:, 0]]]),
        likelihood=heads.likelihood.knowing(whitened, added.targets, count, added.photos),
    )


def _picked(skus: Sequence[str], rows: Rows) -> tuple[str, ...]:
    return tuple(skus[row] for row in rows.tolist())
