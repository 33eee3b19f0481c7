"""The 90/10 split: by near-duplicate group, the same share of every class, and for ever."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from recognition.vocabulary import Part

_KEY = b"skuloop split 1"  # another key is another split: releases before and after could not be compared


def assign_parts(
    groups: Mapping[str, str],
    members: Mapping[str, Sequence[str]],
    existing: Mapping[str, Part],
    holdout_share: float = 0.1,
    minimum_to_hold_out: int = 5,
) -> dict[str, Part]:
    """Put every photo on one side of the split, whole groups at a time.

    A photo keeps its part for ever, so that two releases are measured on the same photos. There is one exception: when
    a new photo turns out to connect a held-out group with a trained one, all of it is TRAIN, because a leak is worse
    than a smaller holdout. New groups fill each class up to its share of held-out groups, chosen by a keyed hash of the
    group's name: neither order nor a random state has a say.

    Args:
        groups: near-duplicate group -> SKU. A group whose photos carry several SKUs goes under any one of them: it must
            not be divided, since it is the pixels that leak.
        members: near-duplicate group -> sha256 of its photos, for the same groups.
        existing: the parts that were given before; photos that are in no group now are ignored.
        holdout_share: share of each class's groups to hold out, at least 0 and below 1.
        minimum_to_hold_out: groups below which a class is not split and wholly TRAIN.

    Returns:
        The part of each photo in `members`.
    """
    _check(groups, members, holdout_share)
    parts = {group: _part_before(photos, existing) for group, photos in members.items()}
    groups_of_sku: defaultdict[str, list[str]] = defaultdict(list)
    for group, sku in groups.items():
        groups_of_sku[sku].append(group)
    for of_sku in groups_of_sku.values():
        held_out = sum(parts[group] is Part.HOLDOUT for group in of_sku)
        wanted = _groups_to_hold_out(len(of_sku), holdout_share, minimum_to_hold_out) - held_out
        fresh = sorted((group for group in of_sku if parts[group] is None), key=_rank)
        for place, group in enumerate(fresh):
            parts[group] = Part.HOLDOUT if place < wanted else Part.TRAIN
    return {sha256: part for group, part in parts.items() if part is not None for sha256 in members[group]}


def changed_parts(
    skus: Mapping[str, str], groups: Mapping[str, str], existing: Mapping[str, Part], holdout_share: float = 0.1
) -> dict[str, Part]:
    """Return the parts that are not yet as `assign_parts` has them: it is asked about classes with anything new alone.

    Args:
        skus: sha256 -> SKU of each photo that has one.
        groups: sha256 -> near-duplicate group, of these photos at least. A group goes under the SKU of that of its
            photos which is first by sha256.
        existing: the parts that were given before.
        holdout_share: as in `assign_parts`.
    """
    first, part_of, open_groups = dict[str, str](), dict[str, Part | None](), set[str]()
    for sha256 in skus:
        group, part = groups[sha256], existing.get(sha256)
        if group not in first:
            first[group], part_of[group] = sha256, part
        elif sha256 < first[group]:
            first[group] = sha256
        if part is None or part is not part_of[group]:
            open_groups.add(group)
    open_skus = {skus[first[group]] for group in open_groups}
    sku_of = {group: sku for group, sha256 in first.items() if (sku := skus[sha256]) in open_skus}
    members: defaultdict[str, list[str]] = defaultdict(list)
    for sha256 in skus if sku_of else ():
        if groups[sha256] in sku_of:
            members[groups[sha256]].append(sha256)
    found = assign_parts(sku_of, members, existing, holdout_share)
    return {sha256: part for sha256, part in found.items() if existing.get(sha256) is not part}


def _part_before(photos: Sequence[str], existing: Mapping[str, Part]) -> Part | None:
    """Return the part that a group must keep; None when all its photos are new."""
    before = {existing[sha256] for sha256 in photos if sha256 in existing}
    if Part.TRAIN in before:
        return Part.TRAIN
    return Part.HOLDOUT if before else None


def _groups_to_hold_out(n: int, share: float, minimum: int) -> int:
    """Return how many of n groups to hold out: the share, rounded, at least one and never all."""
    if n < minimum or share == 0:
        return 0
    return min(max(math.floor(share * n + 0.5), 1), n - 1)


def _rank(group: str) -> bytes:
    return blake2b(group.encode(), key=_KEY, digest_size=16).digest()


def _check(groups: Mapping[str, str], members: Mapping[str, Sequence[str]], holdout_share: float) -> None:
    if not 0 <= holdout_share < 1:
        raise ValueError(f"holdout_share must be at least 0 and below 1, not {holdout_share}.")
    if groups.keys() != members.keys():
        raise ValueError(f"Every group needs a SKU and members: {sorted(groups.keys() ^ members.keys())[:3]} lack one.")
    photos = [sha256 for of_group in members.values() for sha256 in of_group]
    if len(photos) != len(set(photos)):
        raise ValueError("A photo is listed in two groups: group them anew with near_duplicate_groups.")
